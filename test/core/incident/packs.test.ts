import fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_PACK_BYTES, packRows } from "../../../src/core/incident/packs.ts";
import { hardText } from "../../samples.ts";

const size = (rows: readonly unknown[]): number => Buffer.byteLength(JSON.stringify(rows));

test("packs of any rows keep their order, lose none, fit the size and are no smaller than necessary", () => {
  const rows = fc.array(fc.record({ Id: fc.nat(), Text: hardText(60) }), { maxLength: 30 });
  fc.assert(
    fc.property(rows, fc.integer({ min: 2, max: 600 }), (all, maxBytes) => {
      const packs = packRows(all, { maxBytes });

      expect(packs.flat()).toEqual(all);
      for (const [index, pack] of packs.entries()) {
        expect(pack.length).toBeGreaterThan(0);
        expect(pack.length === 1 || size(pack) <= maxBytes).toBe(true);
        const next = packs[index + 1]?.[0];
        if (next !== undefined) expect(size([...pack, next])).toBeGreaterThan(maxBytes);
      }
    }),
    { numRuns: 500 },
  );
});

test("a row that is larger than a pack gets its own, and its neighbours are packed", () => {
  const [small, large] = [{ a: 1 }, { a: "x".repeat(100) }];
  expect(packRows([small, large, small, small], { maxBytes: 50 })).toEqual([[small], [large], [small, small]]);
});

test("a pack holds no more rows than it may", () => {
  expect(packRows([1, 2, 3, 4, 5], { maxRows: 2 })).toEqual([[1, 2], [3, 4], [5]]);
});

test("no rows make no packs", () => {
  expect(packRows([], { maxRows: 1 })).toEqual([]);
});

test("a pack stays well below the 1 MB that the endpoint takes", () => {
  const rows = Array.from({ length: 50 }, () => ({ text: "字".repeat(20_000) }));
  const packs = packRows(rows, { maxBytes: MAX_PACK_BYTES });
  expect(packs.map((pack) => pack.length)).toEqual([14, 14, 14, 8]);
  for (const pack of packs) expect(size(pack)).toBeLessThanOrEqual(MAX_PACK_BYTES);
});
