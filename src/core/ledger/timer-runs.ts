import { INVOCATION_DEADLINE_MS, MISSED_RUNS } from "../timing.ts";
import { runsDue } from "./timer-schedule.ts";

/** The app's timers, by the names of their functions. */
export const TIMERS = ["outbox-timer", "ledger-timer", "reconciliation-timer", "window-timer", "backup-timer"] as const;
export type TimerName = (typeof TIMERS)[number];

/** The NCRONTAB expression of each timer. */
export type TimerSchedules = Readonly<Record<TimerName, string>>;

/** When each timer last completed a run. Times are milliseconds since 1970. */
export interface TimerRuns {
  /** When any of them first completed a run; undefined if none has. */
  readonly firstAt: number | undefined;
  readonly latestAt: Readonly<Partial<Record<TimerName, number>>>;
}

/** A timer that has completed none of several due runs. */
export interface LateTimer {
  readonly timer: TimerName;
  /** When it last completed a run; undefined if it never has. */
  readonly lastRunAt: string | undefined;
  /** When the first missing run was due. */
  readonly missingSince: string;
}

/** Timers that have missed three runs. One that never ran counts from the first run of any other. */
export function lateTimers(runs: TimerRuns, schedules: TimerSchedules, now: number): LateTimer[] {
  return TIMERS.flatMap((timer): LateTimer[] => {
    const last = runs.latestAt[timer];
    const since = last ?? runs.firstAt;
    if (since === undefined) return [];
    // After the clock was set back, a timer must not count as on time until the clock catches up.
    const [after, until] = since <= now ? [since, now] : [now, since];
    // A run that was due may last this long, and is not missing until then.
    const due = runsDue(schedules[timer], { after, until: until - INVOCATION_DEADLINE_MS, limit: MISSED_RUNS });
    const [first] = due;
    if (first === undefined || due.length < MISSED_RUNS) return [];
    const lastRunAt = last === undefined ? undefined : new Date(last).toISOString();
    return [{ timer, lastRunAt, missingSince: new Date(first).toISOString() }];
  });
}
