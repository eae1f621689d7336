import { AUDIT_LOG_COLUMNS } from "../../src/core/event/audit-log-columns.ts";
import { isAuditLog } from "../../src/core/event/audit-log.ts";
import { TENANT_ID } from "../../local/samples/tenant.ts";
import { type DiagnosticRecord, readEventBody } from "../../src/core/event/event-body.ts";
import { categoryWatch } from "../../src/core/ledger/category-watch.ts";
import { skippedSample } from "../../src/core/scan/skipped-sample.ts";
import { toText } from "../../src/kql/run/conversion.ts";
import { candidateRecords } from "../../src/core/scan/candidate-records.ts";
import type { ReadyRule } from "../../src/core/incident/ready-rule.ts";
import { ruleScan } from "../../src/core/scan/rule-scan.ts";
import { type DetectDependencies, detectBatch, KEEPS_NOTHING } from "../../src/workflows/detection/detect-batch.ts";
import { matchRules } from "../../src/workflows/detection/judge-record.ts";

/** Which log categories of which tenants must arrive. */
interface Expected {
  readonly tenants?: ReadonlySet<string>;
  readonly categories?: readonly string[];
}

/** Finds the matching audit records of events and returns their ids in order. */
export type Method = (bodies: readonly Uint8Array[]) => readonly string[] | Promise<readonly string[]>;

const POSITION = { partitionId: "0", sequenceNumber: null, enqueuedTime: null };
/** Events per batch. */
const BATCH = 64;

/** The load of the latency part of the benchmark at its fullest. */
const EVENTS_PER_MINUTE = 300 * 60;
const MINUTES = 10;
/** When events reach the hub. Made before the clock runs, since the host gives them. */
const ARRIVALS: readonly string[] = Array.from({ length: EVENTS_PER_MINUTE * MINUTES }, (_, index) =>
  new Date(Date.UTC(2026, 0, 5) + (index / EVENTS_PER_MINUTE) * 60_000).toISOString(),
);

/** Looks into skipped events as the app does. After the last arrival time, it begins anew. */
function lookout(tenants: ReadonlySet<string>, categories: readonly string[]) {
  const begin = () => ({ isSampled: skippedSample(), watch: categoryWatch(tenants, categories) });
  let { isSampled, watch } = begin();
  let index = 0;
  return {
    next(): string {
      if (index === ARRIVALS.length) {
        index = 0;
        ({ isSampled, watch } = begin());
      }
      return ARRIVALS[index++] ?? "";
    },
    see: (record: DiagnosticRecord, at: string) => watch.see(record, at),
    looksInto: (body: Uint8Array, at: string) => isSampled(POSITION, at) || watch.mayHold(body, at),
  };
}

/**
 * The app's detection path, from the bytes to the rules' result rows, without incidents. It includes what shows that the
 * log categories arrive: the sample of skipped events, and the search for a category that is missing. It returns the ids
 * of the records that the first rule matches.
 */
export function detection(
  rules: readonly ReadyRule[],
  { tenants = new Set([TENANT_ID]), categories = ["AuditLogs"] }: Expected = {},
): Method {
  const { scan, summary } = ruleScan(rules.map(({ rule }) => rule));
  if (scan === undefined) throw new Error(summary);
  const { next, see, looksInto } = lookout(tenants, categories);
  return (bodies) => {
    const ids: string[] = [];
    for (const body of bodies) {
      const at = next();
      const candidates = candidateRecords(body, scan);
      if (candidates === undefined) {
        if (looksInto(body, at)) for (const { record } of readEventBody(body).records) see(record, at);
        continue;
      }
      for (const { record } of candidates.records) {
        see(record, at);
        if (!isAuditLog(record)) continue;
        for (const { rule, row } of matchRules(record, rules).matched)
          if (rule === rules[0]) ids.push(toText(row[ID] ?? null, "string"));
      }
    }
    return ids;
  };
}

