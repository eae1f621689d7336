// The cost of a redelivered batch: requests to the incident table, over Azurite.
import { setTimeout as sleep } from "node:timers/promises";
import { TableClient } from "@azure/data-tables";
import { type Azurite, startAzurite } from "../local/azurite.ts";
import { TENANT_ID } from "../local/samples/tenant.ts";
import { incidentTable } from "../src/azure/incidents/incident-table.ts";
import { tableRows } from "../src/azure/tables/table-rows.ts";
import { suspectTable } from "../src/azure/ledger/suspect-table.ts";
import type { StoredIncident } from "../src/core/incident/incident-row.ts";
import type { ReadyRule } from "../src/core/incident/ready-rule.ts";
import type { SinkName } from "../src/core/incident/sinks.ts";
import { detectBatch, type HubEvent, KEEPS_NOTHING } from "../src/workflows/detection/detect-batch.ts";
import { detectGuarded } from "../src/workflows/detection/detect-guarded.ts";
import { ratioLine, table } from "./report.ts";
import { singles } from "./detection/shapes.ts";

/** The maximum number of events per batch (host.json). */
const BATCH_EVENTS = 64;

interface Case {
  readonly name: string;
  readonly sinks: readonly SinkName[];
  /** Processed like a retry: marked, in case it ends the worker. */
  readonly isGuarded?: boolean;
  /** Which of the incidents an earlier delivery stored. */
  isKnown(index: number): boolean;
}

const CASES: readonly Case[] = [
  { name: "none known", sinks: ["log-analytics"], isKnown: () => false },
  { name: "all known", sinks: ["log-analytics"], isKnown: () => true },
  { name: "all known, a retry", sinks: ["log-analytics"], isGuarded: true, isKnown: () => true },
  { name: "half known, a retry", sinks: ["log-analytics"], isGuarded: true, isKnown: (index) => index % 2 === 0 },
  { name: "half known", sinks: ["log-analytics"], isKnown: (index) => index % 2 === 0 },
  { name: "one in each group known", sinks: ["log-analytics"], isKnown: (index) => index % 25 === 7 },
  { name: "none known, with a webhook", sinks: ["log-analytics", "webhook"], isKnown: () => false },
  { name: "all known, with a webhook", sinks: ["log-analytics", "webhook"], isKnown: () => true },
];

export interface RedeliveryOptions {
  readonly rule: ReadyRule;
  readonly matches: number;
  /** Added to each request. */
  readonly latencyMs: number;
}

/** Delivers one batch to tables that hold none, some or all of it. */
export async function benchRedelivery({ rule, matches, latencyMs }: RedeliveryOptions): Promise<readonly string[]> {
  const events = batchOf(matches);
  const azurite = await startAzurite();
  try {
    const rows: string[][] = [];
    const lines: string[] = [];
    const first = new Map<number, number>();
    for (const one of CASES) {
      const { requests, seconds } = await delivered(events, { ...one, rule, latencyMs, azurite });
      const before = first.get(one.sinks.length) ?? requests;
      first.set(one.sinks.length, before);
      rows.push([one.name, String(requests), (requests / before).toFixed(2), seconds.toFixed(2)]);
      if (before !== requests)
        lines.push(ratioLine(`requests for ${matches} matches, ${one.name},`, requests / before));
    }
    return [
      `a batch of ${matches} matches in ${events.length} events, ${latencyMs} ms added to each request`,
      table([["the table holds", "requests", "times those at first", "s, with Azurite's own time"], ...rows]),
      ...lines,
      "",
    ];
  } finally {
    await azurite.close();
  }
}

interface Delivery extends Case {
  readonly rule: ReadyRule;
  readonly latencyMs: number;
  readonly azurite: Azurite;
}

/** A delivery to its own table. */
async function delivered(events: readonly HubEvent[], one: Delivery) {
  const { rule, latencyMs, azurite, isKnown, sinks } = one;
  const name = `t${crypto.randomUUID().replaceAll("-", "")}`;
  const direct = incidentTable(tableRows(tableClient(azurite, name)), sinks);
  await direct.create();
  const deps = {
    rules: [rule],
    allowedTenantIds: new Set([TENANT_ID]),
    kept: KEEPS_NOTHING,
    deadLetters: { add: () => Promise.reject(new Error("no event of this batch is a dead letter")) },
    now: () => new Date(),
  };
  const { added: found } = await detectBatch(events, { ...deps, incidents: { addAll: addedAll } });
  const known = found.filter((_, index) => isKnown(index));
  await direct.addAll(known);

  let requests = 0;
  const counted = tableRows(
    tableClient(azurite, name, async () => {
      requests += 1;
      await sleep(latencyMs);
    }),
  );
  const incidents = incidentTable(counted, sinks);
  const began = performance.now();
  const { figures } = one.isGuarded
    ? await detectGuarded(events, { ...deps, incidents, suspects: suspectTable(counted), marked: new Set() })
    : await detectBatch(events, { ...deps, incidents });
  const seconds = (performance.now() - began) / 1_000;
  if (figures.known !== known.length || figures.stored !== found.length - known.length)
    throw new Error(`${figures.known} known and ${figures.stored} stored, of ${found.length}, ${known.length} known`);
  return { requests, seconds };
}

function addedAll(incidents: readonly StoredIncident[]): Promise<readonly "added"[]> {
  return Promise.resolve(incidents.map(() => "added"));
}

function tableClient(azurite: Azurite, name: string, before?: () => Promise<void>): TableClient {
  const client = TableClient.fromConnectionString(azurite.connectionString, name, { allowInsecureConnection: true });
  if (before === undefined) return client;
  client.pipeline.addPolicy({
    name: "latency",
    async sendRequest(request, next) {
      await before();
      return next(request);
    },
  });
  return client;
}

/** All matches of one batch, spread over a full batch of events. */
function batchOf(matches: number): readonly HubEvent[] {
  const texts = singles(matches, "redelivery", 1).bodies.map((body) =>
    Buffer.from(body).toString().slice('{"records":['.length, -2),
  );
  return Array.from({ length: Math.min(BATCH_EVENTS, matches) }, (_, event) => ({
    body: Buffer.from(`{"records":[${texts.filter((_text, index) => index % BATCH_EVENTS === event).join(",")}]}`),
    position: { partitionId: "0", sequenceNumber: event, enqueuedTime: null },
  }));
}
