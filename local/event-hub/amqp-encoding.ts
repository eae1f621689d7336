/**
 * The parts of AMQP 1.0's type system that the stand-in reads and writes itself, on raw bytes.
 *
 * Events are kept as the bytes that arrived: decoding and re-encoding would lose what the sender chose (an int is not a
 * long, a missing section is not an empty one). So this file decodes nothing; it finds where values end.
 *
 * @see https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-types-v1.0-os.html#section-encodings
 */

/** The bytes are not valid AMQP. The client gets `amqp:decode-error`. */
export class MalformedMessageError extends Error {
  override readonly name = "MalformedMessageError";
}

const MAX_NESTING = 100;

/** The index after the last byte of the value that begins at `start`. A described value counts as one value. */
export function valueEnd(bytes: Buffer, start: number, nesting = 0): number {
  if (nesting > MAX_NESTING) throw new MalformedMessageError(`values nested deeper than ${MAX_NESTING}`);
  const constructor = byteAt(bytes, start);
  if (constructor === 0x00) {
    return valueEnd(bytes, valueEnd(bytes, start + 1, nesting + 1), nesting + 1);
  }
  const end = start + 1 + contentLength(bytes, start + 1, constructor);
  if (end > bytes.length) throw new MalformedMessageError(`a value at byte ${start} runs past the end`);
  return end;
}

/** The high half of a type code gives the length of the content; sizes of compounds and arrays include the count. */
function contentLength(bytes: Buffer, start: number, constructor: number): number {
  switch (constructor >>> 4) {
    case 0x4:
      return 0;
    case 0x5:
      return 1;
    case 0x6:
      return 2;
    case 0x7:
      return 4;
    case 0x8:
      return 8;
    case 0x9:
      return 16;
    case 0xa:
    case 0xc:
    case 0xe:
      return 1 + byteAt(bytes, start);
    case 0xb:
    case 0xd:
    case 0xf:
      return 4 + uint32At(bytes, start);
    default:
      throw new MalformedMessageError(`unknown type 0x${constructor.toString(16)} at byte ${start - 1}`);
  }
}

export function byteAt(bytes: Buffer, index: number): number {
  const byte = bytes[index];
  if (byte === undefined) throw new MalformedMessageError(`ends at byte ${bytes.length}, in the middle of a value`);
  return byte;
}

function uint32At(bytes: Buffer, index: number): number {
  if (index + 4 > bytes.length)
    throw new MalformedMessageError(`ends at byte ${bytes.length}, in the middle of a size`);
  return bytes.readUInt32BE(index);
}

/** The content of the variable-width value (binary, string or symbol) at `start`; undefined for other types. */
export function variableContent(bytes: Buffer, start: number): Buffer | undefined {
  const constructor = byteAt(bytes, start);
  const end = valueEnd(bytes, start);
  if (constructor >>> 4 === 0xa) return bytes.subarray(start + 2, end);
  if (constructor >>> 4 === 0xb) return bytes.subarray(start + 5, end);
  return undefined;
}

/** One entry of a map. `bytes` holds key and value, still encoded. */
export interface MapEntry {
  readonly key: string;
  readonly bytes: Buffer;
  readonly value: Buffer;
}

/** The entries of the map at `start`, whose keys must be symbols or strings. */
export function mapEntries(bytes: Buffer, start: number): MapEntry[] {
  const constructor = byteAt(bytes, start);
  const end = valueEnd(bytes, start);
  if (constructor === 0x40) return [];
  if (constructor !== 0xc1 && constructor !== 0xd1) throw new MalformedMessageError(`no map at byte ${start}`);
  let position = start + (constructor === 0xc1 ? 3 : 9);
  const entries: MapEntry[] = [];
  while (position < end) {
    const key = variableContent(bytes, position);
    if (key === undefined)
      throw new MalformedMessageError(`a map key at byte ${position} is neither symbol nor string`);
    const valueStart = valueEnd(bytes, position);
    const next = valueEnd(bytes, valueStart);
    if (next > end) throw new MalformedMessageError(`a map entry at byte ${position} runs past its map`);
    entries.push({
      key: key.toString("utf8"),
      bytes: bytes.subarray(position, next),
      value: bytes.subarray(valueStart, next),
    });
    position = next;
  }
  return entries;
}

/** A map section (delivery or message annotations) made of encoded entries. */
export function mapSection(descriptor: number, entries: readonly Buffer[]): Buffer {
  const content = Buffer.concat(entries);
  const head = Buffer.alloc(12);
  head.set([0x00, 0x53, descriptor, 0xd1]);
  head.writeUInt32BE(content.length + 4, 4);
  head.writeUInt32BE(entries.length * 2, 8);
  return Buffer.concat([head, content]);
}

export function longEntry(key: string, value: number): Buffer {
  return wideEntry(key, 0x81, value);
}

/** `milliseconds` since 1970, UTC. */
export function timestampEntry(key: string, milliseconds: number): Buffer {
  return wideEntry(key, 0x83, milliseconds);
}

export function stringEntry(key: string, value: string): Buffer {
  const content = Buffer.from(value, "utf8");
  const head = Buffer.alloc(5);
  head.writeUInt8(0xb1);
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([symbol(key), head, content]);
}

function wideEntry(key: string, constructor: number, value: number): Buffer {
  const content = Buffer.alloc(9);
  content.writeUInt8(constructor);
  content.writeBigInt64BE(BigInt(value), 1);
  return Buffer.concat([symbol(key), content]);
}

/** `key` must be ASCII and shorter than 256 characters. */
function symbol(key: string): Buffer {
  return Buffer.concat([Buffer.from([0xa3, key.length]), Buffer.from(key, "ascii")]);
}
