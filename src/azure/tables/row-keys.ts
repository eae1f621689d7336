import { sha256Hex } from "../../core/json/content-hash.ts";
import { valueText } from "../../core/value-text.ts";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import type { KeptRecord, WindowName } from "../../core/window/kept-record.ts";
import type { RowKeys } from "./table-rows.ts";

/*
 * The keys of all rows of all tables. No other file spells or takes apart a key.
 *
 * Table `incidents`: a partition for each rule, whose key is the rule's id.
 *
 *     RowKey                               holds                                                    gone when
 *     incident|<id>                        the incident; if this row exists, it is "known"          never
 *     time|<reverse ms, 17 digits>|<id>    what lists show of it, newest activity first             never
 *     record|<id>                          the audit record as text                                 never
 *     history|<id>|<revision, 10 digits>   a change by an analyst: who changed what                 never
 *     outbox|<sink>|<id>|<revision>        the row to forward, or its ids for the webhook; whether  forwarded
 *                                          it was refused; its failed attempts
 *     ack|<sink>|<id>|<revision>           proof that it was forwarded                              never
 *
 * Table `ledger`. Numbers have 16 digits.
 *
 *     PartitionKey                     RowKey                             says
 *     <namespace>|<hub>|<partition>    run|<first>|<last>|<enqueued ms>   these are stored; when the first reached the hub
 *                                      base|<hub created ms>              from where on events are expected
 *                                      lost|<first>|<last>|<created ms>   these left the hub before they were finished
 *                                      attempt|<first>                    how often reading these again was begun
 *                                      stuck|<first>|<last>|<created ms>  these could not be stored: why, how often, since when
 *     status|<namespace>|<hub>         <partition>                        what the ledger timer found
 *     timers|<namespace>|<hub>         <function>                         when its latest run ended
 *                                      first                              when the first run of any of them ended
 *     categories|<namespace>|<hub>     <tenant>|<category>|<day>          in which minutes of the day its records reached the hub
 *                                      <tenant>|<category>|since          since when it is expected
 *     evaluations|<namespace>|<hub>    set|<hash>                         rules and tenants that evaluated events, from when to when
 *                                      forgotten                          sets last used before this are removed
 *                                      delays|<hour ms>                   how long events of that hour took, as counts
 *     suspects                         <what>|<hash>                      who works on it since when, or that it is
 *                                                                         quarantined (`suspectKey` in detect-guarded.ts)
 *     sinks                            <sink>                             when it last accepted something
 *     operations                       <hash>                             an operation that no rule matched, and when it was last seen
 *
 * Table `kept`. A window is `<rule id>|<tenant>|<hash of the rule's plan>`. Times are ticks of 100 ns since the year 1, with
 * 19 digits.
 *
 *     PartitionKey                     RowKey                             says                                     gone when
 *     <window>                         <time>|<record hash>               a record that the window keeps           no window holds it
 *     due                              <window>|<id>                      evaluation that is owed: first and last  evaluated
 *                                                                         instant
 *     cursors                          <window>                           the next instant that was never          never
 *                                                                         evaluated
 */

/** The beginnings of row keys, by kind. */
export const INCIDENT_ROWS = "incident|";
export const LISTED_ROWS = "time|";
export const RECORD_ROWS = "record|";
export const STUCK_ROWS = "stuck|";

export function historyRows(id: string): string {
  return `history|${id}|`;
}

/** The outbox of one sink, or of all sinks. */
export function outboxRows(sink?: string): string {
  return sink === undefined ? "outbox|" : `outbox|${sink}|`;
}

export function acknowledgedRows(sink: string): string {
  return `ack|${sink}|`;
}

/** The kinds of rows that belong to an incident. */
export const INCIDENT_KINDS: readonly string[] = ["incident", "time", "record", "history", "outbox", "ack"];

/**
 * The row keys of a partition of incidents in ranges, which together hold every key. An export reads them in this order,
 * so that it has all rows of each state of an incident that it has read:
 *
 * - It reads an incident first. All rows of that state are there by then, in the same transaction or an earlier one.
 * - It reads the outbox before the acknowledgements: rows go from one to the other, never back.
 */
export const EXPORT_RANGES = [
  { name: "incidents", from: INCIDENT_ROWS, below: "incident}" }, // } follows |
  { name: "outbox", from: outboxRows(), below: "outbox}" },
  { name: "acknowledgements and history", below: INCIDENT_ROWS },
  { name: "other rows", from: "incident}", below: outboxRows() },
  { name: "records and lists", from: "outbox}" },
] as const;

/**
 * The order in which a restore writes these ranges. Reconciliation finds no incident before its acknowledgement is there,
 * and no sweep finds an outbox row before its incident is.
 */
