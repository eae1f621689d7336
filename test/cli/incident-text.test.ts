import type { IncidentRow } from "../../src/core/incident/incident-row.ts";
import { expect, test } from "vitest";
import { incidentLines, incidentText } from "../../cli/incidents/incident-text.ts";

const PLAIN = { color: false, columns: undefined };

const weakened: IncidentRow = {
  IncidentId: "9f8e7d",
  IncidentTitle: "Changes to PIM Settings",
  Priority: "P1",
  Severity: "High",
  Effect: "weakens",
  Assessment: "MFA on activation and approval switched off for Global Administrator",
  ActivityDateTime: "2026-03-04T09:12:41.7904180Z",
  RoleName: "Global Administrator",
  TargetResourceName: "Global Administrator",
  ResultReason:
    "Setting changes in this session: Maximum activation duration updated to 1.00:00:00. MFA on activation requirement disabled. Approval disabled.",
  Result: "success",
  InitiatedBy: "alex.rivera@fabrikam.example",
  InitiatedByType: "User",
  InitiatedByIpAddress: "",
  ClientIpAddress: "203.0.113.24",
  AuditLogId: "PIM_1f2e_aaaa_1343",
};

test("an incident reads as when, severity, role, what changed, who, from where", () => {
  expect(incidentText(weakened, PLAIN)).toBe(
    [
      "2026-03-04 09:12:41Z  P1  High      Changes to PIM Settings: Global Administrator",
      "    changed   Maximum activation duration updated to 1.00:00:00",
      "              MFA on activation requirement disabled",
      "              Approval disabled",
      "    means     weakens: MFA on activation and approval switched off for Global Administrator",
      "    by        alex.rivera@fabrikam.example",
      "    from      203.0.113.24 (from the event's details; the rule's own column is empty)",
      "    result    success",
      "    record    PIM_1f2e_aaaa_1343",
      "    incident  9f8e7d",
      "",
    ].join("\n"),
  );
});

test("an event without any detail is shown with a note for each missing one", () => {
  expect(incidentText({ ResultReason: null, EventCount: 1, Effect: "unknown" }, PLAIN)).toBe(
    [
      "(no time)                : (no target)",
      "    changed   (the event does not say what changed)",
      "    means     direction unknown",
      "    by        (nobody named)",
      "    from      (no address)",
      "    result    (none given)",
      "    record    (no id)",
      "    incident  ",
      "",
    ].join("\n"),
  );
});

test("an incident about anything but PIM settings shows a reason, and its target only once", () => {
  const assigned = {
    ...weakened,
    IncidentTitle: "Role assigned outside of PIM: Global Administrator to Émile Fournier",
    Effect: "",
    ResultReason: "Monthly report",
  };

  expect(incidentText(assigned, PLAIN).split("\n").slice(0, 3)).toEqual([
    "2026-03-04 09:12:41Z  P1  High      Role assigned outside of PIM: Global Administrator to Émile Fournier",
    "    reason    Monthly report",
    "    by        alex.rivera@fabrikam.example",
  ]);
  expect(incidentText({ ...assigned, ResultReason: "" }, PLAIN)).not.toContain("reason");
});

test("what to know about the identities stands below the actor, in lists too", () => {
  const noted = { ...weakened, IdentityNotes: ["The actor is an agent identity of blueprint b-1."] };
  const expected = "    note      The actor is an agent identity of blueprint b-1.";
  expect(incidentText(noted, PLAIN).split("\n")).toContain(expected);
  expect(incidentLines(noted, PLAIN).split("\n")).toContain(expected);
});

test("hostile names cannot break lines, change the writing direction or color the terminal", () => {
  const text = incidentText(
    {
      ...weakened,
      InitiatedBy: "\u001b[31mroot\r\nfrom 192.0.2.1\u202etxt\u200b",
      TargetResourceName: "",
      RoleName: "\u2066x\ud800\u00ad",
    },
    PLAIN,
  );

  expect(text.split("\n")).toEqual(
    expect.arrayContaining([
      "2026-03-04 09:12:41Z  P1  High      Changes to PIM Settings: \\u{2066}x\\u{d800}\\u{ad}",
      "    by        \\u{1b}[31mroot\\u{d}\\u{a}from 192.0.2.1\\u{202e}txt\\u{200b}",
    ]),
  );
});

test("the priority is colored, and only on request", () => {
  expect(incidentText(weakened, { color: true, columns: undefined }).split("\n")[0]).toBe(
    "2026-03-04 09:12:41Z  \u001b[1;31mP1\u001b[0m  High      Changes to PIM Settings: Global Administrator",
  );
});

test("very long texts are cut, and say how much is missing", () => {
  expect(incidentText({ ...weakened, ResultReason: "x".repeat(2_100) }, PLAIN)).toContain(
    `${"x".repeat(2_000)} … (100 more)\n`,
  );
});

test.each([
  { case: "the same in both", InitiatedByIpAddress: "192.0.2.1", ClientIpAddress: "192.0.2.1", from: "192.0.2.1" },
  { case: "mapped only", InitiatedByIpAddress: "192.0.2.1", ClientIpAddress: "", from: "192.0.2.1" },
  {
    case: "different",
    InitiatedByIpAddress: "192.0.2.1",
    ClientIpAddress: "192.0.2.2",
    from: "192.0.2.2 (from the event's details; the rule's own column says 192.0.2.1)",
  },
])("the address is shown: $case", ({ InitiatedByIpAddress, ClientIpAddress, from }) => {
  const text = incidentText({ ...weakened, InitiatedByIpAddress, ClientIpAddress }, PLAIN);

  expect(text).toContain(`    from      ${from}\n`);
});

test("an application is marked as one", () => {
  const byApp = { ...weakened, InitiatedBy: "pim-automation", InitiatedByType: "Application" };

  expect(incidentText(byApp, PLAIN)).toContain("    by        pim-automation (application)\n");
});

test.each([
  { RoleName: "Member", TargetResourceName: "sg-admins", shown: "Member of sg-admins" },
  { RoleName: "", TargetResourceName: "sg-admins", shown: "sg-admins" },
  { RoleName: "Owner", TargetResourceName: "", shown: "Owner" },
])("the target is shown as $shown", ({ RoleName, TargetResourceName, shown }) => {
  expect(incidentText({ ...weakened, RoleName, TargetResourceName }, PLAIN)).toContain(`Settings: ${shown}\n`);
});

test("an incident of a burst says how many incidents the burst has", () => {
  const one = { ...weakened, BurstId: "2026-03-04T09Z-0123456789abcdef" };
  expect(incidentText(one, PLAIN, 3)).toContain("    burst     3 incidents by this actor from 09:00 to 10:00 UTC\n");
  expect(incidentText(one, PLAIN, 1)).not.toContain("burst");
});

test.each([60, 80, 120, 200])("on a terminal of %i columns no line is longer, and the times stay whole", (columns) => {
  for (const color of [false, true]) {
    const lines = incidentText(weakened, { color, columns })
      // oxlint-disable-next-line no-control-regex -- the escapes of our own colors
      .replaceAll(/\u001b\[[\d;]*m/g, "")
      .split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    expect(lines[0]).toMatch(/^2026-03-04 09:12:41Z {2}P1 {2}High/);
    expect(lines.filter((line) => line !== "" && !/^(2026| {4})/.test(line))).toEqual([]);
  }
});
