import { expect, test } from "vitest";
import { toAuditLogRow } from "../../../src/core/event/audit-log.ts";
import { readEventBody } from "../../../src/core/event/event-body.ts";
import { inOrderOfTime, keptRecord, windowRecord } from "../../../src/core/window/kept-record.ts";
import { settingsChange } from "../../samples.ts";

const WINDOW = { ruleId: "rule", tenant: "", plan: "abc" };
const POSITION = { partitionId: "0", sequenceNumber: 1, enqueuedTime: "2026-03-04T09:14:00Z" };
const ARRIVED = Date.parse(POSITION.enqueuedTime);

function kept(record: object, arrivedAt = ARRIVED) {
  const [source] = readEventBody(Buffer.from(JSON.stringify(record))).records;
  if (source === undefined) throw new Error("no record");
  return keptRecord(WINDOW, {
    source,
    row: toAuditLogRow(source.record),
    position: POSITION,
    arrivedAt,
    periodSeconds: 3_600,
  });
}

test("a record is kept whole, and read as its rule reads it", () => {
  const record = settingsChange();
  const one = kept(record);
  const read = one && windowRecord(one);
  expect(JSON.parse(String(one?.bytes))).toEqual(record);
  expect(read?.source.record).toMatchObject({ operationName: "Update role setting in PIM" });
  expect(read?.row).toEqual(toAuditLogRow(read?.source.record ?? {}));
});

test("a record that has a field of the name of a list of records is read as one", () => {
  const one = kept({ records: [settingsChange({ records: "of its own" })] });
  expect(one && windowRecord(one)?.source.record["records"]).toBe("of its own");
});

test.each([
  { what: "no time", time: undefined, isKept: false },
  { what: "a text that is no time", time: "yesterday", isKept: false },
  { what: "a time just a day ahead", time: "2026-03-05T09:14:00Z", isKept: true },
  { what: "a time the period and a day ago", time: "2026-03-03T08:14:00Z", isKept: true },
  { what: "a time of long ago", time: "2026-03-03T08:13:59Z", isKept: false },
  { what: "a time more than a day ahead", time: "2026-03-05T09:14:00.0000001Z", isKept: false },
])("$what: kept, $isKept", ({ time, isKept }) => {
  expect(kept(settingsChange({ time }, { activityDateTime: time })) !== undefined).toBe(isKept);
});

test("a record that is sent again is the same, and two records are two, even under one id", () => {
  const change = settingsChange();
  const again = { ...change, resourceId: "/elsewhere", durationMs: 5 };
  const other = settingsChange({ operationName: "Add member to role" });
  expect(kept(again)?.hash).toBe(kept(change)?.hash);
  expect(kept(other)?.hash).not.toBe(kept(change)?.hash);
});

test("the order of records of one time does not depend on when they arrived", () => {
  const records = [
    settingsChange(),
    settingsChange({ operationName: "Add member to role" }),
    settingsChange({ time: "2026-03-04T09:00:00Z" }),
  ]
    .map((record) => kept(record))
    .flatMap((each) => (each && windowRecord(each)) ?? []);
  const hashes = inOrderOfTime(records).map(({ hash }) => hash);
  expect(inOrderOfTime(records.toReversed()).map(({ hash }) => hash)).toEqual(hashes);
  expect(hashes[0]).toBe(records[2]?.hash);
});
