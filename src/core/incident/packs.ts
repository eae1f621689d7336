export interface PackLimits {
  readonly maxRows?: number;
  /** As a JSON array in UTF-8. */
  readonly maxBytes?: number;
}

/** Below the 1 MB per call of the Logs Ingestion API, with room for differences in counting. */
export const MAX_PACK_BYTES = 900_000;

/** Splits rows, in order, into packs within the limits; a larger row gets its own pack. */
export function packRows<Row>(rows: readonly Row[], { maxRows = Infinity, maxBytes = Infinity }: PackLimits): Row[][] {
  const packs: Row[][] = [];
  let pack: Row[] | undefined;
  let size = 1;
  for (const row of rows) {
    const bytes = Buffer.byteLength(JSON.stringify(row)) + 1; // with its comma or bracket
    if (pack === undefined || size + bytes > maxBytes || pack.length >= maxRows) {
      packs.push((pack = []));
      size = 1;
    }
    pack.push(row);
    size += bytes;
  }
  return packs;
}
