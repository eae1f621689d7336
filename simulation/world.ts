import { createHash } from "node:crypto";
import type { RestError } from "@azure/data-tables";
import { chance } from "../local/samples/chance.ts";
import { TENANT_ID } from "../local/samples/tenant.ts";
import { type Config, readConfig } from "../src/config.ts";
import type { Rule } from "../src/core/incident/rule.ts";
import { INCIDENTS_TABLE, KEPT_TABLE, LEDGER_TABLE } from "../src/storage-names.ts";
import type { Machine } from "../src/machine.ts";
import { type PipelineHealth, pipelineHealth } from "../src/workflows/health/pipeline-health.ts";
import { withChange } from "../src/core/triage/triage-change.ts";
import { lazily, type Outside, wire } from "../src/wiring.ts";
// The app loads these when it first needs them. Loading takes real time, which would change the first world of a process.
import "../src/azure/dead-letters.ts";
import "../src/azure/sinks/logs-ingestion.ts";
import { eventMaker, type MadeEvent } from "./events.ts";
import { type FunctionHost, functionHost, type Leases, type TimerName, type Worker } from "./function-host.ts";
import { withPoison } from "./poison.ts";
import { type Content, type Happening, type Plan, type Service } from "./plan.ts";
import { type Fault, type Reach, type WorkerProcess, workerProcess } from "./process.ts";
import { memoryBlobs } from "./services/memory-blobs.ts";
import { type HubEvent, memoryHub } from "./services/memory-hub.ts";
import { memoryReceivers } from "./services/memory-receivers.ts";
import { memoryTable, refusal } from "./services/memory-table.ts";
import { timeline } from "./timeline.ts";

/** An event that was sent, and what became of it in the hub. */
export interface SentEvent extends MadeEvent {
  readonly partition: number;
  readonly event: HubEvent;
  readonly hubCreatedAt: number;
  /** Why the hub no longer has it; "" if it has. */
  gone: "" | "dropped" | "the hub was created again";
  /** When it was dropped; virtual time. */
  droppedAt: number;
}

/** A batch that the host wrote a checkpoint for. */
interface DoneBatch {
  readonly events: readonly HubEvent[];
  /** Whether the invocation left events to the healer, and said so. */
  readonly leftToHealer: boolean;
}

export type World = ReturnType<typeof world>;

const START = Date.UTC(2026, 2, 4, 9);
const MINUTE = 60_000;
/** Before anything happens, the app is deployed and its timers have run. */
const QUIET_MS = 2 * MINUTE;
const FAULTS = ["refused", "refused", "lost", "repeated", "unheard", "unanswered"] as const;
/** Longer than the time limit of any call. */
const SLOWEST_MS = 50_000;
/** How long a Functions host that gave up takes to start again. */
const HOST_BACK_MS = 10_000;

/** Settings of the app in the simulation. Connection strings, so that it makes its tables itself; nothing is connected to. */
function simulatedConfig(hasWebhook: boolean): Config {
  return readConfig({
    AUDIT_EVENTS: "Endpoint=sb://127.0.0.1;SharedAccessKeyName=n;SharedAccessKey=k;UseDevelopmentEmulator=true;",
    AUDIT_EVENTS_HUB: "insights-logs-auditlogs",
    AUDIT_EVENTS_CONSUMER_GROUP: "pimwatch",
    AUDIT_EVENTS_HEALER_CONSUMER_GROUP: "pimwatch-healer",
    AUDIT_EVENTS_RETENTION_HOURS: "24",
    INCIDENTS_STORAGE: "UseDevelopmentStorage=true",
    LOGS_INGESTION_ENDPOINT: "https://127.0.0.1:1",
    LOGS_INGESTION_RULE_ID: "dcr-00000000000000000000000000000000",
    LOGS_INGESTION_STREAM: "Custom-PimwatchIncidents_CL",
    ALLOWED_TENANT_IDS: TENANT_ID,
    WEBHOOK_URL: hasWebhook ? "https://receiver.example/hook" : "",
    OUTBOX_TIMER_SCHEDULE: "0 * * * * *",
    LEDGER_TIMER_SCHEDULE: "30 * * * * *",
    WINDOW_TIMER_SCHEDULE: "30 * * * * *",
    RECONCILIATION_TIMER_SCHEDULE: "0 7 * * * *",
    BACKUP_TIMER_SCHEDULE: "0 0 0 1 1 *", // there are no backups, and the health must not miss them
  });
}

