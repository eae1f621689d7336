import { setTimeout as sleep } from "node:timers/promises";
import { build } from "../../build.ts";
import { LOCAL_HUB } from "../../local/stack.ts";
import { containerClient, hubProducer, tableClient } from "../../src/azure/clients.ts";
import { deadLetters } from "../../src/azure/dead-letters.ts";
import { tableRows } from "../../src/azure/tables/table-rows.ts";
import type { IncidentRow } from "../../src/core/incident/incident-row.ts";
import { LOCAL_RUN_POLL_MS } from "../../src/core/timing.ts";
import { DEAD_LETTERS_CONTAINER, INCIDENTS_TABLE } from "../../src/storage-names.ts";
import { deliveryProblems } from "../sending/delivery-check.ts";
import type { EventSource } from "../sending/event-source.ts";
import { sendEvents, type SendFigures } from "../sending/event-sender.ts";
import { incidentText, textOf } from "../incidents/incident-text.ts";
import { jsonLine } from "../json-line.ts";
import { latencies, spreadText } from "../sending/latency.ts";
import { startLocalApp, type LocalApp } from "./local-app.ts";
import { newLetters } from "./new-letters.ts";
import { storedIncidents, type StoredRow } from "./stored-incidents.ts";
import type { Terminal } from "../terminal.ts";
import { visible } from "../../src/core/visible-text.ts";

export interface LocalRunOptions {
  readonly source: EventSource;
  readonly ports: Readonly<
    Record<"hubPort" | "tablePort" | "blobPort" | "ingestionPort" | "httpPort", number | undefined>
  >;
  /** Folder of an app that is built already; if undefined, the app is built into dist. */
  readonly appDirectory: string | undefined;
  readonly nodePath: string | undefined;
  /** URL that new incidents are posted to. */
  readonly webhookUrl?: string | undefined;
  readonly json: boolean;
  /** The run is given up after this time without progress. */
  readonly timeoutSeconds: number;
}

