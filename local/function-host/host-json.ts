import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { RetryMode } from "@azure/event-hubs";
import { z } from "zod";
import { SettingsError } from "../../src/errors.ts";

/** The values that the host reads from host.json, with the real host's defaults. */
export interface HostJson {
  /** undefined: no limit. */
  readonly functionTimeoutMs: number | undefined;
  /** Prefix of each route; "" for none. */
  readonly routePrefix: string;
  readonly eventHubs: {
    readonly maxEventBatchSize: number;
    readonly prefetchCount: number;
    readonly batchCheckpointFrequency: number;
    readonly loadBalancing: LoadBalancing;
    /** How the hub's client retries; unset options are left to the client. */
    readonly clientRetryOptions: ClientRetryOptions;
  };
  /** Options that are set but have no effect here. */
  readonly ignored: readonly string[];
}

/** How hosts share partitions. */
export interface LoadBalancing {
  /** How often a host renews its partitions and looks for others to take. */
  readonly updateIntervalMs: number;
  /** A host that has not renewed for this long has lost its partitions. */
  readonly ownershipExpiryMs: number;
}

/** In the form of the SDK's client. */
export interface ClientRetryOptions {
  readonly mode?: RetryMode;
  readonly timeoutInMs?: number;
  readonly retryDelayInMs?: number;
  readonly maxRetryDelayInMs?: number;
  readonly maxRetries?: number;
}

/** "hh:mm:ss", with days or fractions as .NET's TimeSpan writes them. */
const TIME_SPAN = /^(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,7}))?$/;
/** Flex Consumption, Premium and Dedicated. https://learn.microsoft.com/azure/azure-functions/functions-scale */
const DEFAULT_TIMEOUT_MS = 30 * 60 * 1000;

/** Defaults of the .NET client, which the extension leaves unchanged. */
const DEFAULT_LOAD_BALANCING: LoadBalancing = { updateIntervalMs: 30_000, ownershipExpiryMs: 120_000 };

const timeSpan = z.string().regex(TIME_SPAN).optional();

const schema = z.object({
  version: z.literal("2.0"),
  functionTimeout: z.union([z.literal("-1"), z.string().regex(TIME_SPAN)]).optional(),
  extensions: z
    .object({
      http: z.object({ routePrefix: z.string().optional() }).optional(),
      eventHubs: z
        .object({
          maxEventBatchSize: z.int().positive().default(100),
          minEventBatchSize: z.int().positive().default(1),
          prefetchCount: z.int().positive().default(300),
          batchCheckpointFrequency: z.int().positive().default(1),
          prefetchSizeInBytes: z.int().nonnegative().optional(),
          targetUnprocessedEventThreshold: z.int().positive().optional(),
          loadBalancingUpdateInterval: timeSpan,
          partitionOwnershipExpirationInterval: timeSpan,
          initialOffsetOptions: z.object({ type: z.string().default("fromStart") }).optional(),
          clientRetryOptions: z
            .object({
              mode: z.enum(["exponential", "fixed"]).optional(),
              tryTimeout: timeSpan,
              delay: timeSpan,
              maximumDelay: timeSpan,
              maximumRetries: z.int().nonnegative().optional(),
            })
            .optional(),
        })
        .optional(),
    })
    .optional(),
});

/** @throws {SettingsError} if host.json is missing, is not JSON, or has malformed values */
export async function readHostJson(appDirectory: string): Promise<HostJson> {
  const file = join(appDirectory, "host.json");
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(file, "utf8"));
  } catch (error) {
    throw new SettingsError([`${file} cannot be read: ${String(error)}`]);
  }
  const checked = schema.safeParse(parsed);
  if (!checked.success) {
    throw new SettingsError(checked.error.issues.map(({ path, message }) => `${file}: ${path.join(".")}: ${message}`));
  }
  const { functionTimeout, extensions } = checked.data;
  const eventHubs = extensions?.eventHubs;
  const ignored: string[] = [];
  if ((eventHubs?.minEventBatchSize ?? 1) > 1) ignored.push("extensions.eventHubs.minEventBatchSize (over 1)");
  if ((eventHubs?.initialOffsetOptions?.type ?? "fromStart") !== "fromStart") {
    ignored.push("extensions.eventHubs.initialOffsetOptions (other than fromStart)");
  }
  return {
    functionTimeoutMs: functionTimeout === "-1" ? undefined : (timeSpanMs(functionTimeout) ?? DEFAULT_TIMEOUT_MS),
    routePrefix: extensions?.http?.routePrefix ?? "api",
    eventHubs: {
      maxEventBatchSize: eventHubs?.maxEventBatchSize ?? 100,
      prefetchCount: eventHubs?.prefetchCount ?? 300,
      batchCheckpointFrequency: eventHubs?.batchCheckpointFrequency ?? 1,
      loadBalancing: {
        updateIntervalMs: timeSpanMs(eventHubs?.loadBalancingUpdateInterval) ?? DEFAULT_LOAD_BALANCING.updateIntervalMs,
        ownershipExpiryMs:
          timeSpanMs(eventHubs?.partitionOwnershipExpirationInterval) ?? DEFAULT_LOAD_BALANCING.ownershipExpiryMs,
      },
      clientRetryOptions: clientRetryOptions(eventHubs?.clientRetryOptions ?? {}),
    },
    ignored,
  };
}

type EventHubsSection = NonNullable<NonNullable<z.infer<typeof schema>["extensions"]>["eventHubs"]>;

function clientRetryOptions(written: NonNullable<EventHubsSection["clientRetryOptions"]>): ClientRetryOptions {
  const [timeoutInMs, retryDelayInMs, maxRetryDelayInMs] = [
    written.tryTimeout,
    written.delay,
    written.maximumDelay,
  ].map(timeSpanMs);
  return {
    ...(written.mode !== undefined && { mode: written.mode === "fixed" ? RetryMode.Fixed : RetryMode.Exponential }),
    ...(timeoutInMs !== undefined && { timeoutInMs }),
    ...(retryDelayInMs !== undefined && { retryDelayInMs }),
    ...(maxRetryDelayInMs !== undefined && { maxRetryDelayInMs }),
    ...(written.maximumRetries !== undefined && { maxRetries: written.maximumRetries }),
  };
}

function timeSpanMs(text: string | undefined): number | undefined {
  const match = TIME_SPAN.exec(text ?? "");
  if (match === null) return undefined;
  const [days, hours, minutes, seconds] = match.slice(1, 5).map((part) => Number(part ?? 0));
  const fraction = Number(`0.${match[5] ?? "0"}`);
  return ((((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0) + fraction) * 1000;
}
