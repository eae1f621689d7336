import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Evaluations,
  type RuleVersion,
  ruleSetHash,
  ruleSetOf,
  type UsedRuleSet,
} from "../../../src/core/ledger/evaluations.ts";
import type { PartitionEvaluation, PartitionStatus } from "../../../src/core/ledger/partition-ledger.ts";
import {
  blamedRules,
  MOST_LETTERS,
  proofOfSilence,
  type SilenceSources,
} from "../../../src/core/ledger/proof-of-silence.ts";
import { CHANGES_TO_PIM_SETTINGS } from "../../shipped-rule.ts";
import { evaluationOf, partitionStatus } from "../../partition-status.ts";

const NOON = Date.UTC(2026, 2, 4, 12);
const MINUTE = 60_000;
const at = (minutes: number): string => new Date(NOON + minutes * MINUTE).toISOString();

const RULE: RuleVersion = { id: "a", name: "A", version: "1.0.0", plan: "p1" };
const OTHER: RuleVersion = { id: "b", name: "B", version: "2.0.0", plan: "q1" };

/** A set that was used between two minutes after noon. */
function used(from: number, until: number, more: Partial<UsedRuleSet> = {}): UsedRuleSet {
  const times = { firstAt: NOON + from * MINUTE, lastAt: NOON + until * MINUTE };
  return { appVersion: "1.0.0", tenants: ["t"], rules: [RULE, OTHER], ...times, ...more };
}

function partition(id: string, evaluation: Partial<PartitionEvaluation> = {}, more: Partial<PartitionStatus> = {}) {
  const evaluated = evaluationOf(at(-60), at(59), evaluation);
  return partitionStatus({ partitionId: id, checkedAt: at(60), evaluation: evaluated, ...more });
}

function proof({
  sets = [used(0, 50)],
  forgottenAt,
  ...more
}: Partial<Omit<SilenceSources, "evaluations"> & Pick<Evaluations, "sets" | "forgottenAt">> = {}) {
  const evaluations: Evaluations = {
    sets,
    forgottenAt,
    delaysSince: undefined,
    occurredToHub: {},
    hubToStored: {},
  };
  const ruleSet = { appVersion: "1.0.0", tenants: ["t"], rules: [RULE, OTHER] };
  return proofOfSilence({ statuses: [partition("0")], sightings: [], letters: [], ruleSet, ...more, evaluations });
}

describe("through when events are evaluated", () => {
  test("is the earliest time of any partition", () => {
    const { evaluatedThrough } = proof({ statuses: [partition("0"), partition("1", { through: at(40) })] });
    expect(evaluatedThrough).toBe(at(40));
  });

  test.each<{ why: string; statuses: PartitionStatus[] }>([
    { why: "no partition was checked", statuses: [] },
    { why: "one does not say it", statuses: [partition("0"), partition("1", { through: undefined })] },
    {
      why: "one was only checked by an older version",
      statuses: [partition("0"), { ...partition("1"), evaluation: undefined }],
    },
  ])("is unknown if $why", ({ statuses }) => {
    expect(proof({ statuses })).toMatchObject({ evaluatedThrough: undefined, completeThrough: undefined });
    expect(proof().evaluatedThrough).toBe(at(59)); // the control
  });

  test("stays what it was while the hub cannot be reached", () => {
    const unreachable = { ...partition("hub"), checkedAt: "", evaluation: undefined };
    expect(proof({ statuses: [partition("0"), unreachable] }).evaluatedThrough).toBe(at(59));
  });

  test("without exception never passes the oldest event that is not finished", () => {
    const anyPartition = fc.record({ through: fc.nat(59), openEvents: fc.nat(2), oldest: fc.nat(59) });
    fc.assert(
      fc.property(fc.array(anyPartition, { minLength: 1, maxLength: 4 }), (all) => {
        const statuses = all.map(({ through, openEvents, oldest }, index) =>
          partition(
            String(index),
            { through: at(through), openEvents },
            { oldestUnfinishedAt: openEvents === 0 ? undefined : at(oldest) },
          ),
        );
        const { completeThrough = "", evaluatedThrough = "" } = proof({ statuses });
        expect(completeThrough <= evaluatedThrough).toBe(true);
        for (const { oldestUnfinishedAt = "~" } of statuses) expect(completeThrough <= oldestUnfinishedAt).toBe(true);
      }),
    );
  });

  test("names open and lost events with their partition", () => {
    const open = [{ first: 4, last: 6 }];
    const lost = [{ first: 1, last: 2, before: at(-30) }];
    const found = proof({ statuses: [partition("3", { openEvents: 3, open, lost }, { lostEvents: 2 })] });
    expect(found).toMatchObject({
      openEvents: 3,
      open: [{ partition: "3", first: 4, last: 6 }],
      lostEvents: 2,
      lost: [{ partition: "3", first: 1, last: 2, before: at(-30) }],
    });
  });
});

