import { randomUUID } from "node:crypto";
import { TableClient } from "@azure/data-tables";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { suspectTable, type WorkerProcess } from "../../../src/azure/ledger/suspect-table.ts";
import { answersOfTheTableService } from "../../../src/azure/tables/table-answers.ts";
import { type TableRows, tableRows } from "../../../src/azure/tables/table-rows.ts";

let azurite: Azurite;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());

const MINUTE = 60_000;
const BUSY = "Poison guard: another process is at the same event: later again";

/** A table, workers that the test can kill, and a clock. */
async function open() {
  const table = TableClient.fromConnectionString(azurite.connectionString, `t${randomUUID().replaceAll("-", "")}`, {
    allowInsecureConnection: true,
    additionalPolicies: [answersOfTheTableService],
  });
  await table.createTable();
  const rows = tableRows(table);
  const living = new Set<number>();
  const clock = { now: Date.UTC(2026, 2, 4) };
  const worker = (pid: number, host = "a", through: TableRows = rows) => {
    living.add(pid);
    const self: WorkerProcess = { id: randomUUID(), host, pid, isAlive: (other) => living.has(other) };
    return suspectTable(through, { self, now: () => clock.now });
  };
  return { table, rows, worker, clock, kill: (pid: number) => living.delete(pid) };
}

test("a thing that is begun and ended leaves nothing behind", async () => {
  const { worker } = await open();
  const one = worker(1);
  expect(await one.begin("k")).toEqual({ outcome: "begun", deaths: 0 });
  expect(await one.known({ fresh: true })).toEqual({ quarantined: new Set(), marked: new Set(["k"]) });
  await one.end("k");
  await one.end("k");
  expect(await one.known({ fresh: true })).toEqual({ quarantined: new Set(), marked: new Set() });
});

test("each worker that died is counted, even if another process has its number now", async () => {
  const { worker, kill } = await open();
  await worker(1).begin("k");
  kill(1);
  expect(await worker(2).begin("k")).toEqual({ outcome: "begun", deaths: 1 });
  expect(await worker(2).begin("k")).toEqual({ outcome: "begun", deaths: 2 });
});

test("things begun together leave nothing behind, and begin only if none of them is marked", async () => {
  const { worker } = await open();
  const one = worker(1);
  expect(await one.beginTogether(["a", "b"])).toBe(true);
  expect(await one.known({ fresh: true })).toMatchObject({ marked: new Set(["a", "b"]) });
  expect(await worker(2).beginTogether(["b", "c"])).toBe(false);
  expect(await one.known({ fresh: true })).toMatchObject({ marked: new Set(["a", "b"]) });
  await one.endTogether(["a", "b"]);
  expect(await one.known({ fresh: true })).toMatchObject({ marked: new Set() });
});

test("one request begins a hundred things, and one ends them", async () => {
  const { rows, worker } = await open();
  let requests = 0;
  const counting: TableRows = {
    ...rows,
    commit(changes) {
      requests += 1;
      return rows.commit(changes);
    },
  };
  const keys = Array.from({ length: 100 }, (_key, number) => `k${number}`);
  const one = worker(1, "a", counting);
  expect(await one.beginTogether(keys)).toBe(true);
  await one.endTogether(keys);
  expect([requests, (await one.known({ fresh: true })).marked.size]).toEqual([2, 0]);
});

test("ending a group removes all its marks, even if one thing was ended before", async () => {
  const { worker } = await open();
  const one = worker(1);
  await one.beginTogether(["a", "b", "c"]);
  await one.end("a");
  await one.endTogether(["a", "b", "c"]);
  expect(await one.known({ fresh: true })).toEqual({ quarantined: new Set(), marked: new Set() });
});

test("a death counts only against a thing that was marked alone", async () => {
  const { worker, kill } = await open();
  await worker(1).beginTogether(["a", "b"]);
  kill(1);
  const [two, three] = [worker(2), worker(3)];
  expect(await two.beginTogether(["a", "c"])).toBe(false);
  expect(await two.begin("a")).toEqual({ outcome: "begun", deaths: 0 });
  await expect(three.begin("a")).rejects.toThrow(BUSY);
  kill(2);
  expect(await three.begin("a")).toEqual({ outcome: "begun", deaths: 1 });
  expect(await three.begin("b")).toEqual({ outcome: "begun", deaths: 0 });
});

test("a table that does not answer is an error and never reads as no mark", async () => {
  const { table, worker } = await open();
  await table.deleteTable();
  await expect(worker(1).beginTogether(["a"])).rejects.toThrow();
  await expect(worker(1).endTogether(["a"])).rejects.toThrow();
});

test("a living worker is no death: the other worker waits", async () => {
  const { worker } = await open();
  await worker(1).begin("k");
  await expect(worker(2).begin("k")).rejects.toThrow(BUSY);
});

