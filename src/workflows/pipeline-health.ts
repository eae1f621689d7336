import type { PartitionStatus } from "../core/partition-ledger.ts";
import { isOfADependency } from "../errors.ts";
import type { OtherSink } from "../core/outbox.ts";
import { type OutboxState, outboxState } from "./outbox-state.ts";
import type { Sink } from "./sink.ts";

type WatchedSink = Pick<Sink, "name" | "title"> & { readonly outbox: Pick<Sink["outbox"], "waiting"> };

export interface HealthDependencies {
  /** Each has a partition of its own. */
  ruleIds(): Promise<readonly string[]>;
  /** The first is Log Analytics. */
  readonly sinks: readonly [WatchedSink, ...WatchedSink[]];
  readonly deadLetters: { count(limit: number): Promise<number> };
  readonly ledger: { statuses(): Promise<readonly PartitionStatus[]> };
  now(): Date;
}

export interface PipelineHealth extends Readonly<Partial<Record<OtherSink, OutboxState>>> {
  /** `down`: events may not be stored now. `degraded`: they are, and somebody has to look. */
  readonly status: "ok" | "degraded" | "down";
  readonly problems: readonly string[];
  /** What waits for Log Analytics. Counted no further than COUNTED, as for other sinks. */
  readonly outbox?: OutboxState;
  /** Counted no further than COUNTED. */
  readonly deadLetters?: number;
  readonly hub?: HubHealth;
}

export interface HubHealth {
  /** When the last event reached the hub. */
  readonly lastEventAt: string | undefined;
  readonly silentMinutes: number | undefined;
  readonly lag: number;
  readonly gapEvents: number;
  readonly lostEvents: number;
  readonly oldestUnfinishedSeconds: number;
  /** Share of the hub's retention that the oldest unfinished event has used up. */
  readonly headroomUsed: number;
  readonly checkedSecondsAgo: number;
  readonly partitions: readonly { readonly id: string; readonly lag: number; readonly gapEvents: number }[];
}

const COUNTED = 1_000;
/** The timer runs every minute, and one run may last four. */
const LEDGER_LATE_SECONDS = 600;
const OUTBOX_LATE_SECONDS = 900;
const HEADROOM_ALERT = 0.5;

/** Asks everything that the app depends on how it is. Never rejects for a dependency that does not answer. */
export async function pipelineHealth(
  deps: HealthDependencies,
  { retentionHours }: { readonly retentionHours: number },
): Promise<PipelineHealth> {
  const failing: string[] = [];
  const degraded: string[] = [];
  const ask = async <T>(what: string, problems: string[], question: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await question();
    } catch (error) {
      if (!isOfADependency(error)) throw error;
      problems.push(`${what} does not answer`); // not its message: this page is open to anyone
      return undefined;
    }
  };
  const now = deps.now().getTime();
  const [states, deadLetters, findings] = await Promise.all([
    ask("the incident table", failing, () => outboxStates(deps)),
    ask("the container of dead letters", failing, () => deps.deadLetters.count(COUNTED)),
    ask("the ledger table", degraded, () => deps.ledger.statuses()),
  ]);
  const hub = findings && hubHealth(findings, now, retentionHours * 3_600_000);
  for (const [{ title }, state] of states ?? []) degraded.push(...outboxProblems(title, state));
  if (hub !== undefined) degraded.push(...hubProblems(hub));
  return {
    status: failing.length > 0 ? "down" : degraded.length > 0 ? "degraded" : "ok",
    problems: [...failing.toSorted(), ...degraded],
    ...Object.fromEntries((states ?? []).map(([{ name }, state], index) => [index === 0 ? "outbox" : name, state])),
    ...(deadLetters !== undefined && { deadLetters }),
    ...(hub && { hub }),
  };
}

async function outboxStates({ sinks, now, ...deps }: HealthDependencies) {
  const time = now().getTime();
  const ruleIds = await deps.ruleIds();
  return Promise.all(
    sinks.map(
      async (sink) => [sink, await outboxState({ outbox: sink.outbox, ruleIds, now: time, limit: COUNTED })] as const,
    ),
  );
}

function outboxProblems(title: string, { pending, refused, failing, oldestSeconds }: OutboxState): string[] {
  return [
    // What was not counted may be older, or refused.
    pending + refused >= COUNTED && `${COUNTED} rows or more are in the outbox for ${title}`,
    refused > 0 && `${refused} row(s) refused by ${title}`,
    failing > 0 && `${failing} row(s) fail at ${title} while others are taken`,
    oldestSeconds > OUTBOX_LATE_SECONDS && `incidents have waited for ${title} for ${oldestSeconds} s`,
  ].filter((problem) => problem !== false);
}

/** Of all partitions together; undefined before the timer's first run. */
function hubHealth(found: readonly PartitionStatus[], now: number, retentionMs: number): HubHealth | undefined {
  if (found.length === 0) return undefined;
  const sum = (figure: (partition: PartitionStatus) => number) => found.reduce((total, one) => total + figure(one), 0);
  // ISO 8601 in UTC sorts as text.
  const lastEventAt = found
    .flatMap(({ lastEnqueuedAt }) => lastEnqueuedAt ?? [])
    .toSorted()
    .at(-1);
  const [oldest] = found.flatMap(({ oldestUnfinishedAt }) => oldestUnfinishedAt ?? []).toSorted();
  const [checked] = found.map(({ checkedAt }) => checkedAt).toSorted();
  const oldestUnfinishedSeconds = secondsSince(oldest, now) ?? 0;
  const silent = secondsSince(lastEventAt, now);
  return {
    lastEventAt,
    silentMinutes: silent === undefined ? undefined : Math.floor(silent / 60),
    lag: sum(({ lag }) => lag),
    gapEvents: sum(({ gapEvents }) => gapEvents),
    lostEvents: sum(({ lostEvents }) => lostEvents),
    oldestUnfinishedSeconds,
    headroomUsed: Number(((oldestUnfinishedSeconds * 1_000) / retentionMs).toFixed(3)),
    checkedSecondsAgo: secondsSince(checked, now) ?? 0,
    partitions: found.map(({ partitionId: id, lag, gapEvents }) => ({ id, lag, gapEvents })),
  };
}

function hubProblems({ lostEvents, headroomUsed, checkedSecondsAgo, gapEvents }: HubHealth): string[] {
  return [
    lostEvents > 0 && `${lostEvents} event(s) left the hub before they were stored`,
    headroomUsed >= HEADROOM_ALERT &&
      `the oldest event that is not stored has used up ${Math.round(headroomUsed * 100)} % of the hub's retention`,
    checkedSecondsAgo > LEDGER_LATE_SECONDS && `the ledger was not checked for ${checkedSecondsAgo} s`,
    gapEvents > 0 && `${gapEvents} event(s) that were passed over wait to be read again`,
  ].filter((problem) => problem !== false);
}

function secondsSince(time: string | undefined, now: number): number | undefined {
  const at = time === undefined ? NaN : Date.parse(time);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.round((now - at) / 1_000));
}
