import { expect, test } from "vitest";
import { unmatchedOperations } from "../../../src/core/entra-lists/unmatched-operations.ts";
import { readyRule } from "../../../src/core/incident/ready-rule.ts";
import { ruleScan } from "../../../src/core/scan/rule-scan.ts";
import { skippedSample } from "../../../src/core/scan/skipped-sample.ts";
import { DependencyError } from "../../../src/errors.ts";
import type { HubEvent } from "../../../src/workflows/detection/detect-batch.ts";
import { handleEvents } from "../../../src/workflows/detection/handle-events.ts";
import { eventBody, POSITION, settingsChange } from "../../samples.ts";
import { CHANGES_TO_PIM_SETTINGS } from "../../shipped-rule.ts";
import { memoryStores, memorySuspects } from "../memory-stores.ts";

/** An app with one rule and the scan on, and what it keeps of operations. */
function app() {
  const { deps, letters } = memoryStores();
  const isSampled = skippedSample();
  const rules = [readyRule(CHANGES_TO_PIM_SETTINGS)];
  return {
    letters,
    deps: {
      ...deps,
      rules,
      scan: ruleScan([CHANGES_TO_PIM_SETTINGS]).scan,
      looksInto: ({ position }: HubEvent, arrivedAt: string) => isSampled(position, arrivedAt),
      unmatchedOperation: unmatchedOperations(rules),
      ledger: { finished: () => Promise.resolve() },
      suspects: memorySuspects().suspects,
      sinks: [],
    },
  };
}

/** An event of one partition, so many seconds after noon, with operations that the scan skips. */
const event = (second: number, ...operations: string[]) => ({
  body: eventBody(
    ...operations.map((operationName, index) =>
      settingsChange({ operationName }, { id: `PIM_${second}_${index}`, activityDisplayName: operationName }),
    ),
  ),
  position: { ...POSITION, enqueuedTime: new Date(Date.UTC(2026, 2, 4, 12, 0, second)).toISOString() },
});

test("an unknown operation is seen beside records that are read, and kept for the health page", async () => {
  const { deps } = app();
  const handled = await handleEvents([event(1, "Update role setting in PIM", "Lend role", "Lend role")], deps);
  expect(handled).toMatchObject({
    matched: 1,
    notMatched: 2,
    skippedByScan: 0,
    unmatchedOperations: { "Lend role": 2 },
  });
  expect(await deps.operations.seen()).toMatchObject([{ operation: "Lend role" }]);
});

test("of the events that the scan skips, one per minute is looked at, and the figures are as without it", async () => {
  const { deps, letters } = app();
  const events = [event(1, "Lend role"), event(2, "Borrow role"), event(61, "Return role"), event(62, "Lend role")];
  const { unmatchedOperations: seen, ...handled } = await handleEvents(events, deps);
  expect(seen).toEqual({ "Lend role": 1, "Return role": 1 });
  expect(handled).toEqual(await handleEvents(events, { ...deps, looksInto: undefined }));
  expect(handled).toMatchObject({ events: 4, skippedByScan: 4, received: 0, deadLettered: 0 });
  expect(letters).toEqual([]);
});

test("a skipped event with an unreadable record stays skipped when it is looked at", async () => {
  const { deps, letters } = app();
  const { body, position } = event(1, "Lend role");
  const broken = Buffer.from(
    Buffer.from(body).toString().replace('{"records":[', '{"records":[{"category":5},{broken},'),
  );
  expect(await handleEvents([{ body: broken, position }], deps)).toMatchObject({ skippedByScan: 1, received: 0 });
  expect(letters).toEqual([]);
});

test("events that may have killed a worker are not sampled", async () => {
  const { deps } = app();
  const handled = await handleEvents([event(1, "Lend role"), event(2, "Lend role")], deps, { suspect: true });
  expect(handled).toMatchObject({ skippedByScan: 2, guarded: true });
  expect(handled.unmatchedOperations).toBeUndefined();
});

test("a known operation that no rule has to find is not in the line", async () => {
  const { deps } = app();
  const handled = await handleEvents([event(1, "Add member to role completed (PIM activation)")], deps);
  expect(handled).not.toHaveProperty("unmatchedOperations");
});

test("a batch names at most 20 operations", async () => {
  const { deps } = app();
  const many = Array.from({ length: 30 }, (_, index) => `Lend role ${index}`);
  const { unmatchedOperations: seen } = await handleEvents([event(1, ...many)], deps);
  expect(Object.keys(seen ?? {})).toEqual(many.slice(0, 20));
});

test("a table that is down does not fail the batch, and the line names the operation all the same", async () => {
  const { deps } = app();
  const operations = { note: () => Promise.reject(new DependencyError("Table Storage", "answered 500")) };
  const handled = await handleEvents([event(1, "Lend role")], { ...deps, operations });
  expect(handled.unmatchedOperations).toEqual({ "Lend role": 1 });
});
