import { valueText } from "../../core/value-text.ts";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import { PRIORITIES, type Priority } from "../../core/pim-settings/priority.ts";
import { BURST_BUDGET_MS, SUMMARY_BUDGET_MS } from "../../core/timing.ts";
import { EFFECTS } from "../../core/pim-settings/finding.ts";
import { type IncidentQuery, STATUSES } from "../../core/triage/incident-filters.ts";
import { rowTest } from "../../core/triage/incident-query.ts";
import { type IncidentList, type ListDependencies, listIncidents } from "./list-incidents.ts";

/** `other`: incidents of rules whose effect nobody assesses. */
export const SERIES = [...EFFECTS, "other"] as const;
export type Series = (typeof SERIES)[number];

export interface TimeBucket {
  /** UTC, ISO 8601. */
  readonly start: string;
  readonly counts: Readonly<Partial<Record<Series, number>>>;
}

export interface IncidentSummary {
  /** Number of incidents in the asked time. */
  readonly total: number;
  /** Number of open incidents of all time: an incident stays open until somebody closes it. */
  readonly open: Readonly<Record<Priority, number>>;
  /** False if there are more open incidents than one request counts. */
  readonly openComplete: boolean;
  readonly bucketMilliseconds: number;
  /** Buckets with incidents, oldest first. */
  readonly buckets: readonly TimeBucket[];
  /** Number of counted incidents in each burst of two or more; only the largest bursts, if there are many. */
  readonly bursts: Readonly<Record<string, number>>;
  /** The owners and the names of the rules of these incidents, and of those with another owner or rule: the choices. */
  readonly owners: readonly string[];
  readonly rules: readonly string[];
  /** Incidents whose record has no readable time. */
  readonly undated: number;
  /** False if there are more incidents in the asked time than one request counts; then the oldest are not counted. */
  readonly complete: boolean;
}

/** The incidents of one actor within an hour. */
export interface Burst {
  readonly id: string;
  /** Number of its stored incidents, of all rules. */
  readonly count: number;
  /** False if there are more than are counted. */
  readonly complete: boolean;
}

/** One summary counts at most this many incidents. */
const MAX_INCIDENTS = 20_000;
/** At most this many incidents of a burst are counted. */
const MAX_OF_BURST = 1_000;
const HOUR_MS = 3_600_000;
const BUCKET_SIZES = [1, 3, 6, 12, 24, 7 * 24, 28 * 24, 91 * 24, 364 * 24].map((hours) => hours * HOUR_MS);
const MAX_BUCKETS = 60;
const MAX_BURSTS = 500;
const MAX_CHOICES = 200;
const COLUMNS = [
  "IncidentId",
  "RuleId",
  "ActivityDateTime",
  "Effect",
  "Status",
  "Priority",
  "BurstId",
  "Owner",
  "RuleName",
];

/** Counts incidents by time and effect, and the open ones by priority. */
export async function summarizeIncidents(query: IncidentQuery, deps: ListDependencies): Promise<IncidentSummary> {
  const { owner, rule, ...wider } = query;
  const isWider = owner === undefined && rule === undefined;
  const [counted, choices] = await Promise.all([
    readCounted(query, deps),
    isWider ? undefined : readCounted(wider, deps),
  ]);
  const { list, openOnes } = counted;
  const times = list.rows.map(timeOf).filter((time) => time > 0);
  const newest = query.to?.getTime() ?? Math.max(deps.now().getTime(), ...times.slice(0, 1));
  const oldest = query.from?.getTime() ?? times.at(-1) ?? newest;
  const bucketMilliseconds =
    BUCKET_SIZES.find((size) => (newest - oldest) / size <= MAX_BUCKETS) ?? 10 * 364 * 24 * HOUR_MS;
  const open: Record<Priority, number> = { P1: 0, P2: 0, P3: 0, P4: 0 };
  for (const row of openOnes.rows) {
    const priority = PRIORITIES.find((known) => known === row["Priority"]);
    if (priority !== undefined) open[priority] += 1;
  }
  const buckets = new Map<number, Partial<Record<Series, number>>>();
  for (const row of list.rows) {
    if (timeOf(row) <= 0) continue;
    const start = Math.floor(timeOf(row) / bucketMilliseconds) * bucketMilliseconds;
    const counts = buckets.get(start) ?? {};
    const series = EFFECTS.find((effect) => effect === row["Effect"]) ?? "other";
    counts[series] = (counts[series] ?? 0) + 1;
    buckets.set(start, counts);
  }
  return {
    total: list.rows.length,
    open,
    openComplete: openOnes.continuation === undefined,
    bucketMilliseconds,
    buckets: [...buckets]
      .toSorted(([a], [b]) => a - b)
      .map(([start, counts]) => ({ start: new Date(start).toISOString(), counts })),
    bursts: burstSizes([...list.rows, ...openOnes.rows]),
    owners: valuesOf("Owner", choices ?? counted),
    rules: valuesOf("RuleName", choices ?? counted),
    undated: list.rows.length - times.length,
    complete: list.continuation === undefined,
  };
}

