import { AUDIT_LOG_COLUMNS, AUDIT_LOGS } from "../event/audit-log-columns.ts";
import { toAuditLogRow } from "../event/audit-log.ts";
import { readEventBody, type ReadRecord } from "../event/event-body.ts";
import { shapedRecord } from "../event/record-shape.ts";
import { recordHash } from "../incident/incident-identity.ts";
import type { HubPosition } from "../incident/incident.ts";
import type { Instants } from "./instants.ts";
import { ticksFromUnixMilliseconds, TICKS_PER_SECOND } from "../../kql/run/time.ts";
import type { Row } from "../../kql/run/values.ts";

/** Names a window: the records of one tenant that one version of a rule keeps. */
export interface WindowName {
  readonly ruleId: string;
  /** In lower case; "" for records without a tenant. */
  readonly tenant: string;
  /** Hash of all that decides what the rule finds. */
  readonly plan: string;
}

/** A text that is the same for the same window. */
export function windowKey({ ruleId, tenant, plan }: WindowName): string {
  return JSON.stringify([ruleId, tenant, plan]);
}

/** Evaluation of a window that is owed: from the first of these instants to the last. */
export interface DueRow extends Instants {
  readonly window: WindowName;
  /** Tells the rows of one window apart. */
  readonly id: string;
}

/** A record that a rule with a window keeps. */
export interface KeptRecord {
  readonly window: WindowName;
  /** Its time, in ticks of 100 ns since the year 1. */
  readonly time: bigint;
  /** See `recordHash`: two copies of a record have the same, two records never. */
  readonly hash: string;
  /** The record's JSON. */
  readonly bytes: Uint8Array;
  readonly position: HubPosition;
}

/** A record that was kept, as its rule reads it. */
export interface WindowRecord extends Omit<KeptRecord, "window"> {
  readonly source: ReadRecord;
  readonly row: Row;
}

/** In order of time; those of one time in an order that does not depend on when they arrived. */
export function inOrderOfTime(records: Iterable<WindowRecord>): WindowRecord[] {
  return [...records].toSorted((one, other) => {
    if (one.time !== other.time) return one.time < other.time ? -1 : 1;
    return one.hash < other.hash ? -1 : Number(one.hash > other.hash);
  });
}

/** @returns undefined if the bytes are not one record of ours */
export function windowRecord({ time, hash, bytes, position }: Omit<KeptRecord, "window">): WindowRecord | undefined {
  // A record that has a field "records" would be taken for a body of several.
  const [read] = readEventBody(Buffer.concat([OPEN, bytes, CLOSE])).records;
  if (read === undefined) return undefined;
  const source = { ...read, record: shapedRecord(read.record).record };
  return { time, hash, bytes, position, source, row: toAuditLogRow(source.record) };
}

const OPEN = Buffer.from('{"records":[');
const CLOSE = Buffer.from("]}");

/**
 * A record that says it is later than it can be would stay in each window for as long. One that is so late that its last
 * window ended a day before it came would owe instants of long ago, which no run of Sentinel saw it in either.
 */
const MOST_APART = 86_400n * TICKS_PER_SECOND;

/**
 * What a rule keeps of a record.
 *
 * @param arrivedAt when it reached the hub, in milliseconds since 1970
 * @param periodSeconds the length of the rule's window
 * @returns undefined if the record is in no window: it has no time that can be read, one more than a day ahead, or one more
 *   than the period and a day ago
 */
export function keptRecord(
  window: WindowName,
  { source, row, position, arrivedAt, periodSeconds }: ArrivedRecord,
): KeptRecord | undefined {
  const time = row[TIME_COLUMN];
  if (typeof time !== "bigint") return undefined;
  const arrived = ticksFromUnixMilliseconds(arrivedAt);
  const isOld = time + BigInt(periodSeconds) * TICKS_PER_SECOND < arrived - MOST_APART;
  if (isOld || time > arrived + MOST_APART) return undefined;
  return { window, time, hash: recordHash(source), bytes: source.bytes(), position };
}

interface ArrivedRecord extends Pick<WindowRecord, "source" | "row" | "position"> {
  readonly arrivedAt: number;
  readonly periodSeconds: number;
}

const TIME_COLUMN = AUDIT_LOG_COLUMNS.findIndex(({ name }) => name === AUDIT_LOGS.timeColumn);
