/** Below the 1 MB that the Logs Ingestion API takes in one call, with room for what counts differently there. */
export const MAX_PACK_BYTES = 900_000;

/** Splits rows, in order, into packs that are each at most `maxBytes` as a JSON array in UTF-8; a larger row is alone. */
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
