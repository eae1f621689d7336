import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { judgeStored } from "../../chaos/verdict.ts";
import type { Row, Stored } from "../../chaos/stored.ts";
import type { Expected } from "../../chaos/expected.ts";
import { chance } from "../../local/samples/chance.ts";
import { settingsChangeRecord } from "../../local/samples/settings-change-record.ts";
import { SETTINGS_CHANGES } from "../../local/samples/settings-changes.ts";
import { recordEntity, rowOfEntity } from "../../src/azure/incidents/incident-entity.ts";

const [change] = SETTINGS_CHANGES;
if (change === undefined) throw new Error("no sample");
const RECORD = settingsChangeRecord(
  change,
  "Global Administrator",
  new Date("2026-03-04T09:00:00Z"),
  chance("verdict"),
);
const LETTER = Buffer.from("{not JSON");
const EXPECTED: Expected = { incidents: new Map([["id-1", RECORD]]), windows: new Set(), letters: [LETTER] };

const incident = { IncidentId: "id-1", RuleId: "rule", AuditLogId: RECORD.properties.id };
const forwarded = rowOfEntity(incident);
const STORED = {
  incident: [{ ...incident, partitionKey: "rule", rowKey: "incident|id-1" }],
  time: [{ rowKey: "time|0|id-1" }],
  record: [recordEntity({ partitionKey: "rule", rowKey: "record|id-1" }, JSON.stringify(RECORD))],
};

function stored(kinds: Record<string, readonly object[]>, rest: Partial<Stored> = {}): Stored {
  const rows = new Map(Object.entries(kinds).map(([kind, list]) => [kind, list.map((row): Row => ({ ...row }))]));
  const name = createHash("sha256").update(LETTER).digest("hex");
  return {
    rows,
    letters: [{ name, reason: "not JSON", bytes: LETTER }],
    forwarded: [forwarded],
    notified: ["id-1"],
    ...rest,
  };
}

test("a run with the expected results has no problems", () => {
  expect(judgeStored(stored(STORED), EXPECTED)).toEqual({
    incidents: 1,
    lost: [],
    duplicated: [],
    forwardedDistinct: 1,
    rawDuplicates: 0,
    refused: 0,
    failing: 0,
    refusedByFault: 0,
    deadLetters: 1,
    problems: [],
  });
});

test.each([
  ["an incident that is not stored", stored({}), "lost: incident id-1"],
  [
    "a second incident of the same record",
    stored({ ...STORED, incident: [...STORED.incident, { ...incident, IncidentId: "id-2" }] }),
    "became several incidents",
  ],
  ["an incident without its place in the list", stored({ ...STORED, time: [] }), "0 rows of kind time for 1"],
  ["another record", stored({ ...STORED, record: [{ rowKey: "record|id-1" }] }), "keeps another record"],
  ["an incident that was not forwarded", stored(STORED, { forwarded: [] }), "was not forwarded"],
  [
    "a row forwarded with other content",
    stored(STORED, { forwarded: [forwarded, { ...forwarded, RuleId: "other" }] }),
    "forwarded with other content",
  ],
  [
    "a forwarded row without an incident",
    stored(STORED, { forwarded: [forwarded, { IncidentId: "id-2" }] }),
    "is not an incident",
  ],
  [
    "an incident that was forwarded in an earlier revision only",
    stored(
      { ...STORED, incident: [{ ...STORED.incident[0], Revision: 2 }] },
      { forwarded: [{ ...forwarded, Revision: 1 }] },
    ),
    "was not forwarded in its last revision",
  ],
  [
    "a row forwarded in a revision that is not stored",
    stored(STORED, { forwarded: [forwarded, { ...forwarded, Revision: 2 }] }),
    "in a revision that is not stored",
  ],
  ["a row that waits", stored({ ...STORED, outbox: [{ IncidentId: "id-1", Refused: false }] }), "still wait"],
  ["an incident that was not sent to the webhook", stored(STORED, { notified: [] }), "was not sent to the webhook"],
  ["a webhook message without an incident", stored(STORED, { notified: ["id-1", "id-2"] }), "is not an incident"],
  ["a dead letter that is not kept", stored(STORED, { letters: [] }), "is not kept"],
  [
    "a dead letter with other bytes",
    stored(STORED, { letters: [{ name: "0".repeat(64), reason: "not JSON", bytes: LETTER }] }),
    "is not byte-exact",
  ],
])("%s is a problem", (_, found, problem) => {
  expect(judgeStored(found, EXPECTED).problems.join("\n")).toContain(problem);
});

test("an incident of several events must be there, too", () => {
  const { problems } = judgeStored(stored(STORED), { ...EXPECTED, windows: new Set(["id-1", "id-2"]) });
  expect(problems).toEqual(["lost: incident id-2 is not stored"]);
});

test("two incidents of one record from one rule are not duplicates", () => {
  const two = ["id-1", "id-2"];
  const both = stored(
    {
      incident: two.map((IncidentId) => ({ ...incident, IncidentId })),
      time: two.map((id) => ({ rowKey: `time|0|${id}` })),
      record: two.map((id) => recordEntity({ partitionKey: "rule", rowKey: `record|${id}` }, JSON.stringify(RECORD))),
    },
    { forwarded: two.map((IncidentId) => rowOfEntity({ ...incident, IncidentId })), notified: two },
  );
  const expected = { ...EXPECTED, incidents: new Map(two.map((id) => [id, RECORD])) };
  expect(judgeStored(both, expected).problems).toEqual([]);
});

describe("an incident that no receiver accepts", () => {
  const record = { ...RECORD, properties: { ...RECORD.properties, id: "PIM_1_fails_hang" } };
  const expected: Expected = { ...EXPECTED, incidents: new Map([["id-1", record]]) };
  const all = {
    ...STORED,
    incident: [{ ...STORED.incident[0], AuditLogId: record.properties.id }],
    record: [recordEntity({ partitionKey: "rule", rowKey: "record|id-1" }, JSON.stringify(record))],
  };
  const waiting = (sink: string, more: object = {}) => ({
    rowKey: `outbox|${sink}|id-1|1`,
    IncidentId: "id-1",
    Refused: false,
    FailedReason: "answered 500",
    ...more,
  });
  const none = { forwarded: [], notified: [] };

  test("waits for each of them with the reason", () => {
    const outbox = [waiting("log-analytics"), waiting("webhook")];
    expect(judgeStored(stored({ ...all, outbox }, none), expected)).toMatchObject({ failing: 1, problems: [] });
  });

  test("may be refused by a 413 of the ingestion endpoint, which is counted", () => {
    const outbox = [waiting("log-analytics", { Refused: true }), waiting("webhook")];
    const verdict = judgeStored(stored({ ...all, outbox }, none), expected);
    expect(verdict).toMatchObject({ failing: 1, refused: 1, refusedByFault: 1, problems: [] });
  });

  test.each([
    ["is gone", [waiting("log-analytics")]],
    ["is refused before its time", [waiting("log-analytics"), waiting("webhook", { Refused: true })]],
    ["has no reason", [waiting("log-analytics"), waiting("webhook", { FailedReason: "" })]],
  ])("a row of it that %s is a problem", (_, outbox) => {
    expect(judgeStored(stored({ ...all, outbox }, none), expected).problems).toEqual([
      "incident id-1 does not wait for webhook with a reason",
    ]);
  });
});
