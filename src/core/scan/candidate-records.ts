import { parseRecord, readEventBody, type ReadRecord, type Unreadable } from "../event-body.ts";
import { withoutByteOrderMark } from "../json-slices.ts";
import { candidateSlices } from "./candidate-slices.ts";
import { isBlank, skipBlanks } from "./json-walk.ts";
import { GIVEN_UP, type LiteralScan } from "./literal-scan.ts";

/** What has to be read of an event's body. */
export interface Candidates {
  readonly records: readonly ReadRecord[];
  readonly unreadable: readonly Unreadable[];
  /** Records that hold no literal, as far as they lie before the last of these: they can match no rule, and were not parsed. */
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
  if (first === GIVEN_UP || !isFramed(body)) return inFull(body);
  if (first < 0) return undefined;
  const slices = candidateSlices(body, first, scan);
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

function skipBlanksBack(json: Uint8Array, from: number): number {
  let at = from;
  while (isBlank(json[at])) at -= 1;
  return at;
}