describe("since when a rule is evaluated", () => {
  const sinceOf = (sources: Parameters<typeof proof>[0]) => proof(sources).rules[0]?.since;

  test.each<{ why: string; sets: UsedRuleSet[]; since: string | undefined }>([
    { why: "nothing was evaluated yet", sets: [], since: undefined },
    { why: "its plan never changed", sets: [used(0, 50)], since: at(0) },
    { why: "only the app's version changed", sets: [used(0, 20), used(20, 50, { appVersion: "1.0.1" })], since: at(0) },
    {
      why: "its plan changed: two minutes after the other was last noted",
      sets: [used(0, 20, { rules: [{ ...RULE, plan: "p0" }] }), used(20, 50)],
      since: at(22),
    },
    {
      why: "an instance with the other version went on for a while",
      sets: [used(0, 35, { rules: [{ ...RULE, version: "0.9.0" }] }), used(20, 50)],
      since: at(37),
    },
    { why: "it did not run before", sets: [used(0, 20, { rules: [OTHER] }), used(20, 50)], since: at(22) },
    {
      why: "it went back to an earlier plan",
      sets: [used(0, 50), used(20, 30, { rules: [{ ...RULE, plan: "p2" }] })],
      since: at(32),
    },
  ])("$why", ({ sets, since }) => {
    expect(sinceOf({ sets })).toBe(since);
  });

  test("is not before the ledger expected events, nor before sets were forgotten", () => {
    expect(sinceOf({ statuses: [partition("0", { since: at(5) }), partition("1", { since: at(9) })] })).toBe(at(9));
    expect(sinceOf({ forgottenAt: NOON + 10 * MINUTE })).toBe(at(12));
  });

  test("an app that was updated shows both versions, and the plans of each rule", () => {
    const before = used(0, 20, { appVersion: "0.9.0", rules: [{ ...RULE, plan: "p0" }, OTHER] });
    const { app, rules } = proof({ sets: [before, used(20, 50)] });
    expect(app).toEqual([
      { version: "1.0.0", from: at(20), until: at(52) },
      { version: "0.9.0", from: at(0), until: at(22) },
    ]);
    expect(rules).toMatchObject([
      { id: "a", plan: "p1", since: at(22), earlier: [{ version: "1.0.0", plan: "p0", until: at(22) }] },
      { id: "b", plan: "q1", since: at(0), earlier: [] },
    ]);
  });

  test("at that time or later, no event was evaluated by a set without this version and plan", () => {
    const plans = fc.constantFrom("p0", "p1", "p2");
    const anySet = fc.record({ plan: plans, from: fc.nat(40), minutes: fc.nat(15) });
    fc.assert(
      fc.property(fc.array(anySet, { minLength: 1, maxLength: 6 }), (all) => {
        const sets = all.map(({ plan, from, minutes }) => used(from, from + minutes, { rules: [{ ...RULE, plan }] }));
        const since = Date.parse(sinceOf({ sets }) ?? "");
        for (const set of sets) {
          expect(since).toBeGreaterThanOrEqual(Math.min(...sets.map(({ firstAt }) => firstAt)));
          if (set.rules[0]?.plan !== "p1") expect(since).toBeGreaterThan(set.lastAt);
        }
      }),
    );
  });
});