export const RESTORE_ORDER: readonly (typeof EXPORT_RANGES)[number]["name"][] = [
  "acknowledgements and history",
  "records and lists",
  "other rows",
  "incidents",
  "outbox",
];

/** The kind of an incident's row: one of INCIDENT_KINDS. */
export function kindOf(rowKey: string): string {
  return rowKey.split("|", 1).join();
}

/** The id of the incident that a row of any kind belongs to. */
export function incidentIdOf(rowKey: string): string {
  const [kind = "", second = "", third = ""] = rowKey.split("|");
  return ["time", "outbox", "ack"].includes(kind) ? third : second;
}

export function incidentKeys(ruleId: string, id: string): RowKeys {
  return { partitionKey: ruleId, rowKey: `${INCIDENT_ROWS}${id}` };
}

export function recordKeys(ruleId: string, id: string): RowKeys {
  return { partitionKey: ruleId, rowKey: `${RECORD_ROWS}${id}` };
}

export function historyKeys(ruleId: string, id: string, revision: number): RowKeys {
  return { partitionKey: ruleId, rowKey: `${historyRows(id)}${String(revision).padStart(10, "0")}` };
}

export function listedKeys(row: IncidentRow): RowKeys {
  const { ruleId, id } = identityOf(row);
  const activity = Date.parse(valueText(row["ActivityDateTime"]));
  const at = Number.isNaN(activity) ? 0 : activity;
  return { partitionKey: ruleId, rowKey: `${listedRowsAt(at)}${id}` };
}

/** The largest time a JavaScript date can hold; times count down from it so that the newest sorts first. */
const MAX_DATE_MS = 8_640_000_000_000_000;

/** The beginning of list rows for activity in one millisecond. Later activity has smaller keys. */
export function listedRowsAt(milliseconds: number): string {
  return `${LISTED_ROWS}${String(MAX_DATE_MS - milliseconds).padStart(17, "0")}|`;
}

export function outboxKeys(row: IncidentRow, sink: string): RowKeys {
  const { ruleId, id } = identityOf(row);
  return { partitionKey: ruleId, rowKey: `${outboxRows(sink)}${id}|${valueText(row["Revision"])}` };
}

export function acknowledgementKeys(row: IncidentRow, sink: string): RowKeys {
  const { ruleId, id } = identityOf(row);
  return { partitionKey: ruleId, rowKey: `${acknowledgedRows(sink)}${id}|${valueText(row["Revision"])}` };
}

/** The revision in the key of a history entry, an outbox row or an acknowledgement; undefined in any other key. */
export function revisionOf(rowKey: string): number | undefined {
  const parts = rowKey.split("|");
  if (kindOf(rowKey) === "history") return Number(parts[2]);
  return ["outbox", "ack"].includes(kindOf(rowKey)) ? Number(parts[3]) : undefined;
}

/** The acknowledgement that takes the place of a row of the outbox. */
export function acknowledgementOf({ partitionKey, rowKey }: RowKeys): RowKeys {
  const { sink, incidentId, revision } = stateOfKey(rowKey);
  return { partitionKey, rowKey: `${acknowledgedRows(sink)}${incidentId}|${revision}` };
}

/** Sink, incident and revision of a row of the outbox or of an acknowledgement. */
export function stateOfKey(rowKey: string): {
  readonly sink: string;
  readonly incidentId: string;
  readonly revision: string;
} {
  const [, sink = "", incidentId = "", revision = ""] = rowKey.split("|");
  return { sink, incidentId, revision };
}

export function identityOf(row: IncidentRow): { readonly ruleId: string; readonly id: string } {
  return { ruleId: valueText(row["RuleId"]), id: valueText(row["IncidentId"]) };
}

/** Names a hub by namespace and name, because hubs in different namespaces may share a name. */
export interface HubName {
  readonly namespace: string;
  readonly hub: string;
}

export const SUSPECTS_PARTITION = "suspects";
export const SINKS_PARTITION = "sinks";
export const OPERATIONS_PARTITION = "operations";
/** The row key of the timers' first run. */
export const FIRST_RUN = "first";

/** A hash, because operation names contain characters that a key must not contain. */
export function operationKeys(name: string): RowKeys {
  return { partitionKey: OPERATIONS_PARTITION, rowKey: sha256Hex(Buffer.from(name)) };
}

export function categoriesPartition(hub: HubName): string {
  return `categories|${hubPart(hub)}`;
}

