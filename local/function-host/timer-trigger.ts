import { CronExpressionParser } from "cron-parser";
import { SettingsError } from "../../src/errors.ts";
import { resolvePlaceholders, type Settings } from "./binding-settings.ts";
import type { RunEnd } from "./event-hub-trigger.ts";
import type { Binding, TypedData } from "./worker-messages.ts";

/** Node's timers are limited to 2^31 - 1 ms; longer waits are split. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

export interface TimerSchedule {
  /** The first occurrence after `time`. */
  next(time: Date): Date;
  readonly runOnStartup: boolean;
}

/**
 * Reads the schedule of a timer trigger: NCRONTAB, six fields beginning with seconds, in UTC.
 *
 * @throws {SettingsError} if a setting is missing or the schedule is malformed
 * @see https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
 */
export function timerSchedule(functionName: string, binding: Binding, settings: Settings): TimerSchedule {
  const where = `${functionName}: schedule`;
  const schedule = binding["schedule"];
  if (typeof schedule !== "string") throw new SettingsError([`${where} is not given`]);
  const expression = resolvePlaceholders(schedule, settings, where).trim();
  const fields = expression.split(/\s+/);
  if (fields.length !== 6) {
    throw new SettingsError([`${where} "${expression}" has ${fields.length} fields; NCRONTAB has 6, seconds first`]);
  }
  if (fields[3] !== "*" && fields[5] !== "*") {
    // NCRONTAB requires both to match, cron either.
    throw new SettingsError([`${where} "${expression}" names days of the month and of the week: not supported here`]);
  }
  const next = (time: Date) => CronExpressionParser.parse(expression, { currentDate: time, tz: "UTC" }).next().toDate();
  try {
    next(new Date());
  } catch (error) {
    throw new SettingsError([`${where} "${expression}" is no NCRONTAB expression: ${String(error)}`]);
  }
  return { next, runOnStartup: binding["runOnStartup"] === true };
}

export interface TimerTriggerOptions {
  readonly schedule: TimerSchedule;
  readonly run: (data: TypedData, signal: AbortSignal) => Promise<RunEnd>;
}

export interface TimerTrigger {
  /** Runs the function now, or after the current run: a timer never overlaps itself. */
  runNow(): Promise<RunEnd>;
  stop(): Promise<void>;
}

/** Runs a function by its schedule. Skips an occurrence while the function still runs. */
export function startTimerTrigger({ schedule, run }: TimerTriggerOptions): TimerTrigger {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let last = new Date(0);
  let running: Promise<unknown> = Promise.resolve();

  function runNow(): Promise<RunEnd> {
    const end = running.then(async () => {
      if (stopping.signal.aborted) return "stopped";
      const data = timerInfo(last, schedule.next(new Date()));
      last = new Date();
      return run(data, stopping.signal);
    });
    running = end.catch(() => undefined);
    return end;
  }

  function plan(occurrence: Date): void {
    if (stopping.signal.aborted) return;
    const wait = occurrence.getTime() - Date.now();
    timer = setTimeout(
      () => {
        if (wait > LONGEST_WAIT_MS) plan(occurrence);
        else void runNow().then(() => plan(schedule.next(new Date())));
      },
      Math.min(Math.max(wait, 0), LONGEST_WAIT_MS),
    );
  }

  if (schedule.runOnStartup) void runNow().then(() => plan(schedule.next(new Date())));
  else plan(schedule.next(new Date()));
  return {
    runNow,
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await running;
    },
  };
}

/** The data that the real host sends to a timer function. */
function timerInfo(last: Date, next: Date): TypedData {
  const ScheduleStatus = { Last: last.toISOString(), Next: next.toISOString(), LastUpdated: last.toISOString() };
  return { json: JSON.stringify({ Schedule: { AdjustForDST: true }, ScheduleStatus, IsPastDue: false }) };
}
