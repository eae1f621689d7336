import { type IncidentTable, incidentTable } from "../src/azure/incidents/incident-table.ts";
import { memoryTable } from "./memory-table.ts";

/** An incident table in memory: the real one over a table that passes the contract tests of Azurite's. */
export function memoryIncidentTable(): IncidentTable {
  const { client } = memoryTable();
  void client.createTable();
  return incidentTable(client);
}
