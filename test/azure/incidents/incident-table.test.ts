import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import type { IncidentTable } from "../../../src/azure/incidents/incident-table.ts";
import { valueText } from "../../../src/core/value-text.ts";
import { sha256Hex } from "../../../src/core/json/content-hash.ts";
import type { RowFailure } from "../../../src/core/incident/row-failure.ts";
import { memoryStores } from "../../workflows/memory-stores.ts";
import {
  anyIncidentRow,
  largestIncident,
  listedColumns,
  ofRule,
  RULE_ID,
  storedIncident,
} from "../../stored-incident.ts";
import { collected, openTable, pendingRows } from "../tables/open-table.ts";

let azurite: Azurite;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());

const ALL = { limit: 10_000, queuedBefore: new Date("2100-01-01") };
const NOW_MS = Date.parse("2026-11-23T12:00:00Z");
const FAILURE: RowFailure = { counted: 1, since: NOW_MS, failedAt: NOW_MS, retryAt: NOW_MS, reason: "answered 500" };

describe.each([
  { name: "in memory", open: () => Promise.resolve(memoryStores().incidents) },
  { name: "Azurite", open: async (): Promise<IncidentTable> => (await openTable(azurite.connectionString)).incidents },
])("incident table ($name)", ({ open }) => {
  test("an incident is added once and waits once to be forwarded", async () => {
    const incidents = await open();
    const incident = storedIncident();

    expect(await incidents.addAll([incident])).toEqual(["added"]);
    expect(await incidents.addAll([incident])).toEqual(["known"]);

    expect(await idsOf(incidents)).toEqual([incident.row["IncidentId"]]);
    expect(await pendingRows(incidents, RULE_ID)).toEqual([incident.row]);
  });

  test("if sixteen callers add the same incident at the same time, one adds it", async () => {
    const incidents = await open();

    const answers = await Promise.all(Array.from({ length: 16 }, () => incidents.addAll([storedIncident()])));

    expect(answers.flat().filter((answer) => answer === "added")).toHaveLength(1);
    expect(answers.flat().filter((answer) => answer === "known")).toHaveLength(15);
    expect(await incidents.waiting(RULE_ID)).toMatchObject({ pending: 1, refused: 0 });
  });

  test("an incident found again later, at another place and by another version of the rule, is known", async () => {
    const incidents = await open();
    const first = storedIncident();
    await incidents.addAll([first]);

    const again = storedIncident("sample", { detectedTime: "2026-03-05T00:00:00.000Z", sequenceNumber: 99 });

    expect(await incidents.addAll([again])).toEqual(["known"]);
    expect(await incidents.get(RULE_ID, id("sample"))).toEqual(first);
  });

  test("a stored id whose record has other content is not known, in one call or later", async () => {
    const incidents = await open();
    const first = storedIncident();
    const other = storedIncident("sample", { contentHash: sha256Hex("other"), priority: "P1" });

    expect(await incidents.addAll([first, other, first])).toEqual(["added", "otherContent", "known"]);
    expect(await incidents.addAll([other, first])).toEqual(["otherContent", "known"]);

    expect(await pendingRows(incidents, RULE_ID)).toEqual([first.row]);
  });

  test("an incident that an older version stored is known whatever the record says", async () => {
    const incidents = await open();
    await incidents.addAll([storedIncident("sample", { contentHash: "" })]);

    expect(await incidents.addAll([storedIncident()])).toEqual(["known"]);
  });

  test("adding an incident that was forwarded does not queue it again", async () => {
    const incidents = await open();
    const incident = storedIncident();
    await incidents.addAll([incident]);
    await incidents.markForwarded(incident.row);

    expect(await incidents.addAll([incident])).toEqual(["known"]);

    expect(await pendingRows(incidents, RULE_ID)).toEqual([]);
  });

  test("another rule's incident of the same id is another incident", async () => {
    const incidents = await open();
    const other = ofRule("11111111-2222-4333-8444-555555555555", storedIncident());
    await incidents.addAll([storedIncident()]);

    expect(await incidents.addAll([other])).toEqual(["added"]);

    expect(await pendingRows(incidents, "11111111-2222-4333-8444-555555555555")).toEqual([other.row]);
    expect(await idsOf(incidents)).toEqual([id("sample")]);
  });

  test.each([
    { why: "an unknown id", ruleId: RULE_ID, incidentId: id("unknown") },
    { why: "an unknown rule", ruleId: "unknown", incidentId: id("sample") },
    { why: "an id that no key can hold", ruleId: RULE_ID, incidentId: "a/b" },
    { why: "an id that would end the filter", ruleId: "' or '1' eq '1", incidentId: id("sample") },
  ])("$why is undefined", async ({ ruleId, incidentId }) => {
    const incidents = await open();
    await incidents.addAll([storedIncident()]);

    expect(await incidents.get(ruleId, incidentId)).toBeUndefined();
  });

  test("a rule's id cannot reach into other rules", async () => {
    const incidents = await open();
    await incidents.addAll([storedIncident()]);

    expect(await idsOf(incidents, "' or PartitionKey ge '")).toEqual([]);
    expect(await pendingRows(incidents, "' or PartitionKey ge '")).toEqual([]);
  });

  test.each([
    { why: "nothing", record: "" },
    { why: "one part exactly", record: "a".repeat(30_000) },
    { why: "one character more", record: "a".repeat(30_001) },
    { why: "a pair on the boundary", record: `${"a".repeat(29_999)}😀b` },
    { why: "a pair on each side of the boundary", record: `${"a".repeat(29_998)}😀😀b` },
    { why: "a pair that ends the record on the boundary", record: `${"a".repeat(29_998)}😀` },
    { why: "pairs only, at odd places", record: `a${"😀".repeat(150_000)}` },
    { why: "the longest that is kept", record: "é".repeat(400_000) },
  ])("the record is read back unchanged: $why", async ({ record }) => {
    const incidents = await open();
    const incident = storedIncident("sample", { record });
    await incidents.addAll([incident]);

    expect(incident.record).toBe(record);
    expect(await incidents.get(RULE_ID, id("sample"))).toEqual(incident);
  });

  test.each(["é", "中", "😀", '"', "\\", "\u0001", "a"])("the largest incident of %j is stored whole", async (unit) => {
    const incidents = await open();
    const incident = largestIncident(unit);

    expect(await incidents.addAll([incident])).toEqual(["added"]);

    expect(await incidents.get(RULE_ID, id("largest"))).toEqual(incident);
    expect(await pendingRows(incidents, RULE_ID)).toEqual([incident.row]);
    expect(Buffer.byteLength(JSON.stringify([incident.row]))).toBeLessThan(900_000);
  });

  test("a list is ordered by time of activity, newest first, and has the columns that lists show", async () => {
    const incidents = await open();
    const times = [
      "2026-03-04T09:12:41.7904180Z",
      "2026-11-23T00:00:00.0000000Z",
      "1969-12-31T23:59:59.0000000Z",
      "1970-01-01T00:00:00.0000000Z",
      "2026-03-04T09:12:41.7914180Z",
      "0001-01-01T00:00:00.0000000Z",
      "9999-12-31T23:59:59.9999999Z",
    ];
    await incidents.addAll(times.map((activityDateTime) => storedIncident(activityDateTime, { activityDateTime })));

    const listed = await collected(incidents.list(RULE_ID));

    expect(listed.map((row) => row["ActivityDateTime"])).toEqual(times.toSorted().toReversed());
    expect(listed[1]).toEqual(
      listedColumns(storedIncident(times[1], { activityDateTime: "2026-11-23T00:00:00.0000000Z" }).row),
    );
  });

  test("only rows made before the given time are pending", async () => {
    const incidents = await open();
    const before = storedIncident("before", { detectedTime: new Date(NOW_MS - 1).toISOString() });
    const at = storedIncident("at", { detectedTime: new Date(NOW_MS).toISOString() });
    await incidents.addAll([before, at]);

    expect(await pendingRows(incidents, RULE_ID, { limit: 10, queuedBefore: new Date(NOW_MS) })).toEqual([before.row]);
    expect(await pendingRows(incidents, RULE_ID, { limit: 10, queuedBefore: new Date(NOW_MS + 1) })).toHaveLength(2);
  });

  test("rows made before the clock was set back do not wait for it", async () => {
    const incidents = await open();
    const later = (name: string, by: number) =>
      storedIncident(name, { detectedTime: new Date(NOW_MS + by).toISOString() });
    const ahead = later("a minute", 60_000); // from an instance whose clock is a little ahead
    await incidents.addAll([later("a day", 86_400_000), ahead]);

    const due = await pendingRows(incidents, RULE_ID, { limit: 10, queuedBefore: new Date(NOW_MS) });
    expect(due).toEqual([later("a day", 86_400_000).row]);
  });

  test.each([0, 1, 2, 3, 4])("at most %i rows are pending at a time", async (limit) => {
    const incidents = await open();
    await incidents.addAll(["a", "b", "c"].map((name) => storedIncident(name)));

    expect(await pendingRows(incidents, RULE_ID, { ...ALL, limit })).toHaveLength(Math.min(limit, 3));
  });

  test("a row that was refused stays, is counted, and is not pending", async () => {
    const incidents = await open();
    const [refused, waiting] = [storedIncident("refused"), storedIncident("waiting")];
    await incidents.addAll([refused, waiting]);

    await incidents.markRefused(refused.row, "400 InvalidRecord: row 0");
    await incidents.markRefused(refused.row, "400 InvalidRecord: row 0");

    expect(await pendingRows(incidents, RULE_ID)).toEqual([waiting.row]);
    expect(await incidents.waiting(RULE_ID)).toMatchObject({ pending: 1, refused: 1 });
    const { pending, refused: one } = await incidents.waiting(RULE_ID, 1);
    expect(pending + one).toBe(1);
    expect(await incidents.waiting(RULE_ID, 2)).toMatchObject({ pending: 1, refused: 1 });
  });

  test("forwarding twice is harmless, and refusing a forwarded row does not queue it again", async () => {
    const incidents = await open();
    const incident = storedIncident();
    await incidents.addAll([incident]);

    await incidents.markForwarded(incident.row);
    await incidents.markForwarded(incident.row);
    await incidents.markRefused(incident.row, "late");

    expect(await incidents.waiting(RULE_ID)).toMatchObject({ pending: 0, refused: 0 });
    expect(await incidents.get(RULE_ID, id("sample"))).toEqual(incident);
  });

  test("more rows than fit on one page are all returned", async () => {
    const incidents = await open();
    const names = Array.from({ length: 1_010 }, (_, index) => `many ${index}`);
    await incidents.addAll(names.map((name) => storedIncident(name)));

    expect((await idsOf(incidents)).toSorted()).toEqual(names.map(id).toSorted());
    expect(await pendingRows(incidents, RULE_ID, { ...ALL, limit: 1_005 })).toHaveLength(1_005);
    expect(await incidents.waiting(RULE_ID)).toMatchObject({ pending: 1_010, refused: 0 });
  });

  test("any row is read back from the outbox unchanged", async () => {
    const incidents = await open();
    await fc.assert(
      fc.asyncProperty(anyIncidentRow(), fc.string({ unit: "binary" }), async (row, record) => {
        const made = { ...row, RuleId: randomUUID(), TimeGenerated: "2026-01-01T00:00:00.000Z" };
        await incidents.addAll([{ row: made, record }]);
        expect(await pendingRows(incidents, made.RuleId)).toEqual([made]);
        expect(await incidents.get(made.RuleId, valueText(row["IncidentId"]))).toEqual({ row: made, record });
      }),
      { numRuns: 25 },
    );
  });
});

