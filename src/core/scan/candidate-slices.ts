import { isRecordsKey, withoutByteOrderMark } from "../json/json-slices.ts";
import {
  BETWEEN_ELEMENTS,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  closingBracket,
  COLON,
  COMMA,
  endOfString,
  jsonWalk,
  nextEdge,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  skipWhitespace,
} from "../json/json-walk.ts";

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
  const start = skipWhitespace(body, body.length - withoutByteOrderMark(body).length);
  if (body[start] === OPEN_ARRAY) {
    const found = searchArray(body, start, hits);
    return found && skipWhitespace(body, found.end) === body.length ? found : undefined;
  }
  return body[start] === OPEN_OBJECT ? searchObject(body, start, hits) : undefined;
}

function searchObject(json: Uint8Array, start: number, hits: readonly number[]): CandidateSlices | undefined {
  let found: CandidateSlices | undefined;
  for (let at = skipWhitespace(json, start + 1); json[at] === QUOTE; at = skipWhitespace(json, at + 1)) {
    const keyEnd = endOfString(json, at);
    const colon = skipWhitespace(json, keyEnd);
    if (json[colon] !== COLON) return undefined;
    const value = skipWhitespace(json, colon + 1);
    let end;
    if (isRecordsKey(json.subarray(at, keyEnd))) {
      if (json[value] !== OPEN_ARRAY) return undefined;
      const searched = searchArray(json, value, hits);
      if (searched === undefined) return undefined;
      found = searched;
      end = searched.end;
    } else end = endOfValue(json, value);
    at = skipWhitespace(json, end);
    if (json[at] === CLOSE_OBJECT) return skipWhitespace(json, at + 1) === json.length ? found : undefined;
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
  const walk = jsonWalk(json, BETWEEN_ELEMENTS);
  const candidates: Uint8Array[] = [];
  let skipped = 0;
  let hit = 0;
  let first = skipWhitespace(json, start + 1);
  if (json[first] === CLOSE_ARRAY) return { candidates, skipped, end: first + 1 };
  while (json[first] === OPEN_OBJECT) {
    const last = nextEdge(walk, first);
    if (json[last] !== CLOSE_OBJECT) return undefined;
    while ((hits[hit] ?? json.length) < first) hit += 1;
    if ((hits[hit] ?? json.length) <= last) candidates.push(json.subarray(first, last + 1));
    else skipped += 1;
    const behind = skipWhitespace(json, last + 1);
    if (json[behind] === CLOSE_ARRAY) return { candidates, skipped, end: behind + 1 };
    if (json[behind] !== COMMA) return undefined;
    first = skipWhitespace(json, behind + 1);
  }
  return undefined;
}

/** Behind a value. A quote ends one that is neither string, array nor object: it may begin a key. */
function endOfValue(json: Uint8Array, start: number): number {
  const byte = json[start];
  if (byte === QUOTE) return endOfString(json, start);
  if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) return closingBracket(json, start) + 1;
  let at = start;
  while (at < json.length && json[at] !== COMMA && json[at] !== CLOSE_OBJECT && json[at] !== QUOTE) at += 1;
  return at;
}
