import { parseRecord, readEventBody, type ReadRecord, type Unreadable } from "../event-body.ts";
import { isRecordsKey, withoutByteOrderMark } from "../json-slices.ts";
import type { LiteralScan } from "./literal-scan.ts";

/** What has to be read of an event's body. */
export interface Candidates {
  readonly records: readonly ReadRecord[];
  readonly unreadable: readonly Unreadable[];
  /** Records beside them that hold no literal: they can match no rule, and were not parsed. */
  readonly ruledOut: number;
}

/**
 * The records of an event's body that can match a rule, or undefined where none can.
 *
 * A body without a literal is not looked into, except that its first and last bytes must be those of a JSON object or
 * array: what is empty, cut off, packed or in another encoding still comes back as unreadable. In a body with one the
 * records are told apart by their brackets, and those that hold a literal are parsed. Whatever is irregular there is
 * read in full, as {@link readEventBody} does.
 */
export function candidateRecords(body: Uint8Array, scan: LiteralScan): Candidates | undefined {
  const first = scan.find(body, 0);
  if (first < 0) return isFramed(body) ? undefined : inFull(body);
  const slices = slicesAround(body, first, scan);
  if (slices === undefined) return inFull(body);
  const records: ReadRecord[] = [];
  for (const bytes of slices.candidates) {
    const record = parseRecord(bytes);
    if (record === undefined) return inFull(body);
    records.push({ record, bytes: () => bytes });
  }
  return { records, unreadable: [], ruledOut: slices.ruledOut };
}

function inFull(body: Uint8Array): Candidates {
  return { ...readEventBody(body), ruledOut: 0 };
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** How nearly every body begins. */
const RECORDS_KEY = Buffer.from('"records"');

/** Whether the body begins and ends as a JSON object or array does, and one that begins with its records with them. */
function isFramed(body: Uint8Array): boolean {
  const json = withoutByteOrderMark(body);
  const first = skipBlanks(json, 0);
  const last = skipBlanksBack(json, json.length - 1);
  if (json[first] === OPEN_ARRAY) return json[last] === CLOSE_ARRAY;
  if (json[first] !== OPEN_OBJECT || json[last] !== CLOSE_OBJECT) return false;
  const key = skipBlanks(json, first + 1);
  return (
    !RECORDS_KEY.every((byte, index) => json[key + index] === byte) ||
    json[skipBlanksBack(json, last - 1)] === CLOSE_ARRAY
  );
}

function skipBlanks(json: Uint8Array, from: number): number {
  let at = from;
  while (isBlank(json[at])) at += 1;
  return at;
}

function skipBlanksBack(json: Uint8Array, from: number): number {
  let at = from;
  while (isBlank(json[at])) at -= 1;
  return at;
}

interface Slices {
  readonly candidates: readonly Uint8Array[];
  readonly ruledOut: number;
}

/**
 * The records that hold a literal. Undefined where the body is not an array of objects, by itself or as the value of
 * the top-level key `records`: of several such keys the last, as for `JSON.parse`.
 */
// eslint-disable-next-line max-lines-per-function, complexity -- one pass over the bytes; its state is these five variables
function slicesAround(body: Uint8Array, firstHit: number, scan: LiteralScan): Slices | undefined {
  const json = body;
  let at = skipBlanks(json, json.length - withoutByteOrderMark(json).length);
  const isBare = json[at] === OPEN_ARRAY;
  if (!isBare && json[at] !== OPEN_OBJECT) return undefined;
  /** The depth within the array of records. */
  const level = isBare ? 1 : 2;
  let depth = 0;
  let isInRecords = isBare;
  let hit = firstHit;
  let start = 0;
  let candidates: Uint8Array[] | undefined = isBare ? [] : undefined;
  let ruledOut = 0;
  /** Whether a comma or the array's beginning stands before: a record may come. */
  let isExpected = true;
  for (; at < json.length; at += 1) {
    const byte = json[at];
    if (byte === QUOTE) {
      const opening = at;
      at = closingQuote(json, at + 1);
      if (depth === 1 && !isBare) {
        const colon = skipBlanks(json, at + 1);
        if (json[colon] !== COLON || !isRecordsKey(json.subarray(opening, at + 1))) continue;
        if (json[skipBlanks(json, colon + 1)] !== OPEN_ARRAY) return undefined;
        isInRecords = true;
        isExpected = true;
        candidates = [];
        ruledOut = 0;
      } else if (depth === level && isInRecords) return undefined; // a record that is a string
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      if (depth === level && isInRecords) {
        if (byte === OPEN_ARRAY || !isExpected) return undefined;
        start = at;
      }
      depth += 1;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      depth -= 1;
      if (depth === level && isInRecords) {
        if (hit >= 0 && hit < start) hit = scan.find(body, start);
        if (hit >= 0 && hit <= at) {
          candidates?.push(json.subarray(start, at + 1));
          hit = scan.find(body, at + 1);
        } else ruledOut += 1;
        isExpected = false;
      } else if (depth === level - 1 && isInRecords) {
        if (isExpected && (candidates?.length ?? 0) + ruledOut > 0) return undefined; // a comma before the end
        isInRecords = false;
      }
      if (depth === 0) return candidates && isBlankFrom(json, at + 1) ? { candidates, ruledOut } : undefined;
    } else if (depth === level && isInRecords && !isBlank(byte)) {
      if (byte !== COMMA || isExpected) return undefined;
      isExpected = true;
    }
  }
  return undefined;
}

/** Where the string that opens before `from` closes, or the end. */
function closingQuote(json: Uint8Array, from: number): number {
  let at = from;
  for (let byte = json[at]; byte !== QUOTE && byte !== undefined; byte = json[at]) at += byte === BACKSLASH ? 2 : 1;
  return at;
}

function isBlankFrom(json: Uint8Array, from: number): boolean {
  return skipBlanks(json, from) === json.length;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
