import fc from "fast-check";
import { expect, test } from "vitest";
import { burstIdOf, burstWindow, isBurstId } from "../../../src/core/incident/burst.ts";

const activity = {
  operationName: "Update role setting in PIM",
  category: "RoleManagement",
  loggedByService: "PIM",
  result: "success",
  resultReason: "Approval disabled.",
  correlationId: "c",
  auditLogId: "PIM_1",
  tenantId: "aaaaaaaa-1111-4222-8333-444444444444",
  tenantName: "",
};
const user = {
  type: "User" as const,
  label: "alex.rivera@fabrikam.example",
  userPrincipalName: "alex.rivera@fabrikam.example",
  userId: "0b1c2d3e-4f50-4617-8283-94a5b6c7d8e9",
  userDisplayName: "Alex Rivera",
  appName: "",
  appId: "",
  servicePrincipalId: "",
  agent: { agentType: "", blueprintId: "" },
};
const unknown = { ...user, type: "Unknown" as const, label: "unknown", userPrincipalName: "", userId: "" };
const idAt = (activityDateTime: string, actor: Parameters<typeof burstIdOf>[0]["actor"] = user) =>
  burstIdOf({ activity, actor, activityDateTime });

test("the id contains the hour, and is the same for everything one actor did in it", () => {
  const id = idAt("2026-03-04T09:12:41.7904180Z");
  expect(id).toMatch(/^2026-03-04T09Z-[0-9a-f]{16}$/);
  expect(idAt("2026-03-04T09:59:59.9999999Z", { ...user, label: "renamed" })).toBe(id);
});

test.each([
  { why: "another hour", id: idAt("2026-03-04T10:00:00.0000000Z") },
  { why: "another actor", id: idAt("2026-03-04T09:12:41.7904180Z", { ...user, userId: "another" }) },
  {
    why: "another tenant",
    id: burstIdOf({
      activity: { ...activity, tenantId: "other" },
      actor: user,
      activityDateTime: "2026-03-04T09:12:41.7904180Z",
    }),
  },
])("$why is another burst", ({ id }) => {
  expect(isBurstId(id)).toBe(true);
  expect(id).not.toBe(idAt("2026-03-04T09:12:41.7904180Z"));
});

test.each([
  { why: "no actor is named", id: idAt("2026-03-04T09:12:41.7904180Z", unknown) },
  { why: "the record has no time", id: idAt("1970-01-01T00:00:00.0000000Z") },
  { why: "the time cannot be read", id: idAt("yesterday") },
])("there is no burst if $why", ({ id }) => {
  expect(id).toBe("");
});

test("a name is enough for an actor without an id", () => {
  const named = { ...user, userId: "", userPrincipalName: "" };
  expect(idAt("2026-03-04T09:12:41.7904180Z", named)).toMatch(/^2026-03-04T09Z-/);
});

// One person in several spellings: https://github.com/Azure/Azure-Sentinel/pull/8254
test.each([
  { spelled: "an object id in upper case", id: { userId: user.userId.toUpperCase() } },
  { spelled: "an object id between blanks", id: { userId: ` ${user.userId}\u00a0` } },
  { spelled: "another case of the principal name", id: { label: "Alex.Rivera@Fabrikam.example" } },
])("$spelled is the same burst", ({ id }) => {
  expect(idAt("2026-03-04T09:12:41.7904180Z", { ...user, ...id })).toBe(idAt("2026-03-04T09:12:41.7904180Z"));
});

test("principal names that differ in case are one actor if there is no id", () => {
  const named = { ...user, userId: " " };
  const inUpperCase = { ...named, label: user.label.toUpperCase() };
  expect(idAt("2026-03-04T09:12:41.7904180Z", inUpperCase)).toBe(idAt("2026-03-04T09:12:41.7904180Z", named));
});

test("an incident that an older version stored under a lower-case id keeps its burst", () => {
  expect(idAt("2026-03-04T09:12:41.7904180Z")).toBe("2026-03-04T09Z-a0850c82ff5410ad");
});

test("the window of a burst contains its incidents, for any records in any order", () => {
  const time = fc.date({ noInvalidDate: true, min: new Date("1980-01-01"), max: new Date("9999-12-31") });
  fc.assert(
    fc.property(fc.array(fc.record({ time, who: fc.string() })), (events) => {
      const idOf = ({ time: at, who }: (typeof events)[number]) => idAt(at.toISOString(), { ...user, userId: who });
      const ids = new Map(events.map((event) => [event, idOf(event)]));
      for (const event of events.toReversed()) {
        expect(idOf(event)).toBe(ids.get(event));
        const { from, to } = burstWindow(idOf(event));
        expect(event.time >= from && event.time < to).toBe(true);
      }
    }),
  );
});

test.each(["", "x", "2026-13-04T09Z-0123456789abcdef", "2026-03-04T25Z-0123456789abcdef", "' or 1 eq 1"])(
  "%j is no id of a burst",
  (text) => expect(isBurstId(text)).toBe(false),
);
