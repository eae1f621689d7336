import { createHash, type Hash } from "node:crypto";
import { propertiesOf, tenantOf } from "../event/audit-log.ts";
import { sha256Hex } from "../json/content-hash.ts";
import type { DiagnosticRecord, ReadRecord } from "../event/event-body.ts";
import { jsonText } from "../../kql/run/dynamic-text.ts";
import { foldJson, type JsonBuilder } from "../../kql/run/exact-json.ts";
import type { Row } from "../../kql/run/values.ts";
import { oncePer } from "../once-per.ts";
import { parseTimestamp } from "../event/timestamp.ts";

/*
 * An incident is identified by tenant, rule, audit record and row of the rule's result, but not by the rule's version, the
 * place in the hub, the layout of the event or the time of processing.
 *
 *     record                            is identified by
 *     properties.id is a text           that text, exactly as written; "" is not an id
 *     properties.id is a number         that number: 5 and "5" differ, 5 and 5.0 do not
 *     anything else                     its content, without the fields that change when it is sent again
 *
 * The content leaves out the tenant, which counts by itself, and `time`, which Azure Monitor rewrites when it exports a
 * record again. If `properties.activityDateTime` is not a time, only `time` distinguishes two equal activities, so it
 * counts. The order of keys and of array elements does not count, and numbers are compared by all digits.
 */

export interface IncidentKey {
  /** The tenant that the record names, or the app's only tenant if it names none. */
  readonly tenant: string;
  readonly ruleId: string;
  readonly source: ReadRecord;
  /** See {@link rowOrdinals}. */
  readonly ordinal: number;
}

/** sha256, in hex, over everything that identifies an incident. */
export function incidentId({ tenant, ruleId, source, ordinal }: IncidentKey): string {
  return beginningOf(source)(tenant, ruleId).copy().update(`,${ordinal}]`).digest("hex");
}

/** Hashes everything except the ordinal once: an id may be as long as the record, which may have a thousand rows. */
const beginningOf = oncePer((source: ReadRecord) => {
  const known = new Map<string, Hash>();
  return (tenant: string, ruleId: string): Hash => {
    const key = JSON.stringify([tenant, ruleId]);
    const identity = () => JSON.stringify([tenant, ruleId, ...recordIdentity(source)]).slice(0, -1);
    const hash = known.get(key) ?? createHash("sha256").update(identity());
    known.set(key, hash);
    return hash;
  };
});

/**
 * sha256, in hex, that is equal for two copies of one record, and different for two records, even under one id.
 *
 * @param source with its fields as `shapedRecord` gives them
 */
export function recordHash(source: ReadRecord): string {
  return sha256Hex(JSON.stringify([tenantOf(source.record), ...recordIdentity(source), contentOf(source)]));
}

type RecordIdentity = readonly [kind: "id" | "number" | "content", value: string];

function recordIdentity(source: ReadRecord): RecordIdentity {
  const id = propertiesOf(source.record)["id"];
  // This form must never change: after an update every incident would be a new one.
  return typeof id === "string" && id !== "" ? ["id", id] : identityOfContent(source);
}

/** Reads the bytes, since a parsed number may have lost digits. */
const identityOfContent = oncePer(({ record, bytes }: ReadRecord): RecordIdentity => {
  const { members = NONE } = foldJson(Buffer.from(bytes()).toString(), CANONICAL);
  const properties = members.get("properties")?.members ?? NONE;
  const id = properties.get("id");
  if (id?.isNumber === true) return ["number", id.text];
  const content = new Map(members);
  for (const field of leftOut(record)) content.delete(field);
  if (properties.has("tenantId")) content.set("properties", canonicalObject(without(properties, "tenantId")));
  return ["content", sha256Hex(canonicalObject(content).text)];
});

/**
 * sha256, in hex, over what a record of AuditLogs says: its operation and its `properties`. An audit record's id names one
 * record, so two contents under one id are two records.
 *
 * The other fields describe the export and may differ when Azure Monitor sends the record again. The order of keys and of
 * array elements does not count.
 *
 * @param source with its fields as `shapedRecord` gives them
 */
