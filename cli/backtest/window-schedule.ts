import { ticksFromUnixMilliseconds, TICKS_PER_SECOND } from "../../src/kql/run/time.ts";
import type { Schedule } from "../../src/sentinel/window-rule.ts";

const UNIX_EPOCH = ticksFromUnixMilliseconds(0);

/** The first scheduled instant at or after a time: a multiple of the rule's frequency since 1970-01-01T00:00:00Z. */
export function instantFrom(time: bigint, { frequencySeconds }: Pick<Schedule, "frequencySeconds">): bigint {
  const step = BigInt(frequencySeconds) * TICKS_PER_SECOND;
  const past = (((time - UNIX_EPOCH) % step) + step) % step;
  return past === 0n ? time : time - past + step;
}

export function ticksOf(seconds: number): bigint {
  return BigInt(seconds) * TICKS_PER_SECOND;
}