test("only time shows that a worker on another host died, even if its number is known here", async () => {
  const { worker, kill, clock } = await open();
  await worker(1, "elsewhere").begin("k");
  kill(1);
  clock.now += 14 * MINUTE;
  await expect(worker(2).begin("k")).rejects.toThrow(BUSY);
  clock.now += MINUTE;
  expect(await worker(2).begin("k")).toEqual({ outcome: "begun", deaths: 1 });
});

test("a worker's own leftover mark is no death", async () => {
  const { worker } = await open();
  const one = worker(1);
  await one.begin("k");
  expect(await one.begin("k")).toEqual({ outcome: "begun", deaths: 0 });
});

test("if two workers find a dead worker's mark at the same time, one counts it and the other retries later", async () => {
  const { worker, kill } = await open();
  await worker(1).begin("k");
  kill(1);
  const ends = await Promise.allSettled([worker(2), worker(3), worker(4)].map((one) => one.begin("k")));
  expect(ends.filter(({ status }) => status === "fulfilled")).toEqual([
    { status: "fulfilled", value: { outcome: "begun", deaths: 1 } },
  ]);
});

test("a worker leaves a dead worker's mark to another that has taken it over meanwhile", async () => {
  const { rows, worker, kill } = await open();
  await worker(1).begin("k");
  kill(1);
  const first = worker(2);
  const late: TableRows = {
    ...rows,
    async replace(row, etag) {
      expect(await first.begin("k")).toEqual({ outcome: "begun", deaths: 1 });
      return rows.replace(row, etag);
    },
  };

  await expect(worker(3, "a", late).begin("k")).rejects.toThrow(
    "Poison guard: another process took over the same event: later again",
  );
  expect(await first.begin("k")).toEqual({ outcome: "begun", deaths: 1 }); // the mark is still its own
});

test("a quarantined thing stays quarantined for all workers, whether it was marked or not", async () => {
  const { worker } = await open();
  const one = worker(1);
  await one.begin("marked");
  await one.quarantine("marked");
  await one.quarantine("not marked");
  const other = worker(2);
  expect(await other.begin("marked")).toEqual({ outcome: "quarantined" });
  expect(await other.begin("not marked")).toEqual({ outcome: "quarantined" });
  expect(await other.known()).toEqual({ quarantined: new Set(["marked", "not marked"]), marked: new Set() });
  expect((await one.known()).quarantined).toEqual(new Set(["marked", "not marked"]));
});

test("marks are read once a minute, and the earlier answer stays if the table does not answer", async () => {
  const { table, worker, clock } = await open();
  const one = worker(1);
  await one.known();
  await worker(2).quarantine("k");
  expect((await one.known()).quarantined.size).toBe(0);
  clock.now += MINUTE;
  expect((await one.known()).quarantined.size).toBe(1);
  await table.deleteTable();
  clock.now += MINUTE;
  expect((await one.known()).quarantined.size).toBe(1);
});

test("marks are read again after the clock was set back", async () => {
  const { worker, clock } = await open();
  const one = worker(1);
  await one.known();
  await worker(2).quarantine("k");
  clock.now -= 24 * 60 * MINUTE;
  expect((await one.known()).quarantined.size).toBe(1);
});

test("the sweep removes yesterday's marks, but a quarantine only when no hub can hold the event any more", async () => {
  const { worker, clock } = await open();
  const one = worker(1);
  await one.begin("mark");
  await one.quarantine("quarantined");
  clock.now += 25 * 60 * MINUTE;
  expect(await one.known()).toEqual({ quarantined: new Set(["quarantined"]), marked: new Set() });
  await one.sweep();
  expect(await worker(2).begin("mark")).toEqual({ outcome: "begun", deaths: 0 });
  expect(await worker(2).begin("quarantined")).toEqual({ outcome: "quarantined" });
  clock.now += 100 * 24 * 60 * MINUTE;
  await one.sweep();
  expect(await worker(2).begin("quarantined")).toEqual({ outcome: "begun", deaths: 0 });
});

test("a mark that cannot be removed holds up no other, and the sweep reports it at the end", async () => {
  const { table, rows, worker, clock } = await open();
  for (const key of ["a", "b", "c"]) await worker(1).begin(key);
  clock.now += 25 * 60 * MINUTE;
  const stuck: TableRows = {
    ...rows,
    remove: (keys) => (keys.rowKey === "a" ? Promise.reject(new Error("stuck")) : rows.remove(keys)),
  };
  await expect(worker(1, "a", stuck).sweep()).rejects.toThrow("stuck");
  const left = [];
  for await (const { rowKey } of table.listEntities()) left.push(rowKey);
  expect(left).toEqual(["a"]);
});