export const contentOf = oncePer(({ record }: ReadRecord): string => {
  const { tenantId: _, ...properties } = propertiesOf(record);
  const content = jsonText({ operationName: record["operationName"] ?? null, properties });
  return sha256Hex(foldJson(content, CANONICAL).text);
});

function leftOut(record: DiagnosticRecord): readonly string[] {
  const { activityDateTime } = propertiesOf(record);
  const hasOwnTime = typeof activityDateTime === "string" && parseTimestamp(activityDateTime) !== null;
  return hasOwnTime ? ["tenantId", "resourceId", "time"] : ["tenantId", "resourceId"];
}

function without(members: Members, key: string): Members {
  return new Map([...members].filter(([name]) => name !== key));
}

/** The same text for equal values, or its hash if it is long. */
interface Canonical {
  readonly text: string;
  readonly isNumber?: boolean;
  /** Present for an object. */
  readonly members?: Members;
}

type Members = ReadonlyMap<string, Canonical>;

const NONE: Members = new Map();

const CANONICAL: JsonBuilder<Canonical> = {
  scalar: canonicalScalar,
  array: (items) => ({
    text: shortened(
      `[${items
        .map(({ text }) => text)
        .toSorted()
        .join(",")}]`,
    ),
  }),
  object: canonicalObject,
};

function canonicalObject(members: Members): Canonical {
  const entries = [...members].map(([key, { text }]) => `${JSON.stringify(key)}:${text}`);
  return { text: shortened(`{${entries.toSorted().join(",")}}`), members };
}

function canonicalScalar(token: string): Canonical {
  if (token.startsWith('"')) return { text: shortened(JSON.stringify(JSON.parse(token))) };
  return /^[-\d]/.test(token) ? { text: shortened(canonicalNumber(token)), isNumber: true } : { text: token };
}

/** `12e1` for 120, 120.0 and 1.2e2: the digits without zeros at both ends, and a power of ten. */
function canonicalNumber(token: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(token) ?? [];
  const digits = whole + fraction;
  let [start, end] = [0, digits.length];
  while (digits.charAt(start) === "0") start += 1;
  while (end > start && digits.charAt(end - 1) === "0") end -= 1;
  if (start === end) return "0";
  const power = BigInt(exponent.replace("+", "")) + BigInt(digits.length - end - fraction.length);
  return `${sign}${digits.slice(start, end)}e${power}`;
}

/** Room for a hash, whose first character cannot begin JSON. */
const LONGEST = 65;

/** Keeps the total cost in proportion to the length of a value, however deep it is nested. */
function shortened(text: string): string {
  return text.length <= LONGEST ? text : `#${sha256Hex(text)}`;
}

/**
 * The number of each row of a rule's result for one record, from 0.
 *
 * The numbers follow the query's order, and stay the same when a row is excluded. But if a row is excluded and the record is
 * sent again with its array elements in another order, the kept rows would change numbers. So with exclusions the rows are
 * numbered in the order of their content.
 *
 * @param isKept by row: whether no exclusion removes it
 */
export function rowOrdinals(rows: readonly Row[], isKept: readonly boolean[]): readonly number[] {
  const inOrder = [...rows.keys()];
  if (isKept.every(Boolean) || rows.length < 2) return inOrder;
  const texts = differingTexts(rows);
  const byContent = inOrder.toSorted((a, b) => compareTexts(texts[a] ?? "", texts[b] ?? ""));
  const ordinals = [...inOrder];
  for (const [ordinal, index] of byContent.entries()) ordinals[index] = ordinal;
  return ordinals;
}

/** The rows as text, without values that all rows share: those may be most of the record, in each row. */
function differingTexts(rows: readonly Row[]): readonly string[] {
  const [first = []] = rows;
  const differing = [...first.keys()].filter((column) => rows.some((row) => row[column] !== first[column]));
  return rows.map((row) => differing.map((column) => jsonText(row[column] ?? null)).join(","));
}

function compareTexts(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