test("any sequence of calls gives the same answers in memory and in Azurite", async () => {
  const step = fc.record({
    call: fc.constantFrom(
      "add",
      "add",
      "markForwarded",
      "markRefused",
      "markFailed",
      "pending",
      "waiting",
      "list",
      "get",
    ),
    name: fc.constantFrom("a", "b", "c"),
    limit: fc.integer({ min: 0, max: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const [real, memory] = [(await openTable(azurite.connectionString)).incidents, memoryStores().incidents];
      for (const each of steps) expect(await answerTo(each, real)).toEqual(await answerTo(each, memory));
    }),
    { numRuns: 20 },
  );
});

function answerTo(step: { call: string; name: string; limit: number }, incidents: IncidentTable): Promise<unknown> {
  const incident = storedIncident(step.name);
  switch (step.call) {
    case "add":
      return incidents.addAll([incident]);
    case "markForwarded":
      return incidents.markForwarded(incident.row);
    case "markRefused":
      return incidents.markRefused(incident.row, "refused");
    case "pending":
      return incidents.pending(RULE_ID, { ...ALL, dueAt: new Date(NOW_MS), limit: step.limit });
    case "markFailed":
      return incidents.markFailed(incident.row, { ...FAILURE, retryAt: NOW_MS + (step.limit > 2 ? 60_000 : 0) });
    case "waiting":
      return incidents.waiting(RULE_ID);
    case "list":
      return collected(incidents.list(RULE_ID));
    default:
      return incidents.get(RULE_ID, id(step.name));
  }
}

async function idsOf(incidents: IncidentTable, ruleId = RULE_ID): Promise<string[]> {
  return (await collected(incidents.list(ruleId))).map((row) => valueText(row["IncidentId"]));
}

function id(name: string): string {
  return sha256Hex(name);
}
