// What a batch costs that is delivered again: requests at the edge of the incident table, over Azurite.
import { setTimeout as sleep } from "node:timers/promises";
import { TableClient } from "@azure/data-tables";
import { type Azurite, startAzurite } from "../local/azurite.ts";
import { TENANT_ID } from "../local/samples/tenant.ts";
import { WEBHOOK_SINK } from "../src/azure/incident-outbox.ts";
import { incidentTable } from "../src/azure/incident-table.ts";
import type { StoredIncident } from "../src/core/incident-row.ts";
import type { ReadyRule } from "../src/core/ready-rule.ts";
import { detectBatch, type HubEvent } from "../src/workflows/detect-batch.ts";
import { ratioLine, table, valueLine } from "./report.ts";
import { singles } from "./shapes.ts";

/** As many events as the host hands over at most (host.json). */
const BATCH_EVENTS = 64;

interface Case {
  readonly name: string;
  readonly otherSinks?: readonly string[];
  /** Which of the incidents an earlier delivery has stored. */
  isKnown(index: number): boolean;
}

const CASES: readonly Case[] = [
  { name: "all known", isKnown: () => true },
  { name: "half known", isKnown: (index) => index % 2 === 0 },
  { name: "one in each group known", isKnown: (index) => index % 25 === 7 },
  { name: "all known, with a webhook", otherSinks: [WEBHOOK_SINK], isKnown: () => true },
];

export interface RedeliveryOptions {
  readonly rule: ReadyRule;
  readonly matches: number;
  /** Added to each request. */
  readonly latencyMs: number;
}

/** Delivers one batch, then the same batch again, to tables that hold all, half or little of it. */
export async function benchRedelivery({ rule, matches, latencyMs }: RedeliveryOptions): Promise<readonly string[]> {
  const events = batchOf(matches);
  const azurite = await startAzurite();
  try {
    const rows: string[][] = [];
    const lines: string[] = [];
    for (const one of CASES) {
      const first = await delivered(events, { ...one, rule, latencyMs, azurite, isKnown: () => false });
      const again = await delivered(events, { ...one, rule, latencyMs, azurite });
      rows.push([
        one.name,
        ...[first, again].flatMap(({ requests, seconds }) => [String(requests), seconds.toFixed(2)]),
        (again.requests / first.requests).toFixed(2),
      ]);
      lines.push(ratioLine(`requests of a redelivery, ${one.name},`, again.requests / first.requests));
      if (one.name === "all known") lines.push(valueLine(`redelivery of ${matches} known matches`, again.seconds, "s"));
    }
    return [
      `a batch of ${matches} matches in ${events.length} events, ${latencyMs} ms added to each request`,
      table([["the second time", "requests at first", "s", "requests again", "s", "times the requests"], ...rows]),
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

/** A delivery to a table of its own that holds what is known. */
async function delivered(
  events: readonly HubEvent[],
  { rule, latencyMs, azurite, isKnown, otherSinks = [] }: Delivery,
) {
  const name = `t${crypto.randomUUID().replaceAll("-", "")}`;
  const direct = incidentTable(tableClient(azurite, name), undefined, { otherSinks });
  await direct.create();
  const found: StoredIncident[] = [];
  const deps = {
    rules: [rule],
    allowedTenantIds: new Set([TENANT_ID]),
    deadLetters: { add: refuse },
    now: () => new Date(),
  };
  const collecting = {
    addAll: (some: readonly StoredIncident[]) =>
      Promise.resolve(some.map((one) => (found.push(one), "added" as const))),
  };
  await detectBatch(events, { ...deps, incidents: collecting });
  await direct.addAll(found.filter((_, index) => isKnown(index)));

  let requests = 0;
  const counted = tableClient(azurite, name, async () => {
    requests += 1;
    await sleep(latencyMs);
  });
  const began = performance.now();
  const { figures } = await detectBatch(events, {
    ...deps,
    incidents: incidentTable(counted, undefined, { otherSinks }),
  });
  const seconds = (performance.now() - began) / 1_000;
  const known = found.filter((_, index) => isKnown(index)).length;
  if (figures.known !== known || figures.stored !== found.length - known)
    throw new Error(
      `${figures.known} known and ${figures.stored} stored of ${found.length}, of which ${known} are known`,
    );
  return { requests, seconds };
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

/** All matches of one batch, spread over as many events as a batch has. */
function batchOf(matches: number): readonly HubEvent[] {
  const texts = singles(matches, "redelivery", 1).bodies.map((body) =>
    Buffer.from(body).toString().slice('{"records":['.length, -2),
  );
  return Array.from({ length: Math.min(BATCH_EVENTS, matches) }, (_, event) => ({
    body: Buffer.from(`{"records":[${texts.filter((_text, index) => index % BATCH_EVENTS === event).join(",")}]}`),
    position: { partitionId: "0", sequenceNumber: event, enqueuedTime: null },
  }));
}

function refuse(): Promise<never> {
  return Promise.reject(new Error("no event of this batch is a dead letter"));
}
