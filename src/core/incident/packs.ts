/** Below the 1 MB per call of the Logs Ingestion API, with room for differences in counting. */
export const MAX_PACK_BYTES = 900_000;

/** Splits rows, in order, into packs of at most `maxBytes` as a JSON array in UTF-8; a larger row gets its own pack. */
export function packRows<Row>(rows: readonly Row[], maxBytes = MAX_PACK_BYTES): Row[][] {
  const packs: Row[][] = [];
  let size = Infinity;
  for (const row of rows) {
    const bytes = Buffer.byteLength(JSON.stringify(row)) + 1; // with its comma or bracket
    if (size + bytes > maxBytes) {
      packs.push([]);
      size = 1;
    }
    packs.at(-1)?.push(row);
    size += bytes;
  }
  return packs;
}
