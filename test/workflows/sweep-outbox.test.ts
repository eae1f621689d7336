import { expect, test } from "vitest";
import type { IncidentRow } from "../../src/core/incident-row.ts";
import { DependencyError } from "../../src/errors.ts";
import { type SweepDependencies, sweepOutbox } from "../../src/workflows/sweep-outbox.ts";

const LIMITS = { queuedBefore: new Date("2026-03-04T09:13:00Z"), pageSize: 2 };
const rowOf = (ruleId: string, id: number): IncidentRow => ({ RuleId: ruleId, IncidentId: String(id) });

/** The outbox of two rules. Rows that were refused are no longer pending, as in the table. */
function memory(counts: Readonly<Record<string, number>>, upload: SweepDependencies["ingestion"]["upload"]) {
  const waiting = Object.entries(counts).flatMap(([ruleId, count]) =>
    Array.from({ length: count }, (_, id) => rowOf(ruleId, id)),
  );
  const pages: { ruleId: string; limit: number; queuedBefore: Date; rows: number }[] = [];
  const remove = (row: IncidentRow): Promise<void> => {
    waiting.splice(waiting.indexOf(row), 1);
    return Promise.resolve();
  };
  const deps: SweepDependencies = {
    ruleIds: () => Promise.resolve(Object.keys(counts)),
    outbox: {
      pending: (ruleId, which) => {
        const rows = waiting.filter((row) => row["RuleId"] === ruleId).slice(0, which.limit);
        pages.push({ ruleId, ...which, rows: rows.length });
        return Promise.resolve(rows);
      },
      markForwarded: remove,
      markRefused: remove,
    },
    ingestion: { upload },
    accounts: {
      oldestWaiting: (ruleId) =>
        Promise.resolve(waiting.some((row) => row["RuleId"] === ruleId) ? "2026-03-04T08:14:00.000Z" : undefined),
    },
    now: () => new Date("2026-03-04T09:14:00Z"),
  };
  return { deps, waiting, pages };
}

test("every rule's rows are forwarded, page by page", async () => {
  const { deps, waiting, pages } = memory({ a: 5, b: 0, c: 2 }, () => Promise.resolve({ outcome: "accepted" }));

  expect(await sweepOutbox(deps, LIMITS)).toEqual({ forwarded: 7, refused: 0, oldestSeconds: 0 });

  expect(waiting).toEqual([]);
  expect(pages.map(({ ruleId, rows }) => [ruleId, rows])).toEqual([
    ["a", 2],
    ["a", 2],
    ["a", 1],
    ["b", 0],
    ["c", 2],
    ["c", 0],
  ]);
  expect(pages[0]).toMatchObject({ limit: 2, queuedBefore: LIMITS.queuedBefore });
});

test("rows that are refused are counted and do not come up again", async () => {
  const { deps, waiting } = memory({ a: 4 }, () => Promise.resolve({ outcome: "refused", reason: "400" }));
  expect(await sweepOutbox(deps, LIMITS)).toEqual({ forwarded: 0, refused: 4, oldestSeconds: 0 });
  expect(waiting).toEqual([]);
});

test("an endpoint that goes down ends the sweep of all rules, with what was done until then", async () => {
  let calls = 0;
  const { deps, waiting, pages } = memory({ a: 4, b: 1 }, () => {
    calls += 1;
    return calls > 1
      ? Promise.reject(new DependencyError("Logs Ingestion", "down"))
      : Promise.resolve({ outcome: "accepted" });
  });
  expect(await sweepOutbox(deps, LIMITS)).toEqual({
    forwarded: 2,
    refused: 0,
    stopped: "Logs Ingestion: down",
    oldestSeconds: 3_600,
  });
  expect(waiting).toHaveLength(3);
  expect(pages.map(({ ruleId }) => ruleId)).toEqual(["a", "a"]);
});

test("an empty outbox sends nothing", async () => {
  const { deps } = memory({ a: 0 }, () => Promise.reject(new Error("nothing to send")));
  expect(await sweepOutbox(deps, LIMITS)).toEqual({ forwarded: 0, refused: 0, oldestSeconds: 0 });
});
