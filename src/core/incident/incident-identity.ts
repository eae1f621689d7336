import { createHash, type Hash } from "node:crypto";
import { propertiesOf } from "../event/audit-log.ts";
import { sha256Hex } from "../json/content-hash.ts";
import type { DiagnosticRecord, ReadRecord } from "../event/event-body.ts";
import { jsonText } from "../../kql/run/dynamic-text.ts";
import { foldJson, type JsonBuilder } from "../../kql/run/exact-json.ts";
import type { Row } from "../../kql/run/values.ts";
import { oncePer } from "../once-per.ts";
import { parseTimestamp } from "../event/timestamp.ts";

/*
 * What makes an incident the same one: tenant, rule, audit record and row of the rule's result. Never the rule's version,
 * the place in the hub, the layout of the event or the time of processing.
 *
 *     record                            is identified by
 *     properties.id is a text           that text, exactly as it is written; "" is no id
 *     properties.id is a number         that number: 5 and "5" differ, 5 and 5.0 do not
 *     any other                         its content, without the fields that change when it is sent again
 *
 * The content leaves out what names the tenant, which counts by itself, and `time`: Azure Monitor writes it anew when it
 * exports a record again. Where `properties.activityDateTime` holds no time, `time` alone tells two equal activities
 * apart and counts. Neither the order of keys nor that of array elements counts, and numbers are compared by all digits.
 */

export interface IncidentKey {
  /** The tenant that the record names, or to which one that names none belongs. */
  readonly tenant: string;
  readonly ruleId: string;
  readonly source: ReadRecord;
  /** See {@link rowOrdinals}. */
  readonly ordinal: number;
}

/** sha256 over all that identifies an incident, in hex. */
export function incidentId({ tenant, ruleId, source, ordinal }: IncidentKey): string {
  return beginningOf(source)(tenant, ruleId).copy().update(`,${ordinal}]`).digest("hex");
}

/** The hash of all but the ordinal: a record's id may be as long as the record, and a rule find a thousand rows in it. */
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

type RecordIdentity = readonly [kind: "id" | "number" | "content", value: string];

function recordIdentity(source: ReadRecord): RecordIdentity {
  const id = propertiesOf(source.record)["id"];
  // As it has always been: another form would make every incident a new one after an update.
  return typeof id === "string" && id !== "" ? ["id", id] : identityOfContent(source);
}

/** From the bytes, since a parsed number may have lost digits. */
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

function leftOut(record: DiagnosticRecord): readonly string[] {
  const { activityDateTime } = propertiesOf(record);
  const hasOwnTime = typeof activityDateTime === "string" && parseTimestamp(activityDateTime) !== null;
  return hasOwnTime ? ["tenantId", "resourceId", "time"] : ["tenantId", "resourceId"];
}

function without(members: Members, key: string): Members {
  return new Map([...members].filter(([name]) => name !== key));
}

/** Text that is equal for values that mean the same, or its hash where it is long. */
interface Canonical {
  readonly text: string;
  readonly isNumber?: boolean;
  /** Of an object. */
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

/** `12e1` for 120, 120.0 and 1.2e2: all digits but zeros at either end, and a power of ten. */
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

/** Long enough for a hash, whose first character begins no JSON. */
const LONGEST = 65;

/** So that a value costs what it is long, however deep it is nested. */
function shortened(text: string): string {
  return text.length <= LONGEST ? text : `#${sha256Hex(text)}`;
}

/**
 * The number of each row of a rule's result for one record, from 0.
 *
 * The numbers follow the query's order, and stay when somebody excludes a row. If one is excluded and the record comes
 * again with its array elements in another order, the rows that are kept would change numbers. Then the rows are counted
 * in the order of their content instead.
 *
 * @param isKept by row: whether no exclusion takes it away
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

/** The rows as text. What is the same value in all of them is left out: it may be most of the record, in each row. */
function differingTexts(rows: readonly Row[]): readonly string[] {
  const [first = []] = rows;
  const differing = [...first.keys()].filter((column) => rows.some((row) => row[column] !== first[column]));
  return rows.map((row) => differing.map((column) => jsonText(row[column] ?? null)).join(","));
}

function compareTexts(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
