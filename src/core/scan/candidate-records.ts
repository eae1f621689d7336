import { MAX_EVENT_BYTES, parseRecord, readEventBody, type ReadRecord, type Unreadable } from "../event/event-body.ts";
import { withoutByteOrderMark } from "../json/json-slices.ts";
import {
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  closingBracket,
  COLON,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  skipWhitespace,
  skipWhitespaceBack,
} from "../json/json-walk.ts";
import { candidateSlices } from "./candidate-slices.ts";
import type { LiteralScan } from "./literal-scan.ts";

/** What has to be read of an event's body. */
export interface Candidates {
  readonly records: readonly ReadRecord[];
  readonly unreadable: readonly Unreadable[];
  /** Records that hold no literal: they can match no rule, and were not parsed. */
  readonly skipped: number;
}

/** Up to how many bytes a body is read in full all the same, so that bad data in it is noticed. */
export interface ReadInFull {
  readonly withoutLiteral: number;
  readonly withLiteral: number;
}

/**
 * No audit record is as short as the first; of bodies as short as the second, so few hold a literal that reading
 * them costs next to nothing.
 */
const READ_IN_FULL: ReadInFull = { withoutLiteral: 256, withLiteral: 16_384 };

/**
 * The records of an event's body that can match a rule, or undefined where none can.
 *
 * Of a body without a literal, only the first and last bytes are checked: they must be those of records. A body that is
 * empty, cut off, packed or in another encoding still comes back as unreadable. A body whose last record ends with text is
 * read in full, since that text may be properties that were cut off. If a body does not end as exports do, its last
 * bracket must also close the first. Of a large body with a literal, only the records around the literals are parsed.
 * Small and irregular bodies are read in full, as {@link readEventBody} does.
 *
 * @param scan undefined where it is off: then every body is read in full
 */
export function candidateRecords(
  body: Uint8Array,
  scan: LiteralScan | undefined,
  whole: ReadInFull = READ_IN_FULL,
): Candidates | undefined {
  if (scan === undefined) return inFull(body);
  // What is too large is refused as a whole, not searched for what may be read of it.
  if (body.length <= whole.withoutLiteral || body.length > MAX_EVENT_BYTES) return inFull(body);
  const hits = scan.search(body);
  if (hits === undefined || !isFramed(body)) return inFull(body);
  if (hits.length === 0) return undefined;
  if (body.length <= whole.withLiteral) return inFull(body);
  const slices = candidateSlices(body, hits);
  if (slices === undefined) return inFull(body);
  const records: ReadRecord[] = [];
  for (const bytes of slices.candidates) {
    const record = parseRecord(bytes);
    if (record === undefined) return inFull(body);
    records.push({ record, bytes: () => bytes });
  }
  return { records, unreadable: [], skipped: slices.skipped };
}

function inFull(body: Uint8Array): Candidates {
  return { ...readEventBody(body), skipped: 0 };
}

/** How nearly every body begins. */
const RECORDS_KEY = Buffer.from('"records"');

/** Whether the body begins and ends as records do: in an object with the key `records`, in an array, or by themselves. */
function isFramed(body: Uint8Array): boolean {
  const json = withoutByteOrderMark(body);
  const first = skipWhitespace(json, 0);
  const last = skipWhitespaceBack(json, json.length - 1);
  if (json[first] === OPEN_ARRAY)
    return json[last] === CLOSE_ARRAY && isFramedArray(json, first, last) && isWhole(json, first, last);
  if (json[first] !== OPEN_OBJECT || json[last] !== CLOSE_OBJECT) return false;
  const key = skipWhitespace(json, first + 1);
  if (json[key] !== QUOTE) return false;
  if (!stands(RECORDS_KEY, json, key)) return !endsIn(json, last, QUOTE) && isWhole(json, first, last);
  const colon = skipWhitespace(json, key + RECORDS_KEY.length);
  const array = skipWhitespace(json, colon + 1);
  const end = skipWhitespaceBack(json, last - 1);
  const isArray = json[colon] === COLON && json[array] === OPEN_ARRAY && json[end] === CLOSE_ARRAY;
  if (!isArray || !isFramedArray(json, array, end)) return false;
  // Records of exports end with an object: `properties` is their last key.
  return endsIn(json, skipWhitespaceBack(json, end - 1), CLOSE_OBJECT) || isWhole(json, first, last);
}

/** Whether the last value of the object that closes at `close` ends with this byte. */
function endsIn(json: Uint8Array, close: number, byte: number): boolean {
  return json[skipWhitespaceBack(json, close - 1)] === byte;
}

/**
 * Whether the last bracket closes the first: of a body that is cut off within, the end of a list or object can look like
 * that of all. This walks over every byte, so it is left out for bodies that end as those of exports.
 */
function isWhole(json: Uint8Array, first: number, last: number): boolean {
  return closingBracket(json, first) === last;
}

function stands(text: Uint8Array, json: Uint8Array, at: number): boolean {
  for (let index = 0; index < text.length; index += 1) if (json[at + index] !== text[index]) return false;
  return true;
}

/**
 * Whether the array's elements begin and end as objects do. The last value must not be text: it may be `properties` as
 * JSON text that was cut off before the literal.
 */
function isFramedArray(json: Uint8Array, start: number, end: number): boolean {
  const first = skipWhitespace(json, start + 1);
  const close = skipWhitespaceBack(json, end - 1);
  return (
    json[first] === OPEN_OBJECT &&
    json[skipWhitespace(json, first + 1)] === QUOTE &&
    json[close] === CLOSE_OBJECT &&
    !endsIn(json, close, QUOTE)
  );
}
