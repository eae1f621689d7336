import { describe, expect, test } from "vitest";
import type { ProofOfSilence, ProvenRule, ProvenTenant } from "../../../src/core/ledger/proof-of-silence.ts";
import { MOST_LETTERS } from "../../../src/core/ledger/proof-of-silence.ts";
import { type FoundIncidents, spanOf, statementOf, unproven } from "../../../src/core/ledger/silence-statement.ts";

const RULE: ProvenRule = {
  id: "a",
  name: "Changes to PIM settings",
  version: "1.2.0",
  plan: "p1",
  since: "2026-03-04T10:00:00.000Z",
  deadLetters: 0,
  earlier: [],
};
const TENANT: ProvenTenant = {
  id: "t",
  since: "2026-03-04T11:00:00.000Z",
  lastRecordAt: "2026-03-04T11:40:00.000Z",
};
const PROOF: ProofOfSilence = {
  evaluatedThrough: "2026-03-04T12:00:00.000Z",
  completeThrough: "2026-03-04T12:00:00.000Z",
  openEvents: 0,
  open: [],
  lostEvents: 0,
  lost: [],
  deadLetters: 0,
  app: [{ version: "1.0.5", from: "2026-03-04T09:00:00.000Z", until: "2026-03-04T12:00:00.000Z" }],
  rules: [RULE],
  tenants: [TENANT],
  delays: { since: undefined, occurredToHub: undefined, hubToStored: undefined },
};
const NOTHING = { count: 0, latestAt: undefined };
const FROM = "2026-03-04T11:00:00.000Z";
const THROUGH = "2026-03-04T12:00:00.000Z";

/** The statement, whose span must exist. */
function stated(proof: Partial<ProofOfSilence> = {}, rule: Partial<ProvenRule> = {}, found: FoundIncidents = NOTHING) {
  const all = { ...PROOF, ...proof };
  const span = spanOf(all, { ...RULE, ...rule }, TENANT);
  if (typeof span === "string") throw new Error(span);
  return statementOf(all, span, found);
}

test("silence is stated for the time that rule and tenant have in common", () => {
  expect(stated()).toEqual({
    ruleId: "a",
    tenant: "t",
    status: "complete",
    from: FROM,
    through: THROUGH,
    incidents: 0,
    exceptions: [],
    sentence: `Rule "Changes to PIM settings" found nothing in tenant t between ${FROM} and ${THROUGH}. Every event that reached the hub in that time was evaluated by version 1.2.0 (plan p1) in pimwatch 1.0.5.`,
  });
});

test("incidents are stated with their number and the time of the latest", () => {
  const { incidents, sentence } = stated({}, {}, { count: 2, latestAt: "2026-03-04T11:30:00.000Z" });
  expect(incidents).toBe(2);
  expect(sentence).toContain(
    'Rule "Changes to PIM settings" found 2 incidents, the latest in an event of 2026-03-04T11:30:00.000Z, in tenant t between',
  );
});

test("an app that was updated within that time is named with both versions, and one before it is not", () => {
  const app = [
    { version: "1.0.6", from: "2026-03-04T11:30:00.000Z", until: "2026-03-04T11:59:00.000Z" },
    { version: "1.0.5", from: "2026-03-04T09:00:00.000Z", until: "2026-03-04T11:31:00.000Z" },
    { version: "1.0.4", from: "2026-03-04T08:00:00.000Z", until: "2026-03-04T10:00:00.000Z" },
  ];
  expect(stated({ app }).sentence).toContain("in pimwatch 1.0.5, then 1.0.6.");
});

const loss = (before: string) => ({ partition: "0", first: 1, last: 2, before });

test.each<{ what: string; proof?: Partial<ProofOfSilence>; rule?: Partial<ProvenRule>; exceptions: string[] }>([
  { what: "open events", proof: { openEvents: 3 }, exceptions: ["3 events not stored yet"] },
  {
    what: "events lost in that time",
    proof: { lostEvents: 2, lost: [loss("2026-03-04T11:30:00.000Z")] },
    exceptions: ["up to 2 lost events"],
  },
  { what: "events lost before", proof: { lostEvents: 2, lost: [loss("2026-03-04T10:59:00.000Z")] }, exceptions: [] },
  {
    what: "losses that are not all listed",
    proof: { lostEvents: 9, lost: [loss("")] },
    exceptions: ["up to 9 lost events"],
  },
  { what: "dead letters", rule: { deadLetters: 1 }, exceptions: ["up to 1 dead letter"] },
  {
    what: "too many dead letters to count",
    rule: { deadLetters: MOST_LETTERS },
    exceptions: ["1000 or more dead letters"],
  },
  {
    what: "unknown dead letters",
    rule: { deadLetters: undefined },
    exceptions: ["dead letters, whose container does not answer"],
  },
])("$what: $exceptions", ({ proof, rule, exceptions }) => {
  const found = stated(proof, rule);
  expect(found).toMatchObject({ exceptions, status: exceptions.length === 0 ? "complete" : "with exceptions" });
  if (exceptions.length > 0)
    expect(found.sentence).toMatch(new RegExp(`, except ${exceptions.join()}\\.$`.replaceAll(/[()]/g, "\\$&")));
});

describe("nothing is proven", () => {
  test.each<{
    why: string;
    proof?: Partial<ProofOfSilence>;
    rule?: Partial<ProvenRule>;
    tenant?: Partial<ProvenTenant>;
  }>([
    { why: "the ledger does not say yet through when events were evaluated", proof: { evaluatedThrough: undefined } },
    { why: "no event was evaluated yet, or the ledger has not been checked", rule: { since: undefined } },
    { why: "no event was evaluated yet, or the ledger has not been checked", tenant: { since: undefined } },
    {
      why: "this version and plan evaluate events since 2026-03-04T12:00:00.000Z only, and those through 2026-03-04T12:00:00.000Z were checked",
      rule: { since: THROUGH },
    },
    { why: "no audit record of this tenant was ever read", tenant: { lastRecordAt: undefined } },
    {
      why: "no audit record of this tenant was read since 2026-03-04T11:00:00.000Z; the latest one reached the hub at 2026-03-04T10:58:00.000Z",
      tenant: { lastRecordAt: "2026-03-04T10:58:00.000Z" },
    },
  ])("if $why", ({ why, proof, rule, tenant }) => {
    expect(spanOf({ ...PROOF, ...proof }, { ...RULE, ...rule }, { ...TENANT, ...tenant })).toBe(why);
    expect(spanOf(PROOF, RULE, TENANT)).toMatchObject({ from: FROM, through: THROUGH }); // the control
  });

  test("and the sentence says why", () => {
    expect(unproven(RULE, TENANT, "no audit record of this tenant was ever read")).toEqual({
      ruleId: "a",
      tenant: "t",
      status: "unproven",
      from: undefined,
      through: undefined,
      incidents: undefined,
      exceptions: [],
      sentence:
        'For rule "Changes to PIM settings" and tenant t nothing is proven: no audit record of this tenant was ever read.',
    });
  });
});
