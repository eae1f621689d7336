import { DependencyError } from "../errors.ts";

/** After a failure nothing is sent for a while: batches must not queue up behind a service that is down. */
export interface Pause {
  /** @throws {DependencyError} while it lasts, with what began it */
  mustBeOver(): void;
  begin(because: string): void;
}

/** @param now milliseconds since 1970 */
export function pauseOf(service: string, milliseconds: number, now: () => number): Pause {
  let paused = { until: 0, because: "" };
  return {
    mustBeOver() {
      const left = paused.until - now();
      // More than the whole pause is left where the clock was set back: then nobody knows how long it has been.
      if (left > 0 && left <= milliseconds)
        throw new DependencyError(service, `paused for ${milliseconds / 1_000} s after: ${paused.because}`);
    },
    begin(because) {
      paused = { until: now() + milliseconds, because };
    },
  };
}