export interface LocalRun {
  /** The app's settings, which name the services of the local stack. */
  readonly settings: Readonly<Record<string, string>>;
  /** Sends all events, prints incidents until all are forwarded, then prints the figures. @returns the exit code */
  untilThrough(): Promise<number>;
  /** Prints the incidents and dead letters since the last call. @returns how many incidents */
  printFresh(): Promise<number>;
  /** Rejects if a part of the local stack ends; the error names it. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

type SendingState = "under way" | "done" | "failed";

/** Builds the app and starts it on the local stack, ready for events. */
export async function runLocally(options: LocalRunOptions, terminal: Terminal): Promise<LocalRun> {
  const { source, json } = options;
  const say = (text: string): void => (json ? terminal.note(text) : terminal.out(`${text}\n`));
  terminal.progress("Building the app, starting storage, event hub, logs ingestion and the function host …");
  const app = await startLocalApp({
    ...options.ports,
    appDirectory: options.appDirectory === undefined ? builtApp(terminal) : Promise.resolve(options.appDirectory),
    allowedTenantIds: source.tenantIds,
    nodePath: options.nodePath,
    webhook: options.webhookUrl === undefined ? undefined : { url: options.webhookUrl },
    onTrouble: (line) => terminal.note(`function host: ${visible(line)}`),
  });
  terminal.progress("");
  const { azurite, eventHub } = app.stack;
  const storage = { kind: "connectionString", connectionString: azurite.connectionString } as const;
  const incidents = storedIncidents(tableRows(await tableClient(storage, INCIDENTS_TABLE)));
  const letters = newLetters(deadLetters(await containerClient(storage, DEAD_LETTERS_CONTAINER)));
  const hub = { kind: "connectionString", connectionString: eventHub.connectionString } as const;
  const producer = await hubProducer(hub, LOCAL_HUB);

  const bursts = burstCounts();
  async function printFresh(): Promise<number> {
    const fresh = await incidents.fresh();
    for (const { row } of fresh) {
      const burst = bursts.add(row);
      terminal.out(json ? jsonLine(row) : `${incidentText(row, { color: terminal.color, burst })}\n`);
    }
    for (const { name, reason } of await letters.fresh())
      terminal.note(`pimwatch: new dead letter ${name.slice(0, 16)}: ${visible(reason)}`);
    return fresh.length;
  }

  /**
   * Prints incidents until every event is processed and every incident forwarded.
   *
   * @returns false when it gives up: nothing has moved for the whole time limit, sending failed, or a person stopped it
   */
  async function follow(sending: { readonly state: SendingState }): Promise<boolean> {
    let moved = Date.now();
    let seen = "";
    for (;;) {
      const asked = Date.now();
      // Checkpoint first, then incidents: the app stores an incident before it moves the checkpoint, so none is missed.
      const isCaughtUp = sending.state === "done" && app.caughtUp();
      await printFresh();
      const rows = incidents.all();
      const waiting = rows.filter(({ row }) => app.forwardedAt(textOf(row, "IncidentId")) === undefined).length;
      if (isCaughtUp && waiting === 0) return true;
      const state = `${app.figures().events} ${rows.length} ${waiting} ${sending.state}`;
      if (state !== seen) moved = Date.now();
      seen = state;
      const isOver = sending.state === "failed" || terminal.stopping.aborted;
      if (isOver || Date.now() - moved > options.timeoutSeconds * 1_000) return false;
      terminal.progress(`${app.figures().events} of ${source.count} events processed, ${rows.length} incidents …`);
      // A long table takes long to list, so the pause grows with it.
      const pause = Math.max(LOCAL_RUN_POLL_MS, 4 * (Date.now() - asked));
      await sleep(pause, undefined, { signal: terminal.stopping }).catch(() => undefined);
    }
  }

  async function sendAll(sending: { state: SendingState }): Promise<SendFigures> {
    try {
      const sent = await sendEvents(producer, source.events(), { stopping: terminal.stopping });
      sending.state = "done";
      return sent;
    } catch (error) {
      sending.state = "failed";
      throw error;
    }
  }

  return {
    settings: app.stack.settings,
    failed: app.failed,
    printFresh,
    async untilThrough() {
      say(`${addresses(app)}\n\nSending ${visible(source.description)}\n`);
      const began = performance.now();
      const sending: { state: SendingState } = { state: "under way" };
      // Wait for both, even if one fails: nothing may read the table after the stack has stopped.
      const [sentOrNot, throughOrNot] = await Promise.allSettled([sendAll(sending), follow(sending)]);
      const sent = valueOf(sentOrNot);
      const isThrough = valueOf(throughOrNot);
      if (terminal.stopping.aborted && !isThrough) {
        terminal.note("pimwatch: stopped before all events were processed and all incidents forwarded");
        return 1;
      }
      const seconds = (performance.now() - began) / 1_000;
      await printFresh();
      const buried = letters.count();
      const rows = incidents.all();
      say(figuresText({ app, rows, sentEvents: sent.events, buried, seconds }));
      const problems = [
        ...(isThrough ? [] : [givenUp(options, app)]),
        ...(sent.events === source.count ? [] : [`${sent.events} of ${source.count} events were sent`]),
        ...deliveryProblems({
          expected: source.expected,
          stored: rows.map(({ row }) => row),
          forwarded: app.stack.ingestion.rows(),
        }),
        ...deadLetterProblems(source, buried),
        ...app.stack.ingestion
          .droppedColumns()
          .map(
            (column) =>
              `the stream does not declare the column ${column}, so Log Analytics would drop it. Add it to the stream`,
          ),
      ];
      for (const problem of problems) terminal.note(`pimwatch: ${visible(problem)}`);
      if (problems.length === 0) say(verdict(source, rows.length));
      return problems.length === 0 ? 0 : 1;
    },
    async stop() {
      await producer.close();
      await app.stop();
    },
  };
}

function valueOf<T>(outcome: PromiseSettledResult<T>): T {
  if (outcome.status === "rejected") throw outcome.reason;
  return outcome.value;
}

async function builtApp(terminal: Terminal): Promise<string> {
  const { directory, warnings } = await build();
  for (const warning of warnings) terminal.note(warning);
  return directory;
}

function addresses({ host, stack }: LocalApp): string {
  return [
    "Running on this machine only, all data in memory:",
    `  page       ${host.httpUrl}/api/dashboard`,
    `  health     ${host.httpUrl}/api/health`,
    `  pipeline   ${host.httpUrl}/api/pipeline`,
    `  tables     ${stack.azurite.tableEndpoint} (table ${INCIDENTS_TABLE})`,
    `  blobs      ${stack.azurite.blobEndpoint} (container ${DEAD_LETTERS_CONTAINER})`,
    `  ingestion  ${stack.ingestion.endpoint}`,
    `  event hub  ${LOCAL_HUB} at ${stack.eventHub.connectionString}`,
    `  incidents  npx pimwatch incidents --table-endpoint ${stack.azurite.tableEndpoint}`,
    `  send more  npx pimwatch send FILE --connection '${stack.eventHub.connectionString}'`,
  ].join("\n");
}

interface Outcome {
  readonly app: LocalApp;
  readonly rows: readonly StoredRow[];
  readonly sentEvents: number;
  readonly buried: number;
  readonly seconds: number;
}

function figuresText({ app, rows, sentEvents, buried, seconds }: Outcome): string {
  const { skippedByScan, received, matched, otherCategory, recordsSkippedByScan } = app.figures();
  const passages = rows.map(({ row, storedAt }) => {
    const enqueued = Date.parse(textOf(row, "EventHubEnqueuedTime"));
    return {
      enqueued: Number.isNaN(enqueued) ? undefined : enqueued,
      stored: storedAt,
      forwarded: app.forwardedAt(textOf(row, "IncidentId")),
    };
  });
  const { enqueuedToStored, storedToForwarded } = latencies(passages);
  return [
    `events        ${sentEvents} sent in ${seconds.toFixed(1)} s; the scan skipped ${skippedByScan}`,
    `records       ${received} in the other events; the scan skipped ${recordsSkippedByScan} of them; ${otherCategory} of other categories`,
    `matches       ${matched} records in ${rows.length} incidents; a redelivered record makes no second incident`,
    `dead letters  ${buried}`,
    `forwarded     ${app.stack.ingestion.rows().length} rows`,
    `latency       enqueued → stored ${spreadText(enqueuedToStored)}; stored → forwarded ${spreadText(storedToForwarded)}`,
  ].join("\n");
}

function givenUp({ timeoutSeconds }: LocalRunOptions, app: LocalApp): string {
  const what = app.caughtUp() ? "incidents wait to be forwarded" : "events wait to be processed";
  return `nothing has moved for ${timeoutSeconds} s while ${what}`;
}

function deadLetterProblems({ expectedDeadLetters }: EventSource, buried: number): string[] {
  const isRight = expectedDeadLetters === undefined || expectedDeadLetters === buried;
  return isRight ? [] : [`${buried} dead letters instead of ${expectedDeadLetters}`];
}

function verdict({ expected }: EventSource, incidents: number): string {
  return expected === undefined
    ? `All events were processed; all ${incidents} incidents were forwarded exactly once.`
    : `All ${expected.length} expected incidents were stored and forwarded exactly once.`;
}

/** Counts the incidents of each burst as they come. */
function burstCounts() {
  const counts = new Map<string, number>();
  return {
    /** @returns how many of its burst there are now, this one among them */
    add(row: IncidentRow): number {
      const id = textOf(row, "BurstId");
      if (id === "") return 1;
      const count = (counts.get(id) ?? 0) + 1;
      counts.set(id, count);
      return count;
    },
  };
}
