import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { text } from "../../src/core/audit-log.ts";
import type { IncidentRow } from "../../src/core/incident-row.ts";
import { DependencyError } from "../../src/errors.ts";
import { type ForwardDependencies, forwardRows } from "../../src/workflows/forward-rows.ts";

type Upload = ForwardDependencies["ingestion"]["upload"];

const rowOf = (id: number, description = ""): IncidentRow => ({ IncidentId: String(id), Description: description });
const idsOf = (rows: readonly IncidentRow[]): string[] => rows.map((row) => text(row["IncidentId"]));
const rowsOf = (count: number): IncidentRow[] => Array.from({ length: count }, (_, id) => rowOf(id));

/** An outbox and an endpoint in memory; `journal` holds what happened, in order. */
function memory(rows: readonly IncidentRow[], upload: Upload) {
  const waiting = new Set(idsOf(rows));
  const refused = new Map<string, string>();
  const journal: string[] = [];
  const deps: ForwardDependencies = {
    outbox: {
      markForwarded: (row) => {
        waiting.delete(idsOf([row]).join());
        journal.push(`left ${idsOf([row]).join()}`);
        return Promise.resolve();
      },
      markRefused: (row, reason) => {
        refused.set(idsOf([row]).join(), reason);
        return Promise.resolve();
      },
    },
    ingestion: {
      upload: async (pack) => {
        journal.push(`sent ${idsOf(pack).join()}`);
        const outcome = await upload(pack);
        journal.push(outcome.outcome);
        return outcome;
      },
    },
  };
  return { deps, waiting, refused, journal };
}

const accept: Upload = () => Promise.resolve({ outcome: "accepted" });
/** Refuses every pack that holds one of these. */
const refusing =
  (...bad: number[]): Upload =>
  (rows) => {
    const isBad = idsOf(rows).some((id) => bad.includes(Number(id)));
    return Promise.resolve(isBad ? { outcome: "refused", reason: "400 not of the stream" } : { outcome: "accepted" });
  };

test("rows leave the outbox only after the pack that holds them was accepted", async () => {
  const rows = rowsOf(2);
  const { deps, waiting, journal } = memory(rows, accept);

  expect(await forwardRows(rows, deps)).toEqual({ forwarded: 2, refused: 0 });

  expect(journal).toEqual(["sent 0,1", "accepted", "left 0", "left 1"]);
  expect(waiting.size).toBe(0);
});

test("more than one pack holds is sent in several, in order", async () => {
  const rows = Array.from({ length: 3 }, (_, id) => rowOf(id, "x".repeat(500_000)));
  const { deps, journal } = memory(rows, accept);
  expect(await forwardRows(rows, deps)).toEqual({ forwarded: 3, refused: 0 });
  expect(journal.filter((line) => line.startsWith("sent"))).toEqual(["sent 0", "sent 1", "sent 2"]);
});

test("nothing to forward sends nothing", async () => {
  const { deps, journal } = memory([], accept);
  expect(await forwardRows([], deps)).toEqual({ forwarded: 0, refused: 0 });
  expect(journal).toEqual([]);
});

test("a pack that is refused is halved until the row at fault is alone and marked; the others go on", async () => {
  const rows = rowsOf(5);
  const { deps, waiting, refused, journal } = memory(rows, refusing(3));

  expect(await forwardRows(rows, deps)).toEqual({ forwarded: 4, refused: 1 });

  expect(journal.filter((line) => line.startsWith("sent"))).toEqual([
    "sent 0,1,2,3,4",
    "sent 0,1,2",
    "sent 3,4",
    "sent 3",
    "sent 4",
  ]);
  expect([...waiting]).toEqual(["3"]);
  expect([...refused]).toEqual([["3", "400 not of the stream"]]);
});

describe("an endpoint that cannot be reached stops the forwarding, and what is left stays", () => {
  test("at the first pack", async () => {
    const { deps, waiting, journal } = memory(rowsOf(3), () =>
      Promise.reject(new DependencyError("Logs Ingestion", "answered 503")),
    );
    expect(await forwardRows(rowsOf(3), deps)).toEqual({
      forwarded: 0,
      refused: 0,
      stopped: "Logs Ingestion: answered 503",
    });
    expect([waiting.size, journal]).toEqual([3, ["sent 0,1,2"]]);
  });

  test("between the halves of a refused pack", async () => {
    let calls = 0;
    const rows = rowsOf(4);
    const { deps, waiting, refused } = memory(rows, (pack) => {
      calls += 1;
      return calls > 2 ? Promise.reject(new DependencyError("Logs Ingestion", "timed out")) : refusing(3)(pack);
    });
    expect(await forwardRows(rows, deps)).toEqual({ forwarded: 2, refused: 0, stopped: "Logs Ingestion: timed out" });
    expect([[...waiting], refused.size]).toEqual([["2", "3"], 0]);
  });
});

test("any other failure rejects, and no row leaves the outbox", async () => {
  const bug = new TypeError("not a function");
  const { deps, waiting } = memory(rowsOf(2), () => Promise.reject(bug));
  await expect(forwardRows(rowsOf(2), deps)).rejects.toBe(bug);
  expect(waiting.size).toBe(2);
});

test("an outbox that cannot be written rejects, and the row waits to be sent again", async () => {
  const down = new Error("table is down");
  const { deps, waiting } = memory(rowsOf(2), accept);
  const outbox = { ...deps.outbox, markForwarded: () => Promise.reject(down) };
  await expect(forwardRows(rowsOf(2), { ...deps, outbox })).rejects.toBe(down);
  expect(waiting.size).toBe(2);
});

test("whichever rows are refused, exactly these are marked and all others forwarded, none sent again once accepted", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 40 }), fc.array(fc.nat({ max: 39 }), { maxLength: 8 }), async (count, bad) => {
      const rows = rowsOf(count);
      const { deps, waiting, refused, journal } = memory(rows, refusing(...bad));
      const expected = new Set(bad.filter((id) => id < count).map(String));

      const outcome = await forwardRows(rows, deps);

      expect(outcome).toEqual({ forwarded: count - expected.size, refused: expected.size });
      expect([new Set(refused.keys()), waiting]).toEqual([expected, expected]);
      expect(journal.filter((line) => line.startsWith("left"))).toHaveLength(count - expected.size);
    }),
  );
});
