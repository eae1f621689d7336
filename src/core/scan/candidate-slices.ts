import { isRecordsKey, withoutByteOrderMark } from "../json/json-slices.ts";
import { elementBounds } from "./element-bounds.ts";
import { closingBracket, closingQuote, skipBlanks, type Walked, walked } from "./json-walk.ts";

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
  /** How many records hold none. */
  readonly skipped: number;
}

/**
 * The bytes of the records that hold a literal. Undefined where the body is not an array of objects, by itself or as
 * the value of the top-level key `records`: of several such keys the last, as for `JSON.parse`.
 *
 * @param hits where literals stand, in order
 */
export function candidateSlices(body: Uint8Array, hits: readonly number[]): CandidateSlices | undefined {
  const start = skipBlanks(body, body.length - withoutByteOrderMark(body).length);
  if (body[start] === OPEN_ARRAY) {
    const found = searchArray(body, start, hits);
    return found && skipBlanks(body, found.end) === body.length ? found : undefined;
  }
  return body[start] === OPEN_OBJECT ? searchObject(walked(body), start, hits) : undefined;
}

function searchObject(walk: Walked, start: number, hits: readonly number[]): CandidateSlices | undefined {
  const { json } = walk;
  let found: CandidateSlices | undefined;
  for (let at = skipBlanks(json, start + 1); json[at] === QUOTE; at = skipBlanks(json, at + 1)) {
    const keyEnd = closingQuote(walk, at + 1) + 1;
    const colon = skipBlanks(json, keyEnd);
    if (json[colon] !== COLON) return undefined;
    const value = skipBlanks(json, colon + 1);
    let end;
    if (isRecordsKey(json.subarray(at, keyEnd))) {
      if (json[value] !== OPEN_ARRAY) return undefined;
      const searched = searchArray(json, value, hits);
      if (searched === undefined) return undefined;
      found = searched;
      end = searched.end;
    } else end = endOfValue(walk, value);
    if (end < 0) return undefined;
    at = skipBlanks(json, end);
    if (json[at] === CLOSE_OBJECT) return skipBlanks(json, at + 1) === json.length ? found : undefined;
    if (json[at] !== COMMA) return undefined;
  }
  return undefined;
}

interface Searched extends CandidateSlices {
  /** Behind the array. */
  readonly end: number;
}

/** Takes the candidates out of an array of objects. Undefined where an element is no object, or a bracket is missing. */
function searchArray(json: Uint8Array, start: number, hits: readonly number[]): Searched | undefined {
  const { bounds, end } = elementBounds(json, start);
  if (json[end] !== CLOSE_ARRAY) return undefined;
  const candidates: Uint8Array[] = [];
  let hit = 0;
  let behind = skipBlanks(json, start + 1);
  for (let index = 0; index < bounds.length; index += 2) {
    const first = bounds[index] ?? -1;
    const last = bounds[index + 1] ?? -1;
    if (behind !== first || json[first] !== OPEN_OBJECT || json[last] !== CLOSE_OBJECT) return undefined;
    while ((hits[hit] ?? Number.POSITIVE_INFINITY) < first) hit += 1;
    if ((hits[hit] ?? Number.POSITIVE_INFINITY) <= last) candidates.push(json.subarray(first, last + 1));
    behind = skipBlanks(json, last + 1);
    if (behind === end) return { candidates, skipped: bounds.length / 2 - candidates.length, end: end + 1 };
    if (json[behind] !== COMMA) return undefined;
    behind = skipBlanks(json, behind + 1);
  }
  return bounds.length === 0 && behind === end ? { candidates, skipped: 0, end: end + 1 } : undefined;
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
