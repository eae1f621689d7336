import { expect, test } from "vitest";
import { failingStore, reluctantId, UNSTORABLE_MARK } from "../../chaos/faults/failing-store.ts";

const rows = (...ids: readonly string[]) => Buffer.from(JSON.stringify(ids.map((AuditLogId) => ({ AuditLogId }))));

test("always refuses an incident, with the table's own code, whatever is written with it", () => {
  const store = failingStore();
  for (const written of [rows(`PIM_1${UNSTORABLE_MARK}`), rows("PIM_2", `PIM_1${UNSTORABLE_MARK}`)]) {
    const answer = store.answerTo(written);
    expect([answer?.status, JSON.parse(String(answer?.body))]).toMatchObject([
      400,
      { "odata.error": { code: "InvalidInput" } },
    ]);
  }
  expect(store.answerTo(rows("PIM_2"))).toBeUndefined();
  expect(store.figures).toEqual({ refusals: 2, failures: 0 });
});

test("fails for an incident as often as its id says, then accepts it", () => {
  const store = failingStore();
  const [twice, once] = [reluctantId("PIM_1", 2), reluctantId("PIM_2", 1)];
  const statuses = [rows(twice, twice), rows("PIM_3"), rows(once, "PIM_3"), rows(twice), rows(twice, once)].map(
    (written) => store.answerTo(written)?.status,
  );
  expect(statuses).toEqual([500, undefined, 500, 500, undefined]);
  expect(store.figures).toEqual({ refusals: 0, failures: 3 });
});
