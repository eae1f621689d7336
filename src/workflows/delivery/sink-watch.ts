import { DOWN_AFTER } from "../../core/do-each.ts";
import { ACCEPTANCE_NOTED_EVERY_MS } from "../../core/timing.ts";
import { isOfADependency } from "../../errors.ts";

/** Where the latest acceptance of each sink is kept for other instances, and for this one after a restart. */
export interface Acceptances {
  latest(sink: string): Promise<number | undefined>;
  note(sink: string, at: number): Promise<void>;
}

export interface WatchOptions {
  readonly acceptances: Acceptances;
  /** How long invocations send nothing once the endpoint is taken to be down: batches must not queue up behind it. */
  readonly pauseMs: number;
  /** Milliseconds since 1970. */
  now(): number;
}

/** What this process knows of a sink: when it last accepted something, and whether its endpoint is down. */
export function sinkWatch(sink: string, { acceptances, pauseMs, now }: WatchOptions) {
  let acceptedAt = -Infinity;
  let notedAt = -Infinity;
  let paused = { until: 0, because: "" };
  const failed = new Set<string>();

  return {
    now,

    accepted(): void {
      acceptedAt = now();
      failed.clear();
      paused = { until: 0, because: "" };
    },

    /** A row failed alone, and nothing shows that the endpoint takes others. */
    failed(row: string, because: string): void {
      if (failed.size < DOWN_AFTER) failed.add(row);
      if (failed.size >= DOWN_AFTER) paused = { until: now() + pauseMs, because };
    },

    /** Why invocations send nothing now; undefined where they do. */
    paused(): string | undefined {
      const left = paused.until - now();
      // More than the whole pause is left where the clock was set back: then nobody knows how long it has been.
      return left > 0 && left <= pauseMs ? `paused for ${pauseMs / 1_000} s after: ${paused.because}` : undefined;
    },

    /** Whether any instance got something accepted since that time. Without an answer, no. */
    async hasAcceptedSince(time: number): Promise<boolean> {
      if (acceptedAt > time) return true;
      const latest = await unlessDown(() => acceptances.latest(sink));
      return latest !== undefined && latest > time;
    },

    /** Tells other instances of the latest acceptance. If that fails, fewer failures count against their rows. */
    async note(): Promise<void> {
      if (acceptedAt === -Infinity || Math.abs(acceptedAt - notedAt) < ACCEPTANCE_NOTED_EVERY_MS) return;
      const at = acceptedAt;
      await unlessDown(async () => {
        await acceptances.note(sink, at);
        notedAt = at;
      });
    },
  };
}

export type SinkWatch = ReturnType<typeof sinkWatch>;

async function unlessDown<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (!isOfADependency(error)) throw error;
    return undefined;
  }
}
