import { isUtf8 } from "node:buffer";
import { holdsInexactWhole } from "../json/inexact-wholes.ts";
import { parseExactJson } from "../../kql/run/exact-json.ts";
import type { Json } from "../../kql/run/values.ts";
import { recordsArrayStart, sliceArray, withoutByteOrderMark } from "../json/json-slices.ts";
import { OPEN_OBJECT } from "../json/json-walk.ts";

/** One record of a diagnostic export: a JSON object whose fields are not checked yet. */
export type DiagnosticRecord = Readonly<Record<string, Json>>;

export interface ReadRecord {
  readonly record: DiagnosticRecord;
  /** The record's bytes within the body. */
  bytes(): Uint8Array;
}

/** Bytes that cannot be read. Sending them again cannot help. */
export interface Unreadable {
  readonly bytes: Uint8Array;
  readonly reason: string;
}

export interface EventBody {
  readonly records: readonly ReadRecord[];
  readonly unreadable: readonly Unreadable[];
}

/**
 * Larger bodies are not parsed. A hub accepts 1 MB, Azure Monitor writes no more, and only self-serve dedicated clusters
 * accept 20 MB. In memory a body can be twenty times as large as on the wire.
 * https://learn.microsoft.com/azure/event-hubs/event-hubs-quotas
 */
export const MAX_EVENT_BYTES = 4 * 1_048_576;

/**
 * Reads the diagnostic records in the body of one Event Hub event, in the order they were sent.
 *
 * Azure Monitor wraps them as `{"records": [...]}`; a bare array and a single record are read too, each with or without a
 * UTF-8 byte order mark. Never throws: anything that is not a record is returned as `unreadable`, and the good records
 * beside it are still read, even if the body as a whole is not JSON.
 *
 * @param body UTF-8 JSON, at most MAX_EVENT_BYTES
 * @see https://learn.microsoft.com/azure/azure-monitor/platform/resource-logs
 */
export function readEventBody(body: Uint8Array): EventBody {
  if (body.length > MAX_EVENT_BYTES) return unreadable(body, `larger than ${MAX_EVENT_BYTES} bytes: not read`);
  const json = withoutByteOrderMark(body);
  if (json.length === 0) return unreadable(body, "empty body");
  const parsed = parseJson(json);
  if ("problem" in parsed) return salvage(body, json, parsed.problem);
  const { value } = parsed;
  if (Array.isArray(value)) return readElements(body, json, value);
  if (!isRecord(value)) return unreadable(body, "not a JSON object or array");
  if (!Object.hasOwn(value, "records")) return { records: [{ record: value, bytes: () => json }], unreadable: [] };
  const records = value["records"];
  if (Array.isArray(records)) return readElements(body, json, records);
  return unreadable(body, '"records" is not an array');
}

/** The records of a body that is JSON. Their bytes are found only when needed. */
function readElements(body: Uint8Array, json: Uint8Array, values: readonly Json[]): EventBody {
  let slices: readonly Uint8Array[] | undefined;
  const bytesOf = (index: number): Uint8Array => {
    slices ??= sliceArray(json, recordsArrayStart(json) ?? 0).slices;
    return slices[index] ?? body;
  };
  const records: ReadRecord[] = [];
  const unreadables: Unreadable[] = [];
  for (const [index, value] of values.entries()) {
    if (isRecord(value)) records.push({ record: value, bytes: () => bytesOf(index) });
    else unreadables.push({ bytes: bytesOf(index), reason: `records[${index}] is not an object` });
  }
  return { records, unreadable: unreadables };
}

/** The records of a body that is not JSON: a bad record must not make the good ones unreadable. */
function salvage(body: Uint8Array, json: Uint8Array, problem: string): EventBody {
  const start = recordsArrayStart(json);
  if (start === undefined) return unreadable(body, problem);
  const { slices, after } = sliceArray(json, start);
  const records: ReadRecord[] = [];
  const unreadables: Unreadable[] = [];
  for (const [index, bytes] of slices.entries()) {
    const parsed = parseJson(bytes);
    if ("value" in parsed && isRecord(parsed.value)) records.push({ record: parsed.value, bytes: () => bytes });
    else
      unreadables.push({
        bytes,
        reason: `records[${index}]: ${"problem" in parsed ? parsed.problem : "not an object"}`,
      });
  }
  // The slices are the whole body only if the fault is inside elements, or the body was cut off inside one.
  const isWhole = records.length > 0 && unreadables.length > 0 && isSoundAround(json.subarray(0, start), after);
  return { records, unreadable: isWhole ? unreadables : [{ bytes: body, reason: problem }] };
}

/** Whether the body without the array's elements is JSON, or the beginning of JSON. */
function isSoundAround(before: Uint8Array, after: Uint8Array): boolean {
  const closing = before.includes(OPEN_OBJECT) ? "]}" : "]";
  const rest = after.length > 0 ? after : Buffer.from(closing);
  return "value" in parseJson(Buffer.concat([before, Buffer.from("["), rest]));
}

function unreadable(bytes: Uint8Array, reason: string): EventBody {
  return { records: [], unreadable: [{ bytes, reason }] };
}

function parseJson(bytes: Uint8Array): { value: Json } | { problem: string } {
  // This check is faster than a decoder that throws.
  if (!isUtf8(bytes)) return { problem: "not UTF-8" };
  try {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
    return { value: parseExactJson(text, holdsInexactWhole(bytes)) };
  } catch (error) {
    // The parser's message quotes the data, so it is dropped.
    if (error instanceof SyntaxError) return { problem: "not JSON" };
    throw error;
  }
}

/** The record in the bytes; undefined if they are not a JSON object. */
export function parseRecord(bytes: Uint8Array): DiagnosticRecord | undefined {
  const parsed = parseJson(bytes);
  return "value" in parsed && isRecord(parsed.value) ? parsed.value : undefined;
}

export function isRecord(value: unknown): value is DiagnosticRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
