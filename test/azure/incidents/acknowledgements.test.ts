import { afterAll, beforeAll, expect, test } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { incidentOutbox } from "../../../src/azure/incidents/incident-outbox.ts";
import { incidentLists } from "../../../src/azure/incidents/incident-lists.ts";
import { incidentTable } from "../../../src/azure/incidents/incident-table.ts";
import { ruleIds } from "../../../src/azure/incidents/rule-ids.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import { throwFirst } from "../../../src/core/do-each.ts";
import { valueText } from "../../../src/core/value-text.ts";
import { reconcile } from "../../../src/workflows/delivery/reconcile.ts";
import { memoryTable } from "../../../simulation/services/memory-table.ts";
import { RULE_ID, storedIncident } from "../../stored-incident.ts";
import { openTable, pendingRows } from "../tables/open-table.ts";

let azurite: Azurite;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());

const ALL_LISTED = { relisted: 0, orphaned: 0 };

async function open() {
  const { client, incidents } = await openTable(azurite.connectionString);
  const outbox = incidentOutbox(tableRows(client), "log-analytics");
  const outboxKeyOf = ({ row }: ReturnType<typeof storedIncident>) =>
    `outbox|log-analytics|${valueText(row["IncidentId"])}|${valueText(row["Revision"])}`;
  return {
    client,
    incidents,
    outbox,
    outboxKeyOf,
    async check() {
      const { figures, errors } = await reconcile({
        ruleIds: ruleIds(tableRows(client)),
        sinks: [{ takes: "every revision", outbox }],
        lists: incidentLists(tableRows(client)),
      });
      throwFirst(errors);
      return figures;
    },
  };
}

test("waiting and forwarded rows are accounted for", async () => {
  const { incidents, check } = await open();
  await incidents.addAll(["a", "b", "c"].map((name) => storedIncident(name)));
  expect(await check()).toEqual({ incidents: 3, waiting: 3, acknowledged: 0, requeued: 0, ...ALL_LISTED });

  await incidents.markForwarded(storedIncident("b").row);
  expect(await check()).toEqual({ incidents: 3, waiting: 2, acknowledged: 1, requeued: 0, ...ALL_LISTED });
});

test("a row that left the outbox without an acknowledgement waits again, as it was, once", async () => {
  const { client, incidents, outboxKeyOf, check } = await open();
  const [kept, lost] = [storedIncident("kept"), storedIncident("lost")];
  await incidents.addAll([kept, lost]);
  const before = await pendingRows(incidents, RULE_ID);
  await client.deleteEntity(RULE_ID, outboxKeyOf(lost));

  expect(await check()).toEqual({ incidents: 2, waiting: 1, acknowledged: 0, requeued: 1, ...ALL_LISTED });
  expect(await pendingRows(incidents, RULE_ID)).toEqual(before);
  expect(await check()).toEqual({ incidents: 2, waiting: 2, acknowledged: 0, requeued: 0, ...ALL_LISTED });
});

test("a row forwarded twice, or by several at once, is acknowledged and leaves the outbox", async () => {
  const { incidents, check } = await open();
  const incident = storedIncident();
  await incidents.addAll([incident]);
  await Promise.all(Array.from({ length: 8 }, () => incidents.markForwarded(incident.row)));
  await incidents.markForwarded(incident.row);
  expect(await incidents.waiting(RULE_ID)).toMatchObject({ pending: 0, refused: 0 });
  expect(await check()).toEqual({ incidents: 1, waiting: 0, acknowledged: 1, requeued: 0, ...ALL_LISTED });
});

test("a row forwarded during the comparison is not queued again", async () => {
  const { client, incidents, outbox, outboxKeyOf } = await open();
  const incident = storedIncident();
  await incidents.addAll([incident]);
  await client.deleteEntity(RULE_ID, outboxKeyOf(incident));
  const { unaccounted } = await outbox.accounts(RULE_ID);
  await incidents.markForwarded(incident.row);

  const [missing] = unaccounted;
  if (missing === undefined) throw new Error("it is missing");
  expect(await outbox.requeue(missing)).toBe("accounted for");
  expect(await pendingRows(incidents, RULE_ID)).toEqual([]);
});

test.each([1, 2, 3])("a row forwarded just before list %i of the comparison is in one of the lists", async (turn) => {
  const incident = storedIncident();
  let lists = 0;
  let forward = () => Promise.resolve();
  const { client } = memoryTable({
    before: async (operation) => {
      if (operation === "list") lists += 1;
      if (operation === "list" && lists === turn) await forward();
      return undefined;
    },
  });
  await client.createTable();
  const incidents = incidentTable(tableRows(client));
  await incidents.addAll([incident]);
  forward = () => incidents.markForwarded(incident.row);

  expect((await incidentOutbox(tableRows(client), "log-analytics").accounts(RULE_ID)).unaccounted).toEqual([]);
  expect(await incidents.waiting(RULE_ID)).toMatchObject({ pending: 0, refused: 0 });
});

test("a row that cannot be removed from the outbox is not acknowledged, and waits", async () => {
  let isBusy = false;
  const { client, rows } = memoryTable({
    before: (operation) => Promise.resolve(isBusy && operation === "transaction" ? "refused" : undefined),
  });
  await client.createTable();
  const incidents = incidentTable(tableRows(client));
  const incident = storedIncident();
  await incidents.addAll([incident]);
  const kindsOfRows = () => rows().map(({ rowKey }) => String(rowKey).split("|", 1).join());

  isBusy = true;
  await expect(incidents.markForwarded(incident.row)).rejects.toMatchObject({ statusCode: 503 });
  expect(kindsOfRows().toSorted()).toEqual(["incident", "outbox", "record", "time"]);

  isBusy = false;
  await incidents.markForwarded(incident.row);
  expect(kindsOfRows().toSorted()).toEqual(["ack", "incident", "record", "time"]);
});

test("a refused row is accounted for: it waits for a person", async () => {
  const { incidents, check } = await open();
  const incident = storedIncident();
  await incidents.addAll([incident]);
  await incidents.markRefused(incident.row, "400");
  expect(await check()).toEqual({ incidents: 1, waiting: 1, acknowledged: 0, requeued: 0, ...ALL_LISTED });
});
