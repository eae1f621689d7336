import { expect, test } from "vitest";
import { timerTable } from "../../../src/azure/ledger/timer-table.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import { memoryTable } from "../../../simulation/services/memory-table.ts";

const HUB = { namespace: "pimwatch.servicebus.windows.net", hub: "insights-logs-auditlogs" };
const at = (minute: number): Date => new Date(Date.UTC(2026, 2, 4, 12, minute));

async function open() {
  const { client } = memoryTable();
  await client.createTable();
  return { client, timers: timerTable(tableRows(client), HUB) };
}

test("before any run nothing is known", async () => {
  const { timers } = await open();
  expect(await timers.runs()).toEqual({ firstAt: undefined, latestAt: {} });
});

test("the table has each timer's latest run and the first run of any, whichever instance they run in", async () => {
  const { client, timers } = await open();
  const another = timerTable(tableRows(client), HUB);
  await timers.ended("outbox-timer", at(1));
  await another.ended("ledger-timer", at(2));
  await timers.ended("outbox-timer", at(3));
  expect(await another.runs()).toEqual({
    firstAt: at(1).getTime(),
    latestAt: { "outbox-timer": at(3).getTime(), "ledger-timer": at(2).getTime() },
  });
});

test("timers of an app that reads another hub have their own rows", async () => {
  const { client, timers } = await open();
  await timerTable(tableRows(client), { ...HUB, hub: "other" }).ended("outbox-timer", at(1));
  expect((await timers.runs()).latestAt).toEqual({});
});
