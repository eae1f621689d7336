import { type PartitionStatus, WHOLE_HUB } from "../../core/ledger/partition-ledger.ts";
import { type LateTimer, lateTimers, type TimerRuns, type TimerSchedules } from "../../core/ledger/timer-runs.ts";
import { RETENTION_USED_ALERT } from "../../core/timing.ts";
import { counted } from "../../core/counted.ts";

export interface HubHealthDependencies {
  readonly ledger: { statuses(): Promise<readonly PartitionStatus[]> };
  readonly timers: { runs(): Promise<TimerRuns> };
}

export interface HubHealthLimits {
  /** How long the hub keeps an event. */
  readonly retentionHours: number;
  readonly schedules: TimerSchedules;
}

/** All partitions together. */
export interface HubHealth {
  /** When the last event reached the hub. */
  readonly lastEventAt: string | undefined;
  readonly silentMinutes: number | undefined;
  readonly lag: number;
  readonly gapEvents: number;
  /** Events that could not be stored and rest until a later run of ledger-timer. */
  readonly stuckEvents: number;
  readonly lostEvents: number;
  readonly oldestUnfinishedSeconds: number;
  /** Share of the hub's retention that the oldest unfinished event has used up. */
  readonly headroomUsed: number;
  readonly checkedSecondsAgo: number;
  readonly partitions: readonly { readonly id: string; readonly lag: number; readonly gapEvents: number }[];
}

/** Something that a person should look at. */
export interface Problem {
  /** What happened, to what. */
  readonly what: string;
  /** What to do next. Commands stand in backticks. */
  readonly next: string;
}

interface At {
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Names this many of the events that cannot be stored, each with its reason. */
const NAMED_EVENTS = 3;

/** Undefined before the first check. */
export function hubHealth(
  statuses: readonly PartitionStatus[],
  { now, retentionHours }: HubHealthLimits & At,
): HubHealth | undefined {
  const found = statuses.filter(isChecked);
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
    stuckEvents: sum(({ stuckEvents }) => stuckEvents),
    lostEvents: sum(({ lostEvents }) => lostEvents),
    oldestUnfinishedSeconds,
    headroomUsed: Number((oldestUnfinishedSeconds / 3_600 / retentionHours).toFixed(3)),
    checkedSecondsAgo: secondsSince(checked, now) ?? 0,
    partitions: found.map(({ partitionId: id, lag, gapEvents }) => ({ id, lag, gapEvents })),
  };
}

/** The problems of hub, ledger and timers that a person should look at. */
export function hubProblems(
  statuses: readonly PartitionStatus[],
  runs: TimerRuns,
  limits: HubHealthLimits & At,
): Problem[] {
  const hub = hubHealth(statuses, limits);
  return [
    ...(hub === undefined ? [NOT_CHECKED] : problemsOf(hub)),
    ...stuckProblems(statuses),
    ...statuses.flatMap(failureOf),
    ...lateTimers(runs, limits.schedules, limits.now).map(lateness),
  ];
}

function lateness({ timer, lastRunAt, missingSince }: LateTimer): Problem {
  const last = lastRunAt === undefined ? "no run of it has ended yet" : `its last run ended at ${lastRunAt}`;
  return {
    what: `${timer} has missed at least 3 runs, the first at ${missingSince}; ${last}`,
    next: "Check that the function is enabled, and read in the app's log why it fails.",
  };
}

const NOT_CHECKED: Problem = {
  what: "the ledger has not been checked yet: whether events are missing is unknown until ledger-timer has run once",
  next: "Wait two minutes. If this stays, check that the function `ledger-timer` is enabled and may read the hub.",
};

function problemsOf({ lostEvents, headroomUsed, gapEvents }: HubHealth): Problem[] {
  return [
    ...(lostEvents > 0
      ? [
          {
            what: `${counted(lostEvents, "event")} left the hub before being stored`,
            next: "Search the AuditLogs of Microsoft Sentinel for the time that is given below: pimwatch did not see these events.",
          },
        ]
      : []),
    ...(headroomUsed >= RETENTION_USED_ALERT
      ? [
          {
            what: `the oldest event that is not stored has used up ${Math.round(headroomUsed * 100)} % of the hub's retention`,
            next: "Read in the app's log why `audit-events` fails, and mend it before the hub drops the event.",
          },
        ]
      : []),
    ...(gapEvents > 0
      ? [
          {
            what: `${counted(gapEvents, "event")} that the platform skipped must be read again`,
            next: "The function `ledger-timer` reads them within minutes. If they stay, read its log.",
          },
        ]
      : []),
  ];
}

/** Names the oldest events that cannot be stored, and counts the others. */
function stuckProblems(statuses: readonly PartitionStatus[]): Problem[] {
  const all = statuses.reduce((sum, { stuckEvents }) => sum + stuckEvents, 0);
  const named = statuses
    .flatMap(({ partitionId, stuck }) => stuck.map((event) => ({ partitionId, ...event })))
    .toSorted((a, b) => (a.since < b.since ? -1 : 1))
    .slice(0, NAMED_EVENTS);
  const others = all - named.length;
  return [
    ...named.map(({ partitionId, number, since, attempts, reason }) => ({
      what: `event ${number} of partition ${partitionId} could not be stored since ${since} (attempts: ${attempts}): ${reason}`,
      next: TRIED_AGAIN,
    })),
    ...(others > 0
      ? [
          {
            what: `${counted(others, `${named.length > 0 ? "more " : ""}event`)} could not be stored`,
            next: TRIED_AGAIN,
          },
        ]
      : []),
  ];
}

const TRIED_AGAIN = "Mend what the reason names. The app tries again by itself, and other events go on.";

function failureOf({ partitionId, checkedAt, failure }: PartitionStatus): Problem[] {
  if (failure === undefined) return [];
  const next =
    "Check that the hub exists and that the app may read it: `npx pimwatch doctor` names the setting or right.";
  if (partitionId === WHOLE_HUB)
    return [{ what: `the hub could not be reached at ${failure.at}: ${failure.reason}`, next }];
  const before = checkedAt === "" ? "it was never checked before" : `last checked at ${checkedAt}`;
  return [
    { what: `partition ${partitionId} could not be checked at ${failure.at} (${before}): ${failure.reason}`, next },
  ];
}

function isChecked({ checkedAt }: PartitionStatus): boolean {
  return checkedAt !== "";
}

function secondsSince(time: string | undefined, now: number): number | undefined {
  const at = time === undefined ? NaN : Date.parse(time);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.round((now - at) / 1_000));
}
