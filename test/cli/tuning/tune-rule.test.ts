import * as fc from "fast-check";
import { expect, test } from "vitest";
import { tuneRule, type Tuning } from "../../../cli/tuning/tune-rule.ts";
import { UsageError } from "../../../src/errors.ts";
import { CLASSIFICATIONS, pastIncident, type Past, tunedRule } from "./closed-incidents.ts";

const today = new Date("2026-11-30T12:00:00Z");
const rule = tunedRule();

function tuned(past: readonly Omit<Past, "number">[], overlay?: string): Tuning {
  const stored = past.map((one, number) => pastIncident({ number, ...one }, rule));
  return tuneRule(overlay === undefined ? rule : tunedRule(overlay), stored, { today });
}

const conditionsIn = ({ proposals }: Tuning): string[] => proposals.map(({ exclusion }) => exclusion.condition);
const numbersOf = (found: Tuning["proposals"][number]["removed"]): unknown[] =>
  found.map(({ incident }) => incident["AuditLogId"]);

function isFound(past: Past, by: typeof rule): boolean {
  try {
    return pastIncident(past, by).row["AuditLogId"] === `past-${past.number}`;
  } catch {
    return false;
  }
}

const benign = { called: "FalsePositive" } as const;

test("the shortest condition on most of the benign incidents is proposed, with its reason and what it removes", () => {
  const tuning = tuned([
    { ...benign, actor: "robot" },
    { called: "TruePositive", actor: "alex" },
    { called: "BenignPositive", actor: "robot", address: "192.0.2.8" },
  ]);

  expect(tuning.counts).toEqual({ benign: 2, true: 1, undetermined: 0, open: 0 });
  expect(tuning.proposals[0]).toMatchObject({
    exclusion: {
      condition: 'InitiatingAadUserId == "id-of-robot"',
      because:
        "2 incidents on 2026-11-01, closed as BenignPositive or FalsePositive; proposed by pimwatch tune on 2026-11-30, review by 2027-05-29",
    },
    remaining: 1,
    cautions: [expect.stringContaining("It names only a person")],
  });
  expect(numbersOf(tuning.proposals[0]?.removed ?? [])).toEqual(["past-0", "past-2"]);
});

test("what would hide a true positive is refused by name, and a narrower condition is proposed", () => {
  const tuning = tuned([
    { ...benign, role: "Reports Reader" },
    { ...benign, role: "Reports Reader" },
    { called: "TruePositive", role: "Global Administrator" },
    { ...benign, role: "Global Administrator" },
  ]);

  expect(conditionsIn(tuning)[0]).toBe('InitiatingAadUserId == "id-of-alex" and RoleName == "Reports Reader"');
  expect(tuning.refused[0]?.condition).toBe('InitiatingAadUserId == "id-of-alex"');
  expect(numbersOf(tuning.refused[0]?.truePositives ?? [])).toEqual(["past-2"]);
});

test("of conditions on the same incidents, the one that spares open ones wins; others name the open ones", () => {
  const tuning = tuned([
    { ...benign, address: "192.0.2.1" },
    { ...benign, address: "192.0.2.1" },
    { called: "open", address: "192.0.2.2" },
    { called: "Undetermined", address: "192.0.2.2" },
  ]);
  expect(conditionsIn(tuning)[0]).toContain('InitiatingIPAddress == "192.0.2.1"');
  expect(tuning.proposals[0]?.removed).toHaveLength(2);

  const all = tuned([benign, benign, { called: "open" }, { called: "Undetermined" }]);
  expect(all.proposals[0]?.cautions).toEqual(
    expect.arrayContaining([
      "It would also have removed 1 open incident: close them first",
      "It would also have removed 1 incident whose classification is Undetermined",
      "It would have removed all incidents of the rule",
    ]),
  );
});