test("a tenant counts from when it was allowed, and shows when a record of it was last read", () => {
  const sets = [used(0, 20, { tenants: [] }), used(20, 50)];
  const seen = (tenantId: string, category: string, ...minutes: number[]) => ({
    tenantId,
    category,
    expectedSince: undefined,
    minutes: minutes.map((minute) => NOON / MINUTE + minute),
  });
  const sightings = [seen("t", "AuditLogs", 10, 30), seen("t", "SignInLogs", 40), seen("u", "AuditLogs", 41)];
  expect(proof({ sets, sightings }).tenants).toEqual([{ id: "t", since: at(22), lastRecordAt: at(30) }]);
  expect(proof({ sightings: [seen("t", "AuditLogs")] }).tenants).toEqual([
    { id: "t", since: at(0), lastRecordAt: undefined },
  ]);
});

describe("dead letters", () => {
  const counted = (...letters: NonNullable<SilenceSources["letters"]>) =>
    proof({ letters }).rules.map(({ deadLetters }) => deadLetters);

  test("count against the rule that failed, or against all if the reason names none", () => {
    expect(counted({ reason: 'rule a ("A"): failed with RangeError', enqueuedTime: at(1) })).toEqual([1, 0]);
    expect(counted({ reason: "not JSON", enqueuedTime: at(1) })).toEqual([1, 1]);
    expect(counted()).toEqual([0, 0]);
  });

  test("of events before the rule's time do not count, and those of an unknown time do", () => {
    expect(counted({ reason: "not JSON", enqueuedTime: at(-1) })).toEqual([0, 0]);
    expect(counted({ reason: "not JSON", enqueuedTime: "" })).toEqual([1, 1]);
  });

  test("count as unknown if their container does not answer, and all against each rule if there may be more", () => {
    expect(proof({ letters: undefined })).toMatchObject({
      deadLetters: undefined,
      rules: [{ deadLetters: undefined }, {}],
    });
    const many = Array.from({ length: MOST_LETTERS }, () => ({ reason: 'rule b ("B"): failed', enqueuedTime: at(-1) }));
    expect(counted(...many)).toEqual([MOST_LETTERS, MOST_LETTERS]);
  });

  test.each([
    { reason: 'rule a ("A"): failed with RangeError', blamed: ["a"] },
    { reason: 'rule a ("A"): failed; rule b ("B"): more than 1000 rows', blamed: ["a", "b"] },
    { reason: `incident ${"0f".repeat(32)} of rule b is refused: EntityTooLarge`, blamed: ["b"] },
    { reason: 'properties is not an object; rule a ("A"): failed', blamed: undefined },
    { reason: 'rule a ("A; B"): failed', blamed: undefined },
    { reason: `rule a ("A"): failed with ${"x".repeat(500)}`, blamed: undefined },
    { reason: "it ended the worker each time that it was processed", blamed: undefined },
  ])("$reason blames $blamed", ({ reason, blamed }) => {
    expect(blamedRules(reason)).toEqual(blamed === undefined ? undefined : new Set(blamed));
  });
});

describe("a set of rules", () => {
  const hash = (...rules: (typeof CHANGES_TO_PIM_SETTINGS)[]) => ruleSetHash(ruleSetOf("1.0.0", rules, ["t"]));

  test("is another one with another plan, exclusion, version, tenant or version of the app", () => {
    const rule = CHANGES_TO_PIM_SETTINGS;
    const exclusion = { kind: "literal", type: "bool", value: false } as const;
    const all = [
      hash(rule),
      hash(),
      hash({ ...rule, version: "9.9.9" }),
      hash({ ...rule, plan: { ...rule.plan, steps: [] } }),
      hash({ ...rule, exclusions: [exclusion] }),
      ruleSetHash(ruleSetOf("1.0.1", [rule], ["t"])),
      ruleSetHash(ruleSetOf("1.0.0", [rule], ["t", "u"])),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  test("is the same in any order of its rules and tenants, and with another severity", () => {
    const [one, other] = [CHANGES_TO_PIM_SETTINGS, { ...CHANGES_TO_PIM_SETTINGS, id: "0", severity: "Low" as const }];
    expect(ruleSetHash(ruleSetOf("1", [one, other], ["t", "u"]))).toBe(
      ruleSetHash(ruleSetOf("1", [other, one], ["u", "t"])),
    );
    expect(hash({ ...one, severity: "Low" })).toBe(hash(one));
  });
});
