const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * The elements of a JSON array whose bytes come in chunks, without parsing them: one element is held at a time.
 *
 * As `sliceArray` does for bytes that are there: strings are skipped as strings, nothing recurses, any bracket closes,
 * and an array that is cut short ends with what there is of its last element.
 *
 * @param chunks the first begins with the bracket that opens the array
 * @returns what follows the bracket that closes it, in the chunk that has it
 */
export async function* arrayElements(
  chunks: AsyncIterable<Buffer> | Iterable<Buffer>,
): AsyncGenerator<Uint8Array, Buffer> {
  let depth = 0;
  let inString = false;
  let isEscaped = false;
  let parts: Buffer[] = [];
  for await (const chunk of chunks) {
    let from = depth === 0 ? 1 : 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (inString) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) inString = false;
      } else if (byte === QUOTE) inString = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1;
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        depth -= 1;
        if (depth > 0) continue;
        yield* element([...parts, chunk.subarray(from, at)]);
        return chunk.subarray(at + 1);
      } else if (byte === COMMA && depth === 1) {
        yield* element([...parts, chunk.subarray(from, at)]);
        parts = [];
        from = at + 1;
      }
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
  }
  yield* element(parts);
  return Buffer.alloc(0);
}

/** What is not blank, without the blanks around it. */
function* element(parts: readonly Buffer[]): Generator<Uint8Array> {
  const bytes = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
  let [from, end] = [0, bytes.length];
  while (from < end && isBlankByte(bytes[from])) from += 1;
  while (end > from && isBlankByte(bytes[end - 1])) end -= 1;
  if (from < end) yield bytes.subarray(from, end);
}

export function isBlankByte(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