test("an exclusion of nothing but a privileged person names the role, and comes with a narrower one", () => {
  const tuning = tuned([
    { ...benign, role: "Global Administrator" },
    { ...benign, role: "Global Administrator" },
    { called: "TruePositive", actor: "sam", role: "Global Administrator" },
  ]);
  const [person, narrower] = tuning.proposals;
  expect(person?.exclusion.condition).toBe('InitiatingAadUserId == "id-of-alex"');
  expect(person?.cautions).toEqual([expect.stringContaining("This person has changed Global Administrator")]);
  expect(narrower?.exclusion.condition).toBe(
    'InitiatingAadUserId == "id-of-alex" and RoleName == "Global Administrator"',
  );
  expect(narrower?.cautions).toEqual([]);
});

test.each([
  { why: "no incidents", past: [] },
  { why: "one benign incident", past: [benign, { ...benign, actor: "sam", address: "192.0.2.9", role: "Other" }] },
  { why: "nothing but true positives", past: [{ called: "TruePositive" as const }] },
])("$why: no proposal", ({ past }) => {
  expect(tuned(past).proposals).toEqual([]);
});

test("incidents that the overlay excludes already are not counted, and its other exclusions stay", () => {
  const overlay = 'exclude:\n  - InitiatingAadUserId == "id-of-robot"\n';
  const tuning = tuned([{ ...benign, actor: "robot" }, benign, benign], overlay);
  expect(tuning).toMatchObject({ notFound: 1, counts: { benign: 2 } });
  expect(tuning.proposals[0]?.overlay).toBe(`${overlay}${tuning.proposals[0]?.yaml.replace("exclude:\n", "")}`);
});

test("a person's own condition is tried: refused if it hides a true positive, and an error if it does not compile", () => {
  const stored = [
    pastIncident({ number: 0, ...benign }),
    pastIncident({ number: 1, called: "TruePositive", actor: "sam" }),
  ];
  const tried = (when: string): Tuning => tuneRule(rule, stored, { when, today });

  expect(tried('InitiatingIPAddress startswith "192"')).toMatchObject({
    proposals: [],
    refused: [{ truePositives: [{}] }],
  });
  expect(tried('InitiatingUserPrincipalName =~ "ALEX@fabrikam.example"').proposals[0]?.removed).toHaveLength(1);
  expect(tried('RoleName == "x"').proposals[0]?.cautions).toEqual(["It would have removed no incident"]);
  expect(() => tried("NoColumn == 1")).toThrow(UsageError);
});

test("a proposal never hides a true positive, and the compiled overlay removes exactly what is listed", () => {
  const past = fc.record({
    actor: fc.constantFrom("alex", "Sam", 'O"Neil'),
    address: fc.constantFrom("192.0.2.1", "192.0.2.2"),
    role: fc.constantFrom("Reports Reader", "Global Administrator"),
    operation: fc.constantFrom("Update role", "Remove role"),
    called: fc.constantFrom(...CLASSIFICATIONS),
  });
  fc.assert(
    fc.property(fc.array(past, { minLength: 2, maxLength: 12 }), (incidents) => {
      const { proposals, refused, counts } = tuned(incidents);
      for (const { overlay, removed, remaining } of proposals) {
        expect(removed.filter(({ verdict }) => verdict === "true")).toEqual([]);
        expect(removed.filter(({ verdict }) => verdict === "benign").length).toBeGreaterThanOrEqual(2);
        expect(remaining + removed.length).toBe(incidents.length);
        // The rule with that overlay no longer finds them, and finds all the others.
        const excluding = tunedRule(overlay);
        const stored = incidents.map((one, number) => pastIncident({ ...one, number }, rule));
        expect(tuneRule(excluding, stored, { today }).notFound).toBe(removed.length);
        const gone = incidents.flatMap((one, number) =>
          isFound({ ...one, number }, excluding) ? [] : [`past-${number}`],
        );
        expect(gone).toEqual(numbersOf(removed));
      }
      for (const { truePositives } of refused) expect(truePositives.length).toBeGreaterThan(0);
      expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(incidents.length);
      expect(tuned(incidents).proposals.map(({ yaml }) => yaml)).toEqual(proposals.map(({ yaml }) => yaml));
    }),
    { numRuns: 25 },
  );
}, 120_000);
