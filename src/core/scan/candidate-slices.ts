import { isRecordsKey, withoutByteOrderMark } from "../json-slices.ts";
import { closingBracket, closingQuote, skipBlanks, type Walked, walked } from "./json-walk.ts";
import { GIVEN_UP, type LiteralScan } from "./literal-scan.ts";

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

export interface CandidateSlices {
  /** The records that hold a literal. */
  readonly candidates: readonly Uint8Array[];
  /** Records without one, as far as they were passed on the way to the last candidate. */
  readonly ruledOut: number;
}

/**
 * The bytes of the records that hold a literal. Undefined where the body is not an array of objects, by itself or as
 * the value of the top-level key `records`: of several such keys the last, as for `JSON.parse`; and where the scan gave up.
 *
 * @param firstHit the first place that the scan found
 */
export function candidateSlices(body: Uint8Array, firstHit: number, scan: LiteralScan): CandidateSlices | undefined {
  const walk = walked(body);
  const start = skipBlanks(body, body.length - withoutByteOrderMark(body).length);
  const search: Search = { scan, hit: firstHit, candidates: [], ruledOut: 0 };
  if (body[start] === OPEN_ARRAY) return searchArray(walk, start, search) < 0 ? undefined : search;
  return body[start] === OPEN_OBJECT ? searchObject(walk, start, search) : undefined;
}

/** How far the search is; `hit` is the next place of a literal, -1 behind the last one. */
interface Search {
  readonly scan: LiteralScan;
  hit: number;
  candidates: Uint8Array[];
  ruledOut: number;
}

function searchObject(walk: Walked, start: number, search: Search): CandidateSlices | undefined {
  const { json } = walk;
  let hasRecords = false;
  for (let at = skipBlanks(json, start + 1); json[at] === QUOTE; at = skipBlanks(json, at + 1)) {
    const keyEnd = closingQuote(walk, at + 1) + 1;
    const colon = skipBlanks(json, keyEnd);
    if (json[colon] !== COLON) return undefined;
    const value = skipBlanks(json, colon + 1);
    let end;
    if (isRecordsKey(json.subarray(at, keyEnd))) {
      if (json[value] !== OPEN_ARRAY) return undefined;
      hasRecords = true;
      Object.assign(search, { candidates: [], ruledOut: 0 });
      end = searchArray(walk, value, search);
      if (end >= 0 && search.hit === -1 && !mayHoldRecordsKey(json, end)) return search;
    } else end = endOfValue(walk, value);
    if (end < 0) return undefined;
    at = skipBlanks(json, end);
    if (json[at] === CLOSE_OBJECT) return hasRecords && skipBlanks(json, at + 1) === json.length ? search : undefined;
    if (json[at] !== COMMA) return undefined;
  }
  return undefined;
}

/**
 * Takes the candidates out of an array of objects. Returns where it was left: behind its bracket or, where no literal
 * follows and the array is the body's last value as far as one can tell, behind the last candidate; -1 where an element is no
 * object, or a bracket is missing.
 */
function searchArray(walk: Walked, start: number, search: Search): number {
  const { json } = walk;
  let at = skipBlanks(json, start + 1);
  if (json[at] === CLOSE_ARRAY) return at + 1;
  for (;;) {
    if (json[at] !== OPEN_OBJECT) return -1;
    const end = closingBracket(walk, at);
    if (end < 0) return -1;
    if (search.hit !== -1 && search.hit < at) search.hit = search.scan.find(json, at);
    if (search.hit === GIVEN_UP) return -1;
    if (search.hit !== -1 && search.hit <= end) {
      search.candidates.push(json.subarray(at, end + 1));
      search.hit = search.scan.find(json, end + 1);
      if (search.hit === -1 && !mayHoldRecordsKey(json, end)) return end + 1;
    } else search.ruledOut += 1;
    at = skipBlanks(json, end + 1);
    if (json[at] === CLOSE_ARRAY) return at + 1;
    if (json[at] !== COMMA) return -1;
    at = skipBlanks(json, at + 1);
  }
}

const RECORDS_KEY = Buffer.from('"records"');
/** How each letter of the key would begin if it were escaped. */
const ESCAPE = Buffer.from(String.raw`\u00`);

/** Whether another key `records` may stand behind a place: then what was found before it does not count. */
function mayHoldRecordsKey(json: Uint8Array, from: number): boolean {
  const rest = Buffer.from(json.buffer, json.byteOffset + from, json.length - from);
  return rest.includes(RECORDS_KEY) || rest.includes(ESCAPE);
}

/** Behind a value, or -1. */
function endOfValue(walk: Walked, start: number): number {
  const { json } = walk;
  const byte = json[start];
  if (byte === QUOTE) return closingQuote(walk, start + 1) + 1;
  if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
    const end = closingBracket(walk, start);
    return end < 0 ? -1 : end + 1;
  }
  let at = start;
  while (at < json.length && json[at] !== COMMA && json[at] !== CLOSE_OBJECT) at += 1;
  return at;
}
