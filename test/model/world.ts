// The pipeline on stores in memory, with a hub, a host, clocks and faults that a test controls.
import { incidentLists } from "../../src/azure/incidents/incident-lists.ts";
import { incidentOutbox } from "../../src/azure/incidents/incident-outbox.ts";
import { incidentTable } from "../../src/azure/incidents/incident-table.ts";
import { categorySightingTable } from "../../src/azure/ledger/category-sighting-table.ts";
import { evaluationTable } from "../../src/azure/ledger/evaluation-table.ts";
import { ledgerTable } from "../../src/azure/ledger/ledger-table.ts";
import { ruleIds } from "../../src/azure/incidents/rule-ids.ts";
import { sinkAcceptances } from "../../src/azure/ledger/sink-acceptances.ts";
import { suspectTable } from "../../src/azure/ledger/suspect-table.ts";
import { tableRows } from "../../src/azure/tables/table-rows.ts";
import { valueText } from "../../src/core/value-text.ts";
import { sha256Hex } from "../../src/core/json/content-hash.ts";
import { throwFirst } from "../../src/core/do-each.ts";
import type { IncidentRow } from "../../src/core/incident/incident-row.ts";
import type { Send, SendOutcome, SinkName } from "../../src/core/incident/sinks.ts";
import { categoryWatch } from "../../src/core/ledger/category-watch.ts";
import { ruleSetOf } from "../../src/core/ledger/evaluations.ts";
import type { SequenceRange } from "../../src/core/ledger/sequence-ranges.ts";
import { CLOCK_DIFFERENCE } from "../../src/core/timing.ts";
import { DependencyError } from "../../src/errors.ts";
import { checkLedger, type LedgerFigures } from "../../src/workflows/healing/check-ledger.ts";
import { type HubEvent, KEEPS_NOTHING } from "../../src/workflows/detection/detect-batch.ts";
import { handleEvents, type HandleDependencies, type Handling } from "../../src/workflows/detection/handle-events.ts";
import { reconcile, type Reconciled } from "../../src/workflows/delivery/reconcile.ts";
import { type BySink, openSinks, type Sink } from "../../src/workflows/delivery/sink.ts";
import { sweepOutbox, type Swept } from "../../src/workflows/delivery/sweep-outbox.ts";
import { memoryTable, type TableFault } from "../../simulation/services/memory-table.ts";
import { bytes, eventBody, settingsChange, TENANT } from "../samples.ts";
import { CHANGES_TO_PIM_SETTINGS, incidentOf, readyRule } from "../shipped-rule.ts";

export const PARTITION_IDS = ["0", "1"] as const;
export type PartitionId = (typeof PARTITION_IDS)[number];
const RULE_ID = CHANGES_TO_PIM_SETTINGS.id;
const RULE = readyRule();
const RULE_SET = ruleSetOf("1.0.0", [RULE.rule], [TENANT]);
const NAME = { namespace: "pimwatch.servicebus.windows.net", hub: "insights-logs-auditlogs" };

/** The content of an event: records that match, one that does not, bytes that are not JSON. */
export type Content = "match" | "two matches" | "no match" | "garbage";

type IngestionMode = "up" | "down";

export interface Sent {
  readonly partitionId: PartitionId;
  readonly event: HubEvent;
  /** Ids of the expected incidents. */
  readonly incidentIds: readonly string[];
  readonly isGarbage: boolean;
}

interface Partition {
  readonly events: Map<number, Sent>;
  first: number;
  last: number;
  /** The next number that the host delivers. */
  checkpoint: number;
}

export type World = ReturnType<typeof world>;

/** Accepts rows instead of the endpoint that `ingestion.mode` controls, and reports them. */
export type UploadsTo = (how: { readonly now: () => number; readonly accept: (row: IncidentRow) => void }) => Send;

export interface WorldOptions {
  readonly uploadsTo?: UploadsTo;
  /** A second sink. */
  readonly webhook?: Send;
}

