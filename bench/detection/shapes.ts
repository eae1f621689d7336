import { recordSource } from "../records.ts";

/** Event bodies, each in its own memory as the Event Hubs library delivers them, with the expected matches. */
export interface Shape {
  readonly name: string;
  readonly bodies: readonly Uint8Array[];
  readonly bytes: number;
  readonly records: number;
  /** Ids of the audit records that match the official rule, in order. */
  readonly expected: readonly string[];
}

/** This many events with one audit record each, of which a share match. */
export function singles(count: number, name: string, matches: number): Shape {
  return shape({ name, bodyBytes: 1, totalBytes: Number.POSITIVE_INFINITY, bodyCount: count, signIns: 0, matches });
}

interface Form {
  readonly bodyCount?: number;
  readonly name: string;
  /** Approximate size of a body. */
  readonly bodyBytes: number;
  readonly totalBytes: number;
  readonly signIns: number;
  readonly matches: number;
  readonly write?: (text: string) => string;
}

const MIXED = { bodyBytes: 290_000, signIns: 0.85, matches: 0.0001 };

export function mixed(totalBytes: number): Shape {
  return shape({ ...MIXED, name: "large mixed bodies", totalBytes });
}

/** As `mixed`, but no record other than the matches has an operation that a rule would look for. */
export function mixedWithoutOthers(totalBytes: number): Shape {
  const write = (text: string) =>
    text.includes('"Update role setting in PIM"')
      ? text
      : text.replaceAll(/"(operationName|activityDisplayName)":"[^"]*"/g, '"$1":"Review the report of usage"');
  return shape({ ...MIXED, name: "large mixed bodies of other operations", totalBytes, write });
}

export function tiny(totalBytes: number, bodyCount = Number.POSITIVE_INFINITY): Shape {
  return shape({ name: "tiny bodies", bodyBytes: 1, totalBytes, bodyCount, signIns: 0.85, matches: 0.0001 });
}

export function auditOnly(totalBytes: number): Shape {
  return shape({ name: "audit only, 1 % matches", bodyBytes: 240_000, totalBytes, signIns: 0, matches: 0.01 });
}

export function highMatchRate(totalBytes: number): Shape {
  return shape({ name: "audit only, half of it matches", bodyBytes: 240_000, totalBytes, signIns: 0, matches: 0.5 });
}

/** Writes every letter of every string as `\u00XX`, and slashes as `\/`. */
export function escapes(totalBytes: number): Shape {
  const write = (text: string) =>
    text.replaceAll(/"(?:[^"\\]|\\.)*"/g, (quoted) => quoted.replaceAll(/\\.|[a-zA-Z/]/g, escaped));
  return shape({ ...MIXED, name: "escapes everywhere", totalBytes, write });
}

function escaped(unit: string): string {
  if (unit.startsWith("\\")) return unit;
  return unit === "/" ? String.raw`\/` : `\\u00${unit.charCodeAt(0).toString(16)}`;
}

function shape({
  name,
  bodyBytes,
  totalBytes,
  bodyCount = Number.POSITIVE_INFINITY,
  write = (text) => text,
  ...shares
}: Form): Shape {
  const next = recordSource(name, shares);
  const bodies: Uint8Array[] = [];
  const expected: string[] = [];
  let bytes = 0;
  let records = 0;
  while (bytes < totalBytes && bodies.length < bodyCount) {
    const texts: string[] = [];
    for (let size = 0; size < bodyBytes; size += texts.at(-1)?.length ?? 0) {
      const record = next();
      records += 1;
      if (record["operationName"] === "Update role setting in PIM") expected.push(idOf(record));
      texts.push(write(JSON.stringify(record)));
    }
    const body = ownBytes(Buffer.from(`{"records":[${texts.join(",")}]}`));
    bytes += body.length;
    bodies.push(body);
  }
  return { name, bodies, bytes, records, expected };
}

/** The bytes in unshared memory, like the library's copy of an event's body. */
export function ownBytes(bytes: Uint8Array): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length);
  own.set(bytes);
  return own;
}

function idOf({ properties }: Readonly<Record<string, unknown>>): string {
  return typeof properties === "object" && properties !== null && "id" in properties ? String(properties.id) : "";
}
