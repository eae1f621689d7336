import { tableClient } from "../../../src/azure/clients.ts";
import { categorySightingTable } from "../../../src/azure/ledger/category-sighting-table.ts";
import { ledgerTable } from "../../../src/azure/ledger/ledger-table.ts";
import { timerTable } from "../../../src/azure/ledger/timer-table.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import type { Config } from "../../../src/config.ts";
import { TIMERS } from "../../../src/core/ledger/timer-runs.ts";
import { INCIDENTS_TABLE, KEPT_TABLE, LEDGER_TABLE } from "../../../src/storage-names.ts";
import { partitionStatus } from "../../partition-status.ts";

/** Makes the tables of a local stack, and writes what an app records that runs well and has just read AuditLogs. */
export async function healthyTables({ incidents, auditEvents }: Config, tenantId: string): Promise<void> {
  const open = (name: string) =>
    tableClient({ ...incidents, credential: () => Promise.reject(new Error("not needed")) }, name);
  for (const name of [INCIDENTS_TABLE, KEPT_TABLE]) await (await open(name)).createTable();
  const ledger = await open(LEDGER_TABLE);
  await ledger.createTable();
  const rows = tableRows(ledger);
  await ledgerTable(rows, auditEvents).writeStatus(partitionStatus({ checkedAt: new Date().toISOString() }));
  for (const timer of TIMERS) await timerTable(rows, auditEvents).ended(timer, new Date());
  const audit = { tenantId, category: "AuditLogs" };
  const minutes = [Math.floor(Date.now() / 60_000)];
  await categorySightingTable(rows, auditEvents, [audit]).add([{ ...audit, minutes }]);
}
