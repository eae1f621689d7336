import { startFunctionHost, type FunctionHost } from "../../local/function-host/function-host.ts";
import { LOCAL_HUB, LOCAL_PARTITIONS, startStack, type Stack, type StackOptions } from "../../local/stack.ts";
import { DependencyError } from "../../src/errors.ts";
import { textOf } from "../incidents/incident-text.ts";
import { NO_FIGURES, type RecordFigures } from "../../src/workflows/detection/detect-batch.ts";

export interface LocalAppOptions extends StackOptions {
  /** Folder of the built app; resolves when the build ends. */
  readonly appDirectory: Promise<string>;
  readonly httpPort?: number | undefined;
  /** The Node that runs the app; by default, the current one. */
  readonly nodePath?: string | undefined;
  /** Command-line options for that Node. */
  readonly nodeOptions?: readonly string[];
  /** Called with each warning and error of host and app. */
  readonly onTrouble: (line: string) => void;
}

/** The built app, running on the local stack. */
export interface LocalApp {
  readonly stack: Stack;
  readonly host: FunctionHost;
  /** The sum of the figures in the app's log. Events that were delivered twice count twice. */
  figures(): RecordFigures;
  /** Whether every event in the hub has been processed and checkpointed. */
  caughtUp(): boolean;
  /** When each forwarded row was first accepted, by incident id, in milliseconds since 1970. */
  forwardedAt(incidentId: string): number | undefined;
  /** Rejects if a part ends for good before `stop` is called; the error names it. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

/**
 * Starts the local stack and, once the app is built, the function host on it.
 *
 * @throws {UsageError} if a given port is taken or the app cannot be built or loaded; then nothing is left running
 */
export async function startLocalApp(options: LocalAppOptions): Promise<LocalApp> {
  const [starting, building] = await Promise.allSettled([startStack(options), options.appDirectory]);
  if (starting.status === "rejected") throw starting.reason;
  const stack = starting.value;
  const totals = { ...NO_FIGURES };
  let stopping = false;
  // After that, the other parts only complain about the one that ended.
  stack.failed.catch(() => (stopping = true));
  let host: FunctionHost;
  try {
    if (building.status === "rejected") throw building.reason;
    host = await startFunctionHost({
      appDirectory: building.value,
      settings: stack.settings,
      httpPort: options.httpPort ?? 0,
      ...(options.nodePath === undefined ? {} : { nodePath: options.nodePath }),
      nodeOptions: options.nodeOptions ?? [],
      log(line) {
        const batch = batchFigures(line);
        if (batch) for (const name of FIGURES) totals[name] += batch[name];
        else if (!stopping && isTrouble(line)) options.onTrouble(line);
      },
    });
  } catch (error) {
    await stack.stop();
    throw error;
  }

  const checkpoints = new Map<string, number>();
  host.events.on("checkpoint", ({ partitionId, sequenceNumber }) => checkpoints.set(partitionId, sequenceNumber));

  const accepted = new Map<string, number>();
  // Called at every change of the rows; resolves only when this app is stopped.
  void stack.ingestion.waitFor((rows) => {
    for (const row of rows.slice(accepted.size)) {
      const id = textOf(row, "IncidentId");
      if (!accepted.has(id)) accepted.set(id, Date.now());
    }
    return stopping;
  });

  return {
    stack,
    host,
    figures: () => ({ ...totals }),
    caughtUp() {
      return Array.from({ length: options.partitions ?? LOCAL_PARTITIONS }, (_, id) => String(id)).every((id) => {
        const { lastSequenceNumber } = stack.eventHub.partition(LOCAL_HUB, id);
        return (checkpoints.get(id) ?? -1) >= lastSequenceNumber;
      });
    },
    forwardedAt: (incidentId) => accepted.get(incidentId),
    failed: Promise.race([stack.failed, endOfApp(host)]),
    async stop() {
      stopping = true;
      try {
        await host.stop();
      } finally {
        await stack.stop();
      }
    },
  };
}

/** The host restarts a worker that dies, as in Azure. After this many deaths without a success between, it is in vain. */
const DEATHS_IN_A_ROW = 10;

/** Rejects once the app's process has died too often; the error names it. */
export async function endOfApp({ events }: Pick<FunctionHost, "events">): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined); // not everyone waits for it
  let deaths = 0;
  events.on("invocationSucceeded", () => (deaths = 0));
  events.on("workerExited", ({ code, signal }) => {
    deaths += 1;
    const how = signal === null ? `code ${String(code)}` : signal;
    if (deaths === DEATHS_IN_A_ROW)
      reject(new DependencyError("The function app", `its process ended ${deaths} times in a row, last with ${how}`));
  });
  return promise;
}

/** The lines of an exception's stack say nothing to a person. */
function isTrouble(line: string): boolean {
  return /^(warning|error|critical|console)\b/i.test(line) && !/^console: +at /.test(line);
}

const FIGURES = Object.keys(NO_FIGURES).filter(isFigure);

function isFigure(name: string): name is keyof RecordFigures {
  return name in NO_FIGURES;
}

/** The figures in a line of the host's log, if the line is about a batch. */
function batchFigures(line: string): RecordFigures | undefined {
  const start = line.indexOf('{"event":"batch detected"');
  if (start < 0) return undefined;
  const logged: Record<string, unknown> = JSON.parse(line.slice(start));
  const figures = { ...NO_FIGURES };
  for (const name of FIGURES) {
    const count = logged[name];
    if (typeof count === "number") figures[name] = count;
  }
  return figures;
}
