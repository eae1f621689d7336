import { expect, test } from "vitest";
import { categorySightingTable } from "../../../src/azure/ledger/category-sighting-table.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import { expectedCategories } from "../../../src/core/ledger/category-sightings.ts";
import { categoryWatch } from "../../../src/core/ledger/category-watch.ts";
import { skippedSample } from "../../../src/core/scan/skipped-sample.ts";
import { ruleScan } from "../../../src/core/scan/rule-scan.ts";
import { DependencyError } from "../../../src/errors.ts";
import type { HubEvent } from "../../../src/workflows/detection/detect-batch.ts";
import { handleEvents } from "../../../src/workflows/detection/handle-events.ts";
import { memoryTable } from "../../../simulation/services/memory-table.ts";
import { eventBody, POSITION, settingsChange, TENANT } from "../../samples.ts";
import { CHANGES_TO_PIM_SETTINGS } from "../../shipped-rule.ts";
import { memoryStores, memorySuspects } from "../memory-stores.ts";
import { signIn } from "./batch-events.ts";

const NOON = Date.UTC(2026, 2, 4, 12);
const MINUTE = 60_000;

/** The shared table, and instances of the app with the scan on, which are wired as in services.ts. */
async function app() {
  const { client } = memoryTable();
  await client.createTable();
  const { deps } = memoryStores();
  const writes: number[] = [];
  const table = () =>
    categorySightingTable(
      tableRows(client),
      { namespace: "contoso", hub: "audit" },
      expectedCategories([TENANT], ["AuditLogs"]),
    );
  function instance() {
    const isSampled = skippedSample();
    const categories = categoryWatch(new Set([TENANT]), ["AuditLogs"]);
    const sightings = table();
    return {
      ...deps,
      scan: ruleScan([CHANGES_TO_PIM_SETTINGS]).scan,
      categories,
      sightings: {
        add: (found: Parameters<typeof sightings.add>[0]) => {
          writes.push(found.length);
          return sightings.add(found);
        },
      },
      looksInto: ({ body, position }: HubEvent, at: string) => isSampled(position, at) || categories.mayHold(body, at),
      ledger: { finished: () => Promise.resolve() },
      suspects: memorySuspects().suspects,
      sinks: [],
    };
  }
  /** The minutes after noon in which AuditLogs arrived. */
  async function minutes(): Promise<number[]> {
    const [found] = await table().read();
    return (found?.minutes ?? []).map((minute) => minute - NOON / MINUTE);
  }
  return { instance, minutes, writes };
}

const at = (minute: number, body: Uint8Array, partitionId = "0"): HubEvent => ({
  body,
  position: { ...POSITION, partitionId, enqueuedTime: new Date(NOON + minute * MINUTE).toISOString() },
});
/** Holds a record of AuditLogs, and no literal of the rule. */
const skippedAudit = eventBody(
  settingsChange({ operationName: "Lend role" }, { id: "PIM_2", activityDisplayName: "Lend role" }),
);
const signIns = eventBody(...Array.from({ length: 4 }, () => signIn));

test("records that are read and the sample of skipped events show that AuditLogs arrive, at the time of the hub", async () => {
  const { instance, minutes, writes } = await app();
  const deps = instance();
  await handleEvents([at(0, eventBody(settingsChange())), at(1, skippedAudit), at(1.5, skippedAudit)], deps);
  const handled = await handleEvents([at(1.9, skippedAudit), at(2, signIns)], deps);
  expect(handled).toMatchObject({ skippedByScan: 2, received: 0 }); // looking changes no figure
  expect(await minutes()).toEqual([0, 1]);
  expect(writes).toEqual([1]);
});

test("sign-ins alone show nothing", async () => {
  const { instance, minutes } = await app();
  await handleEvents(
    [0, 1, 2].map((minute) => at(minute, signIns)),
    instance(),
  );
  expect(await minutes()).toEqual([]);
});

test("a rare record that the sample misses is found once AuditLogs were not seen for half an hour", async () => {
  const { instance, minutes } = await app();
  const deps = instance();
  await handleEvents([at(0, skippedAudit)], deps);
  // The first event of each minute is sampled; the second is not.
  const pair = (minute: number) => [at(minute, signIns), at(minute + 0.5, skippedAudit)];
  await handleEvents([...pair(20), ...pair(29), ...pair(30), ...pair(31), ...pair(62)], deps);
  expect(await minutes()).toEqual([0, 30, 62]);
});

test("a malformed event neither hides the category nor pretends it", async () => {
  const { instance, minutes } = await app();
  const broken = Buffer.from(`${'{"records":[{"category":"AuditLogs",'.padEnd(400, " ")}]}`);
  const deps = instance();
  await handleEvents([at(0, broken), at(0.1, signIns), at(0.2, broken)], deps);
  expect(await minutes()).toEqual([]);
  await handleEvents([at(0.5, skippedAudit)], deps);
  expect(await minutes()).toEqual([0]);
});

test("downtime teaches no silence: a backlog has the minutes in which its events reached the hub", async () => {
  const { instance, minutes } = await app();
  await handleEvents([at(0, skippedAudit)], instance());
  const backlog = Array.from({ length: 600 }, (_, index) => at(index + 1, skippedAudit));
  await handleEvents(backlog, instance());
  expect(await minutes()).toEqual(Array.from({ length: 601 }, (_, minute) => minute));
});

test("redelivery and a second instance change nothing and write nothing", async () => {
  const { instance, minutes } = await app();
  const batch = [at(0, skippedAudit), at(3, skippedAudit, "1")];
  const deps = instance();
  await Promise.all([handleEvents(batch, deps), handleEvents(batch, instance())]);
  await handleEvents(batch, deps, { suspect: true });
  expect(await minutes()).toEqual([0, 3]);
});

test("if the table is down, the batch succeeds, and the next one stores what was seen", async () => {
  const { instance, minutes } = await app();
  const deps = instance();
  const down = { add: () => Promise.reject(new DependencyError("Table Storage", "answered 500")) };
  await handleEvents([at(0, skippedAudit)], { ...deps, sightings: down });
  expect(await minutes()).toEqual([]);
  await handleEvents([at(5, signIns)], deps);
  expect(await minutes()).toEqual([0]);
});

test("without the time of the hub, that of the app counts", async () => {
  const { instance, minutes } = await app();
  const now = () => new Date(NOON + 7 * MINUTE);
  await handleEvents([{ body: skippedAudit, position: { ...POSITION, enqueuedTime: null } }], { ...instance(), now });
  expect(await minutes()).toEqual([7]);
});
