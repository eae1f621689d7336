import { ticksFromUnixMilliseconds, TICKS_PER_SECOND } from "../../kql/run/time.ts";
import type { Schedule } from "../incident/rule.ts";

const UNIX_EPOCH = ticksFromUnixMilliseconds(0);

/**
 * The first scheduled instant at or after a time: a multiple of the rule's frequency since 1970-01-01T00:00:00Z. All times
 * are in ticks of 100 ns since the year 1.
 */
export function instantFrom(time: bigint, { frequencySeconds }: Pick<Schedule, "frequencySeconds">): bigint {
  const step = ticksOf(frequencySeconds);
  const past = (((time - UNIX_EPOCH) % step) + step) % step;
  return past === 0n ? time : time - past + step;
}

/** The last scheduled instant at or before a time. */
export function instantBefore(time: bigint, schedule: Pick<Schedule, "frequencySeconds">): bigint {
  const next = instantFrom(time, schedule);
  return next === time ? time : next - ticksOf(schedule.frequencySeconds);
}

/** The scheduled instants whose windows hold an event of this time, as the first and the last of them. */
export function instantsOf(time: bigint, schedule: Schedule): Instants {
  // A window begins after its start, so that an event at the start is in the window before.
  const last = instantBefore(time + ticksOf(schedule.periodSeconds) - 1n, schedule);
  return { first: instantFrom(time, schedule), last };
}

/** Scheduled instants from the first to the last, both included; none if the last is before the first. */
export interface Instants {
  readonly first: bigint;
  readonly last: bigint;
}

export function ticksOf(seconds: number): bigint {
  return BigInt(seconds) * TICKS_PER_SECOND;
}
