import { runsDue } from "./timer-schedule.ts";

/** The app's timers, by the names of their functions. */
export const TIMERS = ["outbox-timer", "ledger-timer", "reconciliation-timer"] as const;
export type TimerName = (typeof TIMERS)[number];

/** NCRONTAB of each timer. */
export type TimerSchedules = Readonly<Record<TimerName, string>>;

/** When the latest run of each timer ended that came to its end. Times are milliseconds since 1970. */
export interface TimerRuns {
  /** When the first run of any of them ended; undefined before. */
  readonly firstAt: number | undefined;
  readonly latestAt: Readonly<Partial<Record<TimerName, number>>>;
}

/** A timer of which no run has ended though several were due. */
export interface LateTimer {
  readonly timer: TimerName;
  /** When its last run ended; undefined where none ever did. */
  readonly lastRunAt: string | undefined;
  /** When the first of the runs was due that are missing. */
  readonly missingSince: string;
}

/** A run ends after so long at the latest: `DEADLINE_MS` of functions/settled.ts. Until then it is not missing. */
export const LONGEST_RUN_MS = 240_000;
const MISSED_RUNS = 3;

/** Timers that have missed three runs. One that never ran counts from the first run of any other. */
export function lateTimers(runs: TimerRuns, schedules: TimerSchedules, now: number): LateTimer[] {
  return TIMERS.flatMap((timer): LateTimer[] => {
    const last = runs.latestAt[timer];
    const since = last ?? runs.firstAt;
    if (since === undefined) return [];
    // A clock that was set back must not make a timer run on time for as long as it takes to catch up.
    const [after, until] = since <= now ? [since, now] : [now, since];
    const due = runsDue(schedules[timer], { after, until: until - LONGEST_RUN_MS, limit: MISSED_RUNS });
    const [first] = due;
    if (first === undefined || due.length < MISSED_RUNS) return [];
    const lastRunAt = last === undefined ? undefined : new Date(last).toISOString();
    return [{ timer, lastRunAt, missingSince: new Date(first).toISOString() }];
  });
}