/** The row of a day, counted from 1970, or of the time since which the category is expected. */
export function categoryKeys(
  hub: HubName,
  { tenantId, category }: { readonly tenantId: string; readonly category: string },
  row: number | "since",
): RowKeys {
  const name = `${keyPart(tenantId)}|${keyPart(category)}`;
  return { partitionKey: categoriesPartition(hub), rowKey: `${name}|${row === "since" ? row : digits(row)}` };
}

export function ledgerPartition(hub: HubName, partitionId: string): string {
  return `${hubPart(hub)}|${keyPart(partitionId)}`;
}

export function statusPartition(hub: HubName): string {
  return `status|${hubPart(hub)}`;
}

export function statusKeys(hub: HubName, partitionId: string): RowKeys {
  return { partitionKey: statusPartition(hub), rowKey: keyPart(partitionId) };
}

export function timersPartition(hub: HubName): string {
  return `timers|${hubPart(hub)}`;
}

export const SET_ROWS = "set|";
export const DELAY_ROWS = "delays|";
export const FORGOTTEN_SETS = "forgotten";

export function evaluationsPartition(hub: HubName): string {
  return `evaluations|${hubPart(hub)}`;
}

export function delayRow(hour: number): string {
  return `${DELAY_ROWS}${digits(hour)}`;
}

function hubPart({ namespace, hub }: HubName): string {
  return `${keyPart(namespace)}|${keyPart(hub)}`;
}

/** Host names, hub names and partition ids consist of these characters; a colon comes before a local port. */
function keyPart(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9._-]/g, "_");
}

export function runKey(run: { readonly first: number; readonly last: number; readonly enqueuedAt: number }): string {
  return `run|${digits(run.first)}|${digits(run.last)}|${digits(run.enqueuedAt)}`;
}

export function baseKey(hubCreatedAt: number): string {
  return `base|${digits(hubCreatedAt)}`;
}

interface RangeOfHub {
  readonly first: number;
  readonly last: number;
  readonly hubCreatedAt: number;
}

export function lostKey({ first, last, hubCreatedAt }: RangeOfHub): string {
  return `lost|${digits(first)}|${digits(last)}|${digits(hubCreatedAt)}`;
}

export function stuckKey({ first, last, hubCreatedAt }: RangeOfHub): string {
  return `${STUCK_ROWS}${digits(first)}|${digits(last)}|${digits(hubCreatedAt)}`;
}

export function attemptKey(first: number): string {
  return `attempt|${digits(first)}`;
}

/** The kind of a ledger row and its numbers, 0 where its kind has fewer. Undefined for a key that pimwatch did not write. */
export function ledgerKeyParts(
  rowKey: string,
): { readonly kind: string; readonly first: number; readonly last: number; readonly third: number } | undefined {
  const [kind = "", ...numbers] = rowKey.split("|");
  const [first, last = 0, third = 0] = numbers.map(Number);
  if (first === undefined || ![first, last, third].every(Number.isSafeInteger)) return undefined;
  return { kind, first, last, third };
}

export const DUE_PARTITION = "due";
export const CURSORS_PARTITION = "cursors";

export function keptPartition({ ruleId, tenant, plan }: WindowName): string {
  return `${ruleId}|${keyPart(tenant)}|${plan}`;
}

export function keptKeys({ window, time, hash }: Pick<KeptRecord, "window" | "time" | "hash">): RowKeys {
  return { partitionKey: keptPartition(window), rowKey: `${keptRowsFrom(time)}${hash}` };
}

/** The beginning of the keys of records of a time. Later records have greater keys. */
export function keptRowsFrom(time: bigint): string {
  return `${String(time).padStart(TICKS_WIDTH, "0")}|`;
}

const TICKS_WIDTH = 19;

export function dueKeys(window: WindowName, id: string): RowKeys {
  return { partitionKey: DUE_PARTITION, rowKey: `${keptPartition(window)}|${id}` };
}

export function cursorKeys(window: WindowName): RowKeys {
  return { partitionKey: CURSORS_PARTITION, rowKey: keptPartition(window) };
}

/** What tells a due row from others of its window. */
export function dueIdOf(rowKey: string): string {
  return rowKey.split("|")[3] ?? "";
}

/** The window of a due row or a cursor; undefined for a key that pimwatch did not write. */
export function windowOfKey(rowKey: string): WindowName | undefined {
  const [ruleId, tenant, plan] = rowKey.split("|");
  return ruleId === undefined || tenant === undefined || plan === undefined ? undefined : { ruleId, tenant, plan };
}

/** Digits of every number that JavaScript counts with exactly. */
const WIDTH = String(Number.MAX_SAFE_INTEGER).length;

function digits(value: number): string {
  return String(value).padStart(WIDTH, "0");
}
