import type { IncidentRow } from "./incident-row.ts";
import { MAX_PACK_BYTES, type PackLimits } from "./packs.ts";

/** What the outbox, the delivery loop, health, the page and the command line need to know of a sink. */
export interface SinkTraits {
  /** Stands in row keys, in log lines and in the answer of `/api/pipeline`. */
  readonly name: string;
  /** For people, within a sentence. */
  readonly title: string;
  /** The app setting that switches the sink on; undefined: it is always on. */
  readonly setting: string | undefined;
  /**
   * The outbox queues either each revision of each incident, as the row to send, or each new incident, as its ids alone.
   * A sweep reads the incident of such ids when it sends it, so the sink gets the latest revision.
   */
  readonly takes: "every revision" | "new incidents";
  /** What fits into one request. */
  readonly pack: PackLimits;
  /** How long invocations send nothing once the endpoint counts as down, so that batches do not queue up behind it. */
  readonly pauseMs: number;
  readonly limits: {
    /** The invocation that made the incidents; the next batch waits for it. Anything unsent by then is left to the timer. */
    readonly invocation: SendingTime;
    /** The timer, which runs again in a minute. Well below its deadline of 240 s, with the requests under way. */
    readonly sweep: SendingTime;
  };
  /** Rows that a sweep reads of one rule at a time. */
  readonly pageSize: number;
}

export interface SendingTime {
  /** No request begins after this time. */
  readonly milliseconds: number;
  /** One request with its retries. */
  readonly timeoutMs: number;
}

/** Where incidents are sent to. The code that sends to one of them is in src/azure/sinks; src/services.ts connects both. */
export const SINKS = [
  {
    name: "log-analytics",
    title: "Log Analytics",
    setting: undefined,
    takes: "every revision",
    pack: { maxBytes: MAX_PACK_BYTES },
    pauseMs: 10_000,
    limits: {
      // Time for a pack that fails, and for its parts; a request takes a fraction of a second where all is well.
      invocation: { milliseconds: 10_000, timeoutMs: 5_000 },
      sweep: { milliseconds: 90_000, timeoutMs: 15_000 },
    },
    pageSize: 500,
  },
  {
    name: "webhook",
    title: "the webhook",
    setting: "WEBHOOK_URL",
    takes: "new incidents",
    pack: { maxRows: 1 },
    pauseMs: 60_000,
    limits: {
      invocation: { milliseconds: 3_000, timeoutMs: 5_000 },
      sweep: { milliseconds: 45_000, timeoutMs: 5_000 },
    },
    pageSize: 100,
  },
] as const satisfies readonly SinkTraits[];

export const SINK_TITLES: readonly string[] = SINKS.map(({ title }) => title);

/** The title of a sink by its name. */
export const SINK_TITLE: ReadonlyMap<string, string> = new Map(SINKS.map(({ name, title }) => [name, title]));

export type SinkName = (typeof SINKS)[number]["name"];

/**
 * Sends one pack in one request.
 *
 * @throws {DependencyError} when it is unknown whether the rows were accepted, or they may be accepted later
 */
export type Send = (pack: readonly IncidentRow[], timeoutMs: number) => Promise<SendOutcome>;

export type SendOutcome =
  | { readonly outcome: "accepted" }
  /** It will be refused again, however often it is sent. */
  | { readonly outcome: "refused"; readonly reason: string };

/** The sinks that these app settings switch on. */
export function sinksSetUp(settings: Readonly<Record<string, string | undefined>>): SinkName[] {
  const isOn = ({ setting }: SinkTraits) => setting === undefined || (settings[setting] ?? "").trim() !== "";
  return SINKS.filter(isOn).map(({ name }) => name);
}

/** The sinks of an app that has no optional one. */
export const SINKS_ALWAYS_ON: readonly SinkName[] = sinksSetUp({});
