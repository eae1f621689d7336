import { expect, test } from "vitest";
import { incidentTable } from "../../../src/azure/incidents/incident-table.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import { memoryTable } from "../../../simulation/services/memory-table.ts";
import { RULE_ID, storedIncident } from "../../stored-incident.ts";

test("counting up to a limit reads no more rows than that", async () => {
  let pages = 0;
  const { client } = memoryTable({
    pageSize: 10,
    before: (operation) => {
      if (operation === "list") pages += 1;
      return Promise.resolve(undefined);
    },
  });
  await client.createTable();
  const incidents = incidentTable(tableRows(client));
  await incidents.addAll(Array.from({ length: 45 }, (_, index) => storedIncident(`waiting ${index}`)));
  const counted = async (limit?: number) => {
    pages = 0;
    const { pending } = await incidents.waiting(RULE_ID, limit);
    return { pending, pages };
  };

  expect(await counted()).toEqual({ pending: 45, pages: 5 }); // the control
  expect(await counted(20)).toEqual({ pending: 20, pages: 2 });
  expect(await counted(21)).toEqual({ pending: 21, pages: 3 });
});
