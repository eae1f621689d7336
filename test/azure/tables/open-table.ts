import { randomUUID } from "node:crypto";
import { RestError, TableClient } from "@azure/data-tables";
import { type IncidentTable, incidentTable } from "../../../src/azure/incidents/incident-table.ts";
import type { IncidentRow } from "../../../src/core/incident/incident-row.ts";
import type { PendingPage } from "../../../src/core/incident/outbox.ts";
import { answersOfTheTableService } from "../../../src/azure/tables/table-answers.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import { comparisonsIn } from "../../../simulation/services/memory-table.ts";

type Policy = typeof answersOfTheTableService;

/** Azurite accepts any filter. The real service refuses more than 15 comparisons, and so does this. */
const filtersOfTheRealService: Policy = {
  position: "perCall",
  policy: {
    name: "filtersOfTheRealService",
    sendRequest(request, next) {
      const filter = new URL(request.url).searchParams.get("$filter") ?? "";
      if (comparisonsIn(filter) > 15) throw new RestError(`too many comparisons: ${filter}`, { statusCode: 400 });
      return next(request);
    },
  },
};

/** A new incident table in the emulator, and its SDK client for rows that the module does not show. */
export async function openTable(connectionString: string): Promise<{ client: TableClient; incidents: IncidentTable }> {
  const client = TableClient.fromConnectionString(connectionString, `t${randomUUID().replaceAll("-", "")}`, {
    allowInsecureConnection: true,
    additionalPolicies: [answersOfTheTableService, filtersOfTheRealService],
  });
  const incidents = incidentTable(tableRows(client));
  await incidents.create();
  return { client, incidents };
}

/** Rows of the outbox that may be sent; all of them unless the options say otherwise. */
export async function pendingRows(
  outbox: Pick<IncidentTable, "pending">,
  ruleId: string,
  which: Partial<PendingPage> = {},
): Promise<IncidentRow[]> {
  const [queuedBefore, dueAt] = [new Date("2100-01-01"), new Date("2100-01-01")];
  const { rows } = await outbox.pending(ruleId, { limit: 10_000, queuedBefore, dueAt, ...which });
  return rows.map(({ row }) => row);
}

export async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