const ID = AUDIT_LOG_COLUMNS.findIndex(({ name }) => name === "Id");

/** Everything that the function does with a batch, including incidents, with stores in memory. */
export function pimwatch(rules: readonly ReadyRule[], tenants: ReadonlySet<string>, withScan = true): Method {
  const { scan, summary } = ruleScan(rules.map(({ rule }) => rule));
  if (scan === undefined && withScan) throw new Error(summary);
  return async (bodies) => {
    const ids: string[] = [];
    const deps: DetectDependencies = {
      rules,
      scan: withScan ? scan : undefined,
      allowedTenantIds: tenants,
      kept: KEEPS_NOTHING,
      incidents: {
        addAll: (found) => {
          for (const { row } of found) ids.push(toText(row["AuditLogId"] ?? null, "string"));
          return Promise.resolve(found.map(() => "added"));
        },
      },
      deadLetters: { add: () => Promise.resolve() },
      now: () => new Date(),
    };
    for (let from = 0; from < bodies.length; from += BATCH)
      await detectBatch(
        bodies.slice(from, from + BATCH).map((body) => ({ body, position: POSITION })),
        deps,
      );
    return ids;
  };
}

interface AuditRecord {
  readonly category?: string;
  readonly operationName?: string;
  readonly properties?: { readonly id?: string; readonly category?: string };
}

/** The obvious first version: parse the body and check every record. */
export const plainHandler: Method = (bodies) => {
  const ids: string[] = [];
  for (const body of bodies) collect(asBuffer(body).toString(), ids);
  return ids;
};

/** The usual first improvement: skip bodies without the words, ignoring case. It misses escapes. */
export const searchThenParse: Method = (bodies) => {
  const ids: string[] = [];
  for (const body of bodies) {
    const json = asBuffer(body);
    if (/update role setting in pim/i.test(json.toString("latin1"))) collect(json.toString(), ids);
  }
  return ids;
};

function asBuffer(body: Uint8Array): Buffer {
  return Buffer.from(body.buffer, body.byteOffset, body.length);
}

/** The official rule by hand. Invalid JSON matches nothing. */
function collect(json: string, ids: string[]): void {
  let parsed: { readonly records?: readonly AuditRecord[] } | readonly AuditRecord[] | null;
  try {
    parsed = JSON.parse(json.startsWith("\uFEFF") ? json.slice(1) : json);
  } catch {
    return;
  }
  if (typeof parsed !== "object" || parsed === null) return;
  const records = "records" in parsed ? parsed.records : Array.isArray(parsed) ? parsed : [parsed];
  if (!Array.isArray(records)) return;
  for (const record of records as readonly AuditRecord[]) {
    const category = record?.category?.toLowerCase?.();
    if (category !== "auditlogs" && category !== "audit") continue;
    if (record.properties?.category?.toLowerCase?.() !== "rolemanagement") continue;
    if (record.operationName?.toLowerCase?.() === "update role setting in pim") ids.push(record.properties.id ?? "");
  }
}

/** Reads all memory, eight bytes at a time, the quarters of a body side by side, without searching: the limit. */
export function bareRead(bodies: readonly Uint8Array[]): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (const body of bodies) {
    const first = (body.byteOffset + 7) >> 3;
    const quarter = (((body.byteOffset + body.length) >> 3) - first) >> 2;
    const words = new Float64Array(body.buffer, 0, body.buffer.byteLength >> 3);
    for (let at = first; at < first + quarter; at += 1) {
      a += words[at] ?? 0;
      b += words[at + quarter] ?? 0;
      c += words[at + 2 * quarter] ?? 0;
      d += words[at + 3 * quarter] ?? 0;
    }
  }
  return a + b + c + d;
}

/** One copy, as the Event Hubs library makes of each event. */
export function libraryCopy(bodies: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const body of bodies) bytes += Buffer.from(body).length;
  return bytes;
}
