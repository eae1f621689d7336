import { setTimeout as sleep } from "node:timers/promises";
import { build } from "../../build.ts";
import { LOCAL_HUB } from "../../local/stack.ts";
import { containerClient, hubProducer, tableClient } from "../../src/azure/clients.ts";
import { deadLetters } from "../../src/azure/dead-letters.ts";
import { tableRows } from "../../src/azure/tables/table-rows.ts";
import { counted } from "../../src/core/counted.ts";
import type { IncidentRow } from "../../src/core/incident/incident-row.ts";
import { LOCAL_RUN_POLL_MS } from "../../src/core/timing.ts";
import { DEAD_LETTERS_CONTAINER, INCIDENTS_TABLE } from "../../src/storage-names.ts";
import { deliveryProblems } from "../sending/delivery-check.ts";
import type { EventSource } from "../sending/event-source.ts";
import { sendEvents, type SendFigures } from "../sending/event-sender.ts";
import { incidentText, textOf } from "../incidents/incident-text.ts";
import { byTime } from "../incidents/summary-text.ts";
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
  readonly page: string;
  /** Sends all events, waits until all incidents are forwarded, then prints them and the figures. @returns the exit code */
  untilThrough(): Promise<number>;
  /** Prints the incidents and dead letters since the last call. */
  printFresh(): Promise<void>;
  /** All incidents that were printed. */
  incidents(): readonly IncidentRow[];
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
  const { azurite, eventHub } = app.stack;
  const storage = { kind: "connectionString", connectionString: azurite.connectionString } as const;
  const incidents = storedIncidents(tableRows(await tableClient(storage, INCIDENTS_TABLE)));
  const letters = newLetters(deadLetters(await containerClient(storage, DEAD_LETTERS_CONTAINER)));
  const hub = { kind: "connectionString", connectionString: eventHub.connectionString } as const;
  const producer = await hubProducer(hub, LOCAL_HUB);

  const bursts = burstCounts();
  function print(rows: readonly StoredRow[]): void {
    for (const { row } of rows) bursts.add(row);
    for (const { row } of rows)
      terminal.out(json ? jsonLine(row) : `${incidentText(row, terminal, bursts.sizeOf(row))}\n`);
  }
  async function printLetters(): Promise<void> {
    for (const { name, reason } of await letters.fresh())
      terminal.note(`pimwatch: new dead letter ${name.slice(0, 16)}: ${visible(reason)}`);
  }

  /**
   * Waits until every event is processed and every incident forwarded. The partitions are processed at the same time, so
   * only then can the incidents be printed in the order of time.
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
      await incidents.fresh();
      await printLetters();
      const rows = incidents.all();
      const waiting = rows.filter(({ row }) => app.forwardedAt(textOf(row, "IncidentId")) === undefined).length;
      if (isCaughtUp && waiting === 0) return true;
      const state = `${app.figures().events} ${rows.length} ${waiting} ${sending.state}`;
      if (state !== seen) moved = Date.now();
      seen = state;
      const isOver = sending.state === "failed" || terminal.stopping.aborted;
      if (isOver || Date.now() - moved > options.timeoutSeconds * 1_000) return false;
      terminal.progress(
        `${app.figures().events} of ${counted(source.count, "event")} processed, ${counted(rows.length, "incident")} stored …`,
      );
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
    page: pageOf(app),
    async printFresh() {
      print(await incidents.fresh());
      await printLetters();
    },
    incidents: () => incidents.all().map(({ row }) => row),
    async untilThrough() {
      say(`${addresses(app)}\n\nSending ${visible(source.description)}\n`);
      const began = performance.now();
      const sending: { state: SendingState } = { state: "under way" };
      // Wait for both, even if one fails: nothing may read the table after the stack has stopped.
      const [sentOrNot, throughOrNot] = await Promise.allSettled([sendAll(sending), follow(sending)]);
      await incidents.fresh();
      await printLetters();
      const rows = incidents.all().toSorted((a, b) => byTime(a.row, b.row));
      print(rows);
      const sent = valueOf(sentOrNot);
      const isThrough = valueOf(throughOrNot);
      if (terminal.stopping.aborted && !isThrough) {
        terminal.note("pimwatch: stopped before all events were processed and all incidents forwarded");
        return 1;
      }
      const seconds = (performance.now() - began) / 1_000;
      const buried = letters.count();
      say(figuresText({ app, rows, sentEvents: sent.events, buried, seconds }));
      const problems = [
        ...(isThrough ? [] : [givenUp(options, app)]),
        ...(sent.events === source.count ? [] : [`${sent.events} of ${counted(source.count, "event")} were sent`]),
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

function pageOf({ host }: LocalApp): string {
  return `${host.httpUrl}/api/dashboard`;
}

function addresses(app: LocalApp): string {
  const { host, stack } = app;
  return [
    "Running on this machine only, all data in memory:",
    `  page       ${pageOf(app)}`,
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
    `sent       ${counted(sentEvents, "event")} in ${seconds.toFixed(1)} s; the scan skipped ${counted(skippedByScan, "event")}`,
    `read       ${counted(received, "record")} in the other events; the scan skipped ${counted(recordsSkippedByScan, "record")}; ${counted(otherCategory, "record")} of other categories`,
    `matched    ${counted(matched, "record")}, in ${counted(rows.length, "incident")}; a redelivered record makes no second incident`,
    `set aside  ${counted(buried, "dead letter")}`,
    `forwarded  ${counted(app.stack.ingestion.rows().length, "row")}`,
    `latency    enqueued → stored ${spreadText(enqueuedToStored)}; stored → forwarded ${spreadText(storedToForwarded)}`,
  ].join("\n");
}

function givenUp({ timeoutSeconds }: LocalRunOptions, app: LocalApp): string {
  const what = app.caughtUp() ? "incidents wait to be forwarded" : "events wait to be processed";
  return `nothing has moved for ${timeoutSeconds} s while ${what}`;
}

function deadLetterProblems({ expectedDeadLetters }: EventSource, buried: number): string[] {
  const isRight = expectedDeadLetters === undefined || expectedDeadLetters === buried;
  return isRight ? [] : [`${counted(buried, "dead letter")} instead of ${counted(expectedDeadLetters, "dead letter")}`];
}

function verdict({ expected }: EventSource, incidents: number): string {
  return expected === undefined
    ? `All events were processed; all ${counted(incidents, "incident")} were forwarded exactly once.`
    : `All ${counted(expected.length, "expected incident")} were stored and forwarded exactly once.`;
}

/** Counts the incidents of each burst as they come. */
function burstCounts() {
  const counts = new Map<string, number>();
  return {
    add(row: IncidentRow): void {
      const id = textOf(row, "BurstId");
      if (id !== "") counts.set(id, (counts.get(id) ?? 0) + 1);
    },
    /** How many incidents of its burst were added, this one among them. */
    sizeOf: (row: IncidentRow): number => counts.get(textOf(row, "BurstId")) ?? 1,
  };
}