/** The app and everything around it, by a plan. Nothing happens until `timeline.runTo`. */
export function world(plan: Plan, rules: readonly Rule[]) {
  const draw = chance(`run ${plan.seed}`);
  const time = timeline(START, draw);
  const config = simulatedConfig(plan.hasWebhook);
  /** Incidents that the table does not take. */
  const untaken = { refused: new Set<string>(), failing: new Set<string>() };
  const unwilling = ({ IncidentId }: Readonly<Record<string, unknown>>): RestError | undefined => {
    if (typeof IncidentId !== "string") return undefined;
    if (untaken.refused.has(IncidentId)) return refusal(400, "PropertyValueTooLarge");
    return untaken.failing.has(IncidentId) ? refusal(500, "InternalError") : undefined;
  };
  const { pageSize } = plan;
  const tables = {
    [INCIDENTS_TABLE]: memoryTable({ pageSize, unwilling }),
    [LEDGER_TABLE]: memoryTable({ pageSize }),
    [KEPT_TABLE]: memoryTable({ pageSize }),
  };
  const hub = memoryHub(plan.partitions, time);
  const letters = memoryBlobs();
  const receivers = memoryReceivers();
  const makeEvent = eventMaker(rules);
  const sent: SentEvent[] = [];
  const history: string[] = [];
  const log: string[] = [];
  const outages = new Map<Service, { readonly since: number; readonly until: number; readonly how: "down" | "mute" }>();
  const disturbance = { faults: plan.faults, slow: plan.slow, clockAhead: 0 };
  /** `kills`: hosts that the plan killed; `healed`: reads of the healer. */
  const figures = { calls: 0, faults: 0, crashes: 0, kills: 0, healed: 0 };
  const leases: Leases = new Map();
  const hosts: FunctionHost[] = [];
  /** All that ever ran; their process ids are their places here. */
  const workers: WorkerProcess[] = [];
  const running = new Map<TimerName, WorkerProcess>();
  const bugs: unknown[] = [];
  const doneBatches: DoneBatch[] = [];
  /** When the ledger was checked without a failure. Before the first time nobody can say what is missing. */
  const ledgerChecks: number[] = [];
  /** Events that the ledger ever called finished, as the verdict saw them. */
  const everFinished = new Set<SentEvent>();
  /** Changes that were answered with "changed", as `<incident id>|<revision>`. */
  const confirmed = new Set<string>();
  /** Outbox rows that somebody deleted, as `<sink>|<incident id>|<revision>`. */
  const deleted = new Set<string>();
  let computers = 0;

  function note(line: string): void {
    history.push(`${((time.now() - START) / 1_000).toFixed(3)} ${line}`);
  }

  function faultOf(service: Service): Fault | undefined {
    figures.calls += 1;
    const outage = outages.get(service);
    const isOut = outage !== undefined && outage.until > time.now();
    const fault = isOut
      ? outage.how === "down"
        ? "refused"
        : "unanswered"
      : draw.between(1, 1_000) <= disturbance.faults
        ? draw.pick(FAULTS)
        : undefined;
    if (fault !== undefined) figures.faults += 1;
    return fault;
  }

  function latency(): number {
    if (draw.between(1, 1_000) <= disturbance.slow) return draw.between(1_000, SLOWEST_MS);
    return draw.between(1, 40);
  }

  function startProcess(name: string): WorkerProcess {
    const clockAhead = (): number => disturbance.clockAhead;
    const process = workerProcess(name, { timeline: time, draw, clockAhead, faultOf, latency, note });
    note(`${name} starts`);
    return process;
  }

  /** Counts what the healer reads. */
  function hubCall(process: Reach): Reach["call"] {
    return (service, operation, effect) => {
      if (operation.startsWith("receive")) figures.healed += 1;
      return process.call(service, operation, effect);
    };
  }

  /** The services, as a process reaches them. */
  function outsideOf(process: Reach, worker: Outside["worker"]): Outside {
    return {
      machine: process.machine,
      worker,
      table: (name) => {
        const table = Object.entries(tables).find(([known]) => known === name)?.[1];
        if (table === undefined) throw new Error(`the simulation has no table ${name}`);
        return Promise.resolve(
          table.clientWith((operation, effect) => process.call("table", `${operation} in ${name}`, effect)),
        );
      },
      hub: () => Promise.resolve(hub.clientFor({ ...process, call: hubCall(process) })),
      deadLetters: () => Promise.resolve(letters.clientFor(process)),
      backups: () => Promise.reject(new Error("the simulation has no backups")),
      ingestion: () => Promise.resolve(receivers.ingestionFor(process)),
      post: receivers.webhookFor(process),
    };
  }

  /** The app as a reader sees it whose calls are all answered at once. */
  const observer = lazily(() => {
    const machine: Machine = { now: time.now, after: () => () => undefined, newId: () => "observer", random: () => 0 };
    const wait = (): Promise<void> => Promise.resolve();
    const reach: Reach = { machine, wait, call: async (_service, _operation, effect) => Promise.resolve(effect()) };
    return wire(config, rules, outsideOf(reach, { id: "observer", host: "observer", pid: -1, isAlive: () => true }));
  });

  /** A new worker process, with the app in it. */
  function startWorker(computer: string, lose: (itself: WorkerProcess) => void): Worker {
    const pid = workers.length;
    const process = startProcess(`worker ${pid + 1} on ${computer}`);
    workers.push(process);
    const isAlive = (other: number): boolean => workers[other]?.isAlive() ?? false;
    const outside = outsideOf(process, { id: process.name, host: computer, pid, isAlive });
    const services = lazily(async () => {
      const wired = await wire(config, rules, outside);
      return { ...wired, rules: withPoison(wired.rules, () => lose(process)) };
    });
    return { process, services };
  }

  function startHost(computer = `computer ${(computers += 1)}`): void {
    const write = (line: string): void => {
      log.push(line);
      if (line.startsWith('{"event":"ledger checked","failures":0,')) ledgerChecks.push(time.now());
    };
    const host = functionHost({
      process: startProcess(`host on ${computer}`),
      startWorker: () => startWorker(computer, host.loseWorker),
      restart: () => {
        stopHost(host);
        time.after(HOST_BACK_MS, () => startHost(computer));
      },
      hub,
      leases,
      log: { info: write, warn: write, error: write },
      now: time.now,
      note,
      bug: (error) => bugs.push(error),
      workerDied: () => void (figures.crashes += 1),
      succeeded: (events) => doneBatches.push({ events, leftToHealer: isLeft(log.at(-1)) }),
    });
    hosts.push(host);
    host.start();
  }

  function stopHost(host: FunctionHost | undefined): void {
    if (host === undefined) return;
    note(`${host.process.name} dies`);
    void host.die();
    hosts.splice(hosts.indexOf(host), 1);
    figures.crashes += 1;
  }

  function kill(host: FunctionHost | undefined): void {
    if (host !== undefined) figures.kills += 1;
    stopHost(host);
  }

  function happen(happening: Happening): void {
    note(JSON.stringify(happening));
    switch (happening.kind) {
      case "send":
        for (const content of happening.contents) send(happening.partition, content);
        break;
      case "outage":
        outages.set(happening.service, {
          since: time.now(),
          until: time.now() + happening.milliseconds,
          how: happening.how,
        });
        break;
      case "crash":
        kill(hosts[happening.instance % Math.max(1, hosts.length)]);
        time.after(happening.backAfter, startHost);
        break;
      case "scale":
        while (hosts.length > happening.instances) kill(hosts.at(-1));
        while (hosts.length < happening.instances) startHost();
        break;
      case "clock":
        disturbance.clockAhead += happening.by;
        break;
      case "drop":
        drop(hub.drop(happening.partition, happening.events));
        break;
      case "recreate":
        // Of an event that left the old hub before the ledger's next check, nobody can say anything any more.
        for (const one of sent) one.gone = "the hub was created again";
        hub.recreate();
        break;
      case "refuse":
      case "fail": {
        const keeper = happening.by === "table" ? untaken : receivers;
        const ids = happening.kind === "refuse" ? keeper.refused : keeper.failing;
        for (const { id } of makeEvent("match", happening.event).incidents) ids.add(id);
        break;
      }
      case "triage":
        void triage(happening.incident);
        break;
      case "delete":
        deleteRow(happening.row);
        break;
      case "checkpoint": {
        const partition = hub.partition(happening.partition);
        partition.checkpoint = Math.min(Math.max(0, partition.checkpoint + happening.by), partition.next);
        leases.delete(happening.partition); // whoever claims it next begins there
        break;
      }
    }
  }

  function send(partition: number, content: Content): void {
    const made = makeEvent(content, sent.length);
    const event = hub.send(partition, made.body);
    sent.push({ ...made, partition, event, hubCreatedAt: hub.state.createdAt, gone: "", droppedAt: 0 });
  }

  function drop(events: readonly HubEvent[]): void {
    for (const one of sent) if (events.includes(one.event)) [one.gone, one.droppedAt] = ["dropped", time.now()];
  }

  /** The rows of the incident table whose keys begin like this, past all faults. */
  function incidentRows(beginning: string) {
    return tables.incidents.rows().filter(({ rowKey }) => String(rowKey).startsWith(`${beginning}|`));
  }

  /** An analyst changes a stored incident. @param place counts the incidents, and begins again at their end */
  async function triage(place: number): Promise<void> {
    const stored = incidentRows("incident");
    const row = stored[place % Math.max(1, stored.length)];
    if (row === undefined || hosts.length === 0) return;
    const [ruleId, id] = [String(row["partitionKey"]), String(row["IncidentId"])];
    await draw.pick(hosts).answer(async ({ incidents, changes, now }) => {
      const found = await incidents.get(ruleId, id);
      if (found === undefined) return;
      const by = { name: "noor", id: "noor", kind: "entra" } as const;
      const changed = withChange(found.row, { comment: `look ${place}` }, { by, at: now() });
      if ("row" in changed && (await changes.change(changed.row, changed.entry)) === "changed")
        confirmed.add(`${id}|${changed.entry.revision}`);
    });
  }

  function deleteRow(place: number): void {
    const waiting = incidentRows("outbox|log-analytics");
    const row = waiting[place % Math.max(1, waiting.length)];
    if (row === undefined) return;
    const key = String(row["rowKey"]);
    tables.incidents.drop(String(row["partitionKey"]), key);
    deleted.add(key.slice("outbox|".length));
  }

  /** Runs a timer on one of the hosts. It seldom begins while its last run goes on, as after a lost lease. */
  async function runTimer(name: TimerName): Promise<void> {
    const isRunning = running.get(name)?.isAlive() === true;
    if ((isRunning && draw.between(1, 10) > 1) || hosts.length === 0) return;
    const host = draw.pick(hosts);
    running.set(name, host.process);
    note(`${host.process.name} runs ${name}`);
    await host.runTimer(name);
    running.delete(name);
  }

  for (let count = 0; count < plan.instances; count += 1) startHost();
  for (const happening of plan.happenings) time.after(QUIET_MS + happening.at, () => happen(happening));

  return {
    plan,
    rules,
    time,
    config,
    tables,
    hub,
    letters,
    receivers,
    untaken,
    sent,
    log,
    history,
    figures,
    bugs,
    doneBatches,
    ledgerChecks,
    everFinished,
    confirmed,
    deleted,
    send,
    start: START,
    /** When the disturbances end. */
    end: START + QUIET_MS + plan.disturbedMs,
    runTimer,
    incidentRows,
    /** The app as a reader sees it whose calls are all answered at once. */
    observer,
    /** What the app says of itself, as if it were asked now. */
    health: async (): Promise<PipelineHealth> =>
      pipelineHealth(await observer(), { ...config.auditEvents, schedules: config.timerSchedules }),
    digest: () => createHash("sha256").update(history.join("\n")).digest("hex"),

    /** The hub drops the events that it held for so long. */
    dropOlderThan(milliseconds: number): void {
      for (const [id, { events }] of hub.state.partitions.entries()) {
        const old = events.filter(({ enqueuedTime }) => time.now() - enqueuedTime > milliseconds);
        drop(hub.drop(id, old.length));
      }
    },

    /** For how long a service has been out; 0 if it is not. */
    outFor(service: Service): number {
      const { since = 0, until = 0 } = outages.get(service) ?? {};
      return until > time.now() ? time.now() - since : 0;
    },

    /** Whether single incidents fail. */
    hasFailingItems: (): boolean => untaken.failing.size + receivers.failing.size > 0,
    mendItems(): void {
      note("the items are mended");
      untaken.failing.clear();
      receivers.failing.clear();
    },

    /** Everything works from now on, but for single incidents that were sent. */
    mend(): void {
      note("everything is mended");
      const known = new Set(sent.flatMap(({ incidents }) => incidents.map(({ id }) => id)));
      for (const { failing } of [untaken, receivers]) for (const id of failing) if (!known.has(id)) failing.delete(id);
      outages.clear();
      disturbance.faults = 0;
      disturbance.slow = 0;
      disturbance.clockAhead = 0;
      if (hosts.length === 0) startHost();
    },
  };
}

function isLeft(line = ""): boolean {
  return Number(/"leftToHealer":(\d+)/.exec(line)?.[1] ?? 0) > 0;
}