interface Counted {
  /** Those in the asked time. */
  readonly list: IncidentList;
  /** The open ones of all time. */
  readonly openOnes: IncidentList;
}

async function readCounted(query: IncidentQuery, deps: ListDependencies): Promise<Counted> {
  const { from: _from, to: _to, ...ofAllTime } = query;
  const status = (query.status ?? STATUSES).filter((one) => one !== "Closed");
  const [list, openOnes] = await Promise.all([
    readNarrow(query, deps),
    status.length === 0 ? NONE : readNarrow({ ...ofAllTime, status }, deps),
  ]);
  return { list, openOnes };
}

const NONE: IncidentList = { rows: [], continuation: undefined };

/** Incidents with only the columns that figures need. */
async function readNarrow(query: IncidentQuery, deps: ListDependencies): Promise<IncidentList> {
  const columns = [...new Set([...COLUMNS, ...(rowTest(query)?.columns ?? [])])];
  const budget = { milliseconds: SUMMARY_BUDGET_MS, columns };
  const list = await listIncidents({ query, order: "newest", limit: MAX_INCIDENTS }, deps, budget);
  if (list === "refused") throw new TypeError("a list without a continuation was refused");
  return list;
}

function valuesOf(column: string, { list, openOnes }: Counted): string[] {
  const values = new Set([...list.rows, ...openOnes.rows].map((row) => valueText(row[column])));
  values.delete("");
  return [...values].toSorted((a, b) => a.localeCompare(b, "en")).slice(0, MAX_CHOICES);
}

function burstSizes(rows: readonly IncidentRow[]): Record<string, number> {
  const bursts = new Map<string, Set<unknown>>();
  for (const row of rows) {
    const id = valueText(row["BurstId"]);
    if (id !== "") bursts.set(id, (bursts.get(id) ?? new Set()).add(row["IncidentId"]));
  }
  const several = [...bursts]
    .map(([id, members]) => [id, members.size] as const)
    .filter(([, count]) => count > 1)
    .toSorted(([, a], [, b]) => b - a);
  return Object.fromEntries(several.slice(0, MAX_BURSTS));
}

/** Milliseconds since 1970; 0 if unknown. */
function timeOf(row: IncidentRow): number {
  return Date.parse(valueText(row["ActivityDateTime"])) || 0;
}

/** Counts a burst on request, so that late incidents count too. @returns null unless it has two incidents or more */
export async function countBurst(id: string, deps: ListDependencies): Promise<Burst | null> {
  if (id === "") return null;
  const columns = ["IncidentId", "RuleId"];
  const list = await listIncidents({ query: { burst: id }, order: "newest", limit: MAX_OF_BURST }, deps, {
    milliseconds: BURST_BUDGET_MS,
    columns,
  });
  if (list === "refused") throw new TypeError("a list without a continuation was refused");
  const complete = list.continuation === undefined;
  return list.rows.length < 2 && complete ? null : { id, count: list.rows.length, complete };
}