export function world({ uploadsTo, webhook }: WorldOptions = {}) {
  /** Writes fail and reads succeed, as on a full disk. */
  const storage = { isFull: false };
  const disturbed = async (operation: string): Promise<TableFault | undefined> => {
    await Promise.resolve(); // sometimes lets others go first
    if (storage.isFull && operation !== "list" && operation !== "get") return "refused";
    return undefined;
  };
  /** Ids of incidents that the table always refuses, while it accepts all others. */
  const refused = new Set<string>();
  const clock = { app: Date.UTC(2026, 2, 4), hub: Date.UTC(2026, 2, 4) };
  const hub = { createdAt: clock.hub, isClockTrusted: true, partitions: new Map<PartitionId, Partition>() };
  const everSent: Sent[] = [];
  const letters = new Set<string>();
  const accepted = new Set<string>();
  const ingestion = { mode: "up" as IngestionMode };
  const incidentRows = memoryTable({ pageSize: 3, before: disturbed });
  const ledgerRows = memoryTable({ pageSize: 3, before: disturbed });
  const queuedFor: readonly SinkName[] = webhook === undefined ? ["log-analytics"] : ["log-analytics", "webhook"];
  const incidents = incidentTable(tableRows(incidentRows.client), queuedFor);
  const ledger = ledgerTable(tableRows(ledgerRows.client), NAME);
  const now = (): Date => new Date(clock.app);

  /** The sinks of a process that has just started. */
  function newSinks(): Sink[] {
    const uploading = uploadsTo?.({ now: () => clock.app, accept }) ?? upload;
    return openSinks(
      { "log-analytics": uploading, webhook },
      {
        outboxOf: (sink) => incidentOutbox(tableRows(incidentRows.client), sink),
        incidents,
        acceptances: sinkAcceptances(tableRows(ledgerRows.client)),
        firstBackOffMs: 60_000,
        now: () => clock.app,
      },
    );
  }

  /** The notes of a process that has just started. */
  function newEvaluations(): HandleDependencies["evaluations"] {
    const { evaluating, addDelays } = evaluationTable(tableRows(ledgerRows.client), NAME);
    return { evaluating: (at) => evaluating(RULE_SET, at), addDelays };
  }

  let deps: HandleDependencies = {
    rules: [RULE],
    allowedTenantIds: new Set([TENANT]),
    incidents: {
      async addAll(all) {
        const taken = all.filter(({ row }) => !refused.has(valueText(row["IncidentId"])));
        const failed = new DependencyError("Table Storage", "answered 500");
        if (taken.length === 0 && all.length > 0) throw failed;
        const outcomes = (await incidents.addAll(taken)).values();
        return all.map((one) => (taken.includes(one) ? (outcomes.next().value ?? "known") : { failed }));
      },
    },
    kept: KEEPS_NOTHING,
    sinks: newSinks(),
    ledger,
    evaluations: newEvaluations(),
    operations: { note: () => Promise.resolve() },
    categories: categoryWatch(new Set([TENANT]), ["AuditLogs"]),
    sightings: categorySightingTable(tableRows(ledgerRows.client), NAME, []),
    deadLetters: {
      add({ bytes: kept }) {
        if (storage.isFull) return Promise.reject(new DependencyError("Blob Storage", "is full"));
        letters.add(sha256Hex(kept));
        return Promise.resolve();
      },
    },
    suspects: suspectTable(tableRows(ledgerRows.client), { now: () => clock.app }),
    now,
  };

  function accept(row: IncidentRow): void {
    accepted.add(stateOf(row));
  }

  function upload(rows: readonly IncidentRow[]): Promise<SendOutcome> {
    if (ingestion.mode === "down") return Promise.reject(new DependencyError("Logs Ingestion", "did not answer"));
    for (const row of rows) accept(row);
    return Promise.resolve({ outcome: "accepted" });
  }

  for (const id of PARTITION_IDS) hub.partitions.set(id, { events: new Map(), first: 0, last: -1, checkpoint: 0 });

  function partition(id: string): Partition {
    const found = hub.partitions.get(id === "0" ? "0" : "1");
    if (found === undefined) throw new Error(`no partition ${id}`);
    return found;
  }

  function heldFrom(id: string, first: number): Sent[] {
    const { events } = partition(id);
    return [...events].filter(([number]) => number >= first).map(([, sent]) => sent);
  }

  const auditHub = {
    describe: () => Promise.resolve({ createdAt: hub.createdAt, partitionIds: PARTITION_IDS }),
    partition: (id: string) => {
      const { first, last } = partition(id);
      hub.isClockTrusted &&= clock.app - clock.hub <= CLOCK_DIFFERENCE.warningMs;
      return Promise.resolve({ first, last, lastEnqueuedAt: last < 0 ? undefined : clock.hub });
    },
    read(id: string, { first, last }: SequenceRange, limit: number) {
      const held = heldFrom(id, first).map(({ event }) => event);
      const numberOf = ({ position }: HubEvent): number => position.sequenceNumber ?? -1;
      const within = held.filter((event) => numberOf(event) <= last).slice(0, limit);
      const through = within.map(numberOf).at(-1) ?? first - 1;
      const isPast = within.length < limit && held.length > within.length;
      return Promise.resolve({
        events: within,
        readThrough: isPast ? last : through,
      });
    },
  };

  /** Runs something; returns whether it completed. */
  async function attempt(run: () => Promise<unknown>): Promise<boolean> {
    try {
      await run();
      return true;
    } catch (error) {
      if (error instanceof DependencyError || (error instanceof Error && error.name === "RestError")) return false;
      throw error; // a bug, not a dependency
    }
  }

  function handle(events: readonly HubEvent[], how: Handling = { suspect: false }) {
    return handleEvents(events, deps, how);
  }

  function ledgerTimer(patience: { graceMs: number; stallMs: number }): Promise<LedgerFigures> {
    const limits = { ...patience, retentionMs: 86_400_000, chunkEvents: 3, until: Infinity, firstTurn: 0 };
    const check = checkLedger(
      {
        ...deps,
        ledger,
        hub: auditHub,
        handle,
        reportLost: () => undefined,
      },
      limits,
    );
    return check.then(({ figures, failures: [failure] }) => {
      if (failure !== undefined) throw failure.error;
      return figures;
    });
  }

  return {
    clock,
    storage,
    refused,
    hub,
    ingestion,
    everSent,
    letters,
    accepted,
    incidents,
    ledger,
    incidentRows,
    ruleId: RULE_ID,
    partition,
    attempt,
    handle,
    ledgerTimer,
    create: () => Promise.all([incidentRows.client.createTable(), ledgerRows.client.createTable()]),
    /** Sweeps the outbox of each sink. @throws like the timer, after everything is done */
    async sweep(): Promise<BySink<Swept>> {
      const queuedBefore = new Date(clock.app - 60_000);
      const sweeping = { sinks: deps.sinks, ruleIds: ruleIds(tableRows(incidentRows.client)) };
      const { figures, errors } = await sweepOutbox(sweeping, queuedBefore);
      throwFirst(errors);
      return figures;
    },
    /** Forgets the process's knowledge of its sinks. */
    restart(): void {
      deps = { ...deps, sinks: newSinks(), evaluations: newEvaluations() };
    },
    async reconcile(): Promise<Reconciled> {
      const rows = tableRows(incidentRows.client);
      const dependencies = { ruleIds: ruleIds(rows), sinks: deps.sinks, lists: incidentLists(rows) };
      const { figures, errors } = await reconcile(dependencies);
      throwFirst(errors);
      return figures;
    },

    send(partitionId: PartitionId, content: Content): void {
      clock.hub += 1_000;
      const target = partition(partitionId);
      target.last += 1;
      const position = {
        partitionId,
        sequenceNumber: target.last,
        enqueuedTime: new Date(clock.hub).toISOString(),
      };
      const sent = { partitionId, ...made(content, everSent.length, position) };
      target.events.set(target.last, sent);
      everSent.push(sent);
    },

    /** The next events that the host delivers, at most this many. */
    nextBatch(partitionId: PartitionId, size: number): Sent[] {
      return heldFrom(partitionId, partition(partitionId).checkpoint).slice(0, size);
    },
  };
}

/** An incident in one of its states. */
function stateOf(row: IncidentRow): string {
  return `${valueText(row["IncidentId"])}|${valueText(row["Revision"])}`;
}

function made(content: Content, serial: number, position: HubEvent["position"]): Omit<Sent, "partitionId"> {
  const record = (part: string) => settingsChange({}, { id: `PIM_${serial}_${part}` });
  const records = content === "match" ? [record("a")] : content === "two matches" ? [record("a"), record("b")] : [];
  const body =
    content === "garbage"
      ? bytes(`{"records": [ ${serial}`)
      : content === "no match"
        ? eventBody({ ...settingsChange(), operationName: "Add member to group" })
        : eventBody(...records.map((one) => JSON.parse(JSON.stringify(one))));
  return {
    event: { body, position },
    incidentIds: records.map((one) => incidentOf(one, { position }).id),
    isGarbage: content === "garbage",
  };
}
