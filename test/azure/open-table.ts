import { randomUUID } from "node:crypto";
import { TableClient } from "@azure/data-tables";
import { type IncidentTable, incidentTable } from "../../src/azure/incident-table.ts";
import { answersOfTheTableService } from "../../src/azure/table-answers.ts";

/** A new incident table of its own in the emulator, and the SDK's client of it for what the module does not show. */
export async function openTable(connectionString: string): Promise<{ client: TableClient; incidents: IncidentTable }> {
  const client = TableClient.fromConnectionString(connectionString, `t${randomUUID().replaceAll("-", "")}`, {
    allowInsecureConnection: true,
    additionalPolicies: [answersOfTheTableService],
  });
  const incidents = incidentTable(client);
  await incidents.create();
  return { client, incidents };
}

export async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
