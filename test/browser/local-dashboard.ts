import { readdir, readFile } from "node:fs/promises";
import { TableClient } from "@azure/data-tables";
import { EventHubProducerClient } from "@azure/event-hubs";
import { sampleDay } from "../../local/samples/sample-day.ts";
import { settingsChangeRecord } from "../../local/samples/settings-change-record.ts";
import { SETTINGS_CHANGES } from "../../local/samples/settings-changes.ts";
import { chance } from "../../local/samples/chance.ts";
import { TENANT_ID } from "../../local/samples/tenant.ts";
import { LOCAL_HUB } from "../../local/stack.ts";
import { startLocalApp, type LocalApp } from "../../cli/local-run/local-app.ts";
import { incidentTable, type IncidentTable } from "../../src/azure/incidents/incident-table.ts";
import { tableRows } from "../../src/azure/tables/table-rows.ts";
import { INCIDENTS_TABLE } from "../../src/storage-names.ts";

/** The built app on the local stack, with incidents in it. */
export interface LocalDashboard {
  /** Of the page. */
  readonly url: string;
  readonly app: LocalApp;
  /** To put incidents there past the pipeline. */
  readonly incidents: IncidentTable;
  /** Sends bodies to the hub and waits until they are processed. */
  send(bodies: readonly Uint8Array[]): Promise<void>;
  stop(): Promise<void>;
}

const CATCH_UP_MS = 60_000;

export async function startLocalDashboard(appDirectory = "dist"): Promise<LocalDashboard> {
  const trouble: string[] = [];
  const app = await startLocalApp({
    appDirectory: Promise.resolve(appDirectory),
    allowedTenantIds: [TENANT_ID],
    onTrouble: (line) => trouble.push(line),
  });
  const table = TableClient.fromConnectionString(app.stack.azurite.connectionString, INCIDENTS_TABLE, {
    allowInsecureConnection: true,
  });
  const incidents = incidentTable(tableRows(table));
  await incidents.create();
  await app.host.runTimer("ledger-timer"); // before its first run the pipeline's health is not ok
  const producer = new EventHubProducerClient(app.stack.eventHub.connectionString, LOCAL_HUB);
  return {
    url: `${app.host.httpUrl}/api/dashboard`,
    app,
    incidents,
    async send(bodies) {
      for (const body of bodies) await producer.sendBatch([{ body: Buffer.from(body) }]);
      const until = Date.now() + CATCH_UP_MS;
      while (!app.caughtUp()) {
        if (Date.now() > until) throw new Error(`events wait to be processed; ${trouble.join("\n")}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    async stop() {
      await producer.close();
      await app.stop();
    },
  };
}

/** The sample day as it ends now, as event bodies. */
export function sampleBodies(now: Date): readonly Uint8Array[] {
  return sampleDay({ day: now }).bodies;
}

const RULE_SAMPLES = new URL("../../rules/samples/", import.meta.url);

/** The sample of each shipped rule, as if it happened now. */
export async function ruleSampleBodies(now: Date): Promise<readonly Uint8Array[]> {
  const names = (await readdir(RULE_SAMPLES)).filter((name) => name.endsWith(".json"));
  return Promise.all(
    names.map(async (name) => {
      const record: { properties: object } = JSON.parse(await readFile(new URL(name, RULE_SAMPLES), "utf8"));
      const time = now.toISOString();
      const properties = { ...record.properties, id: `sample_${name}`, activityDateTime: time };
      return Buffer.from(JSON.stringify({ records: [{ ...record, time, tenantId: TENANT_ID, properties }] }));
    }),
  );
}

/** Similar changes over the month before, one body each. */
export function earlierBodies(now: Date): Uint8Array[] {
  const draw = chance("a month of changes");
  return Array.from({ length: 26 }, (_, index) => {
    const kinds = SETTINGS_CHANGES.filter(({ matches }) => matches);
    const change = kinds[draw.between(0, kinds.length - 1)];
    const role = change?.roles[0];
    if (change === undefined || role === undefined) throw new RangeError("the samples hold no changes");
    const time = new Date(now.getTime() - (1.1 + index * 1.1 + draw.between(0, 20) / 20) * 86_400_000);
    return Buffer.from(JSON.stringify({ records: [settingsChangeRecord(change, role, time, draw)] }));
  });
}
