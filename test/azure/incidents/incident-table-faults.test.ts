import { TableClient, type TableServiceClientOptions } from "@azure/data-tables";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type Azurite, startAzurite } from "../../../local/azurite.ts";
import { type IncidentTable, incidentTable } from "../../../src/azure/incidents/incident-table.ts";
import { answersOfTheTableService } from "../../../src/azure/tables/table-answers.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import { sha256Hex } from "../../../src/core/json/content-hash.ts";
import type { StoredIncident } from "../../../src/core/incident/incident-row.ts";
import { type Fault, type FaultProxy, startFaultProxy } from "../../fault-proxy.ts";
import { RULE_ID, storedIncident } from "../../stored-incident.ts";
import { collected, openTable, pendingRows } from "../tables/open-table.ts";

let azurite: Azurite;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());

type PolicyEntry = NonNullable<TableServiceClientOptions["additionalPolicies"]>[number];

const ID = sha256Hex("sample");
/** Long enough for an answer on a busy machine. */
const PATIENT_MS = 20_000;
const IMPATIENT_MS = 500;
const LATE = "Table Storage: did not answer within 0.5 s";
const IN_ITS_PLACE = "Table Storage: something else answered in its place";

const html = (status: number, effect: boolean): Fault => ({
  kind: "answer",
  status,
  headers: { "content-type": "text/html" },
  body: "<html>sign in</html>",
  effect,
});
const answer = (status: number, headers: Record<string, string> = {}, effect = false): Fault => ({
  kind: "answer",
  status,
  headers,
  effect,
});
const json = (status: number, body: string): Fault => ({
  kind: "answer",
  status,
  headers: { "content-type": "application/json;odata=minimalmetadata" },
  body,
});

const LOST_AFTER_EFFECT: readonly { why: string; fault: Fault; outcome: "known" | "throws" }[] = [
  { why: "the connection breaks", fault: { kind: "cut", effect: true }, outcome: "known" },
  { why: "a 500", fault: answer(500, {}, true), outcome: "known" },
  { why: "a 503 that says when to come back", fault: answer(503, { "retry-after": "0" }, true), outcome: "known" },
  {
    why: "a 503 that says to come back in an hour",
    fault: answer(503, { "retry-after": "3600" }, true),
    outcome: "throws",
  },
  {
    why: "a 429 that says to come back in an hour",
    fault: answer(429, { "retry-after": "3600" }, true),
    outcome: "throws",
  },
  { why: "a 429 that does not", fault: answer(429, {}, true), outcome: "throws" },
  { why: "no answer", fault: { kind: "hang", effect: true }, outcome: "throws" },
  { why: "half an answer", fault: { kind: "stall" }, outcome: "throws" },
  { why: "an empty 202", fault: answer(202, {}, true), outcome: "throws" },
  { why: "an empty 200", fault: answer(200, {}, true), outcome: "throws" },
  { why: "a page with status 200", fault: html(200, true), outcome: "throws" },
  {
    why: "a 202 of several parts without any",
    fault: answer(202, { "content-type": "multipart/mixed" }, true),
    outcome: "throws",
  },
];

const ONE_OR_A_GROUP = [{ names: ["sample"] }, { names: ["a", "b", "c"] }];

describe.each(ONE_OR_A_GROUP)("adding $names", ({ names }) => {
  const all = names.map((name) => storedIncident(name));
  const each = (outcome: string) => names.map(() => outcome);
  /** The app tries the incidents of a failed group one by one. */
  const orAlone = (outcome: string, alone: string) => (outcome === "throws" && names.length > 1 ? alone : outcome);

  test.each(LOST_AFTER_EFFECT)(
    "stored, then $why: addAll returns $outcome for one, and nothing is lost or doubled",
    async (lost) => {
      const { incidents, proxy, direct } = await open(lost.outcome === "throws" ? IMPATIENT_MS : PATIENT_MS);
      proxy.failNext(lost.fault);

      const outcomes = await incidents.addAll(all).catch(() => each("throws"));

      expect(outcomes).toEqual(each(orAlone(lost.outcome, "known")));
      expect(await direct.addAll(all)).toEqual(each("known"));
      expect(await contentsOf(direct)).toEqual({ listed: names.length, pending: names.length });
    },
  );

  test.each([
    { why: "the connection breaks", fault: { kind: "cut" }, outcome: "added" },
    { why: "a 500", fault: answer(500), outcome: "added" },
    { why: "a 503 that says when to come back", fault: answer(503, { "retry-after": "0" }), outcome: "added" },
    {
      why: "a 429 that says to come back in an hour",
      fault: answer(429, { "retry-after": "3600" }),
      outcome: "throws",
    },
    { why: "a 429 that does not", fault: answer(429), outcome: "throws" },
    { why: "a 403", fault: answer(403), outcome: "throws" },
    { why: "no answer", fault: { kind: "hang" }, outcome: "throws" },
    { why: "an empty 202", fault: answer(202), outcome: "throws" },
    { why: "a page with status 200", fault: html(200, false), outcome: "throws" },
    // The app finds no existing row, so it tries again.
    { why: "a page with status 409", fault: html(409, false), outcome: "added" },
  ] satisfies { why: string; fault: Fault; outcome: string }[])(
    "not stored, $why: addAll returns $outcome for one, and a second call stores it once",
    async ({ fault, outcome }) => {
      const expected = orAlone(outcome, "added");
      const { incidents, proxy, direct } = await open(outcome === "throws" ? IMPATIENT_MS : PATIENT_MS);
      proxy.failNext(fault);

      const outcomes = await incidents.addAll(all).catch(() => each("throws"));

      expect(outcomes).toEqual(each(expected));
      expect(await direct.addAll(all)).toEqual(each(expected === "added" ? "known" : "added"));
      expect(await contentsOf(direct)).toEqual({ listed: names.length, pending: names.length });
    },
  );

  test("an answer that confirms fewer rows than were sent does not count", async () => {
    const { incidents, proxy, direct } = await open();
    const body = "--x\r\n--changesetresponse_x\r\nHTTP/1.1 204 No Content\r\n--changesetresponse_x--\r\n--x--";
    proxy.failNext({
      kind: "answer",
      status: 202,
      headers: { "content-type": "multipart/mixed; boundary=x" },
      body,
    });

    if (names.length === 1) await expect(incidents.addAll(all)).rejects.toThrow("a transaction of 4 rows confirmed 1");
    else expect(await incidents.addAll(all)).toEqual(each("added"));

    expect(await direct.addAll(all)).toEqual(each(names.length === 1 ? "added" : "known"));
  });
});

test.each([
  { why: "breaks each connection", fault: { kind: "cut" } },
  { why: "answers 500 for ever", fault: answer(500) },
  { why: "answers 503 for ever", fault: answer(503, { "retry-after": "0" }) },
] satisfies { why: string; fault: Fault }[])("a table that $why is tried four times", async ({ fault }) => {
  const { incidents, proxy, direct } = await open();
  proxy.failAll(fault);

  await expect(incidents.addAll([storedIncident()])).rejects.toThrow();

  expect(proxy.requests()).toBe(4);
  expect(await contentsOf(direct)).toEqual({ listed: 0, pending: 0 });
});

test("if nobody listens, the call ends and names the address", async () => {
  const { incidents, proxy } = await open();
  await proxy.close();

  await expect(incidents.addAll([storedIncident()])).rejects.toThrow(
    `connect ECONNREFUSED ${new URL(proxy.origin).host}`,
  );
});

const CALLS: readonly { name: string; call: (incidents: IncidentTable) => Promise<unknown> }[] = [
  { name: "addAll", call: (incidents) => incidents.addAll([storedIncident("other")]) },
  { name: "get", call: (incidents) => incidents.get(RULE_ID, ID) },
  { name: "list", call: (incidents) => collected(incidents.list(RULE_ID)) },
  { name: "pending", call: (incidents) => pendingRows(incidents, RULE_ID) },
  { name: "outboxSize", call: (incidents) => incidents.waiting(RULE_ID) },
  { name: "markForwarded", call: (incidents) => incidents.markForwarded(storedIncident().row) },
  { name: "markRefused", call: (incidents) => incidents.markRefused(storedIncident().row, "x") },
  { name: "create", call: (incidents) => incidents.create() },
];

test.each(CALLS)("$name ends in time if nothing answers", async ({ call }) => {
  const { incidents, proxy } = await open(IMPATIENT_MS);
  proxy.failAll({ kind: "hang" });

  await expect(call(incidents)).rejects.toThrow(LATE);
});

test.each(CALLS)("$name ends in time if the table says to come back in an hour", async ({ call }) => {
  const { incidents, proxy } = await open(IMPATIENT_MS);
  proxy.failAll(answer(429, { "retry-after": "3600" }));

  await expect(call(incidents)).rejects.toThrow(LATE);
});

test.each(CALLS)("$name throws if a page with status 200 is the answer", async ({ call }) => {
  const { incidents, proxy } = await open();
  await incidents.addAll([storedIncident()]);
  proxy.failAll(html(200, false));

  await expect(call(incidents)).rejects.toThrow(Error);
});

test.each(CALLS)("$name throws if a page with status 404 is the answer", async ({ call }) => {
  const { incidents, proxy, direct } = await open();
  await incidents.addAll([storedIncident()]);
  proxy.failAll(html(404, false));

  await expect(call(incidents)).rejects.toMatchObject({ statusCode: 404 });
  expect(await contentsOf(direct)).toEqual({ listed: 1, pending: 1 });
});

test.each(CALLS.filter(({ name }) => name !== "create"))("$name throws if the table is gone", async ({ call }) => {
  const { client, incidents } = await openTable(azurite.connectionString);
  await incidents.addAll([storedIncident()]);
  await client.deleteTable();

  await expect(call(incidents)).rejects.toMatchObject({ statusCode: 404 });
});

test.each(
  CALLS.filter(({ name }) => ["get", "list", "pending", "outboxSize"].includes(name)).flatMap(({ name, call }) => [
    { name, call, why: "nothing, with status 200", fault: answer(200) },
    { name, call, why: "nothing, as JSON", fault: json(200, "") },
    { name, call, why: "an empty object", fault: json(200, "{}") },
    { name, call, why: "an empty list that the service did not make", fault: json(200, '{"value":[]}') },
    { name, call, why: "half an answer, whole as HTTP", fault: json(200, '{"odata.metadata":"x","value":[{"Partiti') },
    { name, call, why: "status 204", fault: answer(204) },
  ]),
)("$name throws if $why is the answer: it never reads as no rows", async ({ call, fault }) => {
  const { incidents, proxy } = await open();
  await incidents.addAll([storedIncident()]);
  proxy.failAll(fault);

  await expect(call(incidents)).rejects.toThrow();
});

test("a 409 counts only if the incident's row can be read", async () => {
  const { incidents, proxy } = await open();
  await incidents.addAll([storedIncident()]);

  const conflict = json(409, '{"odata.error":{"code":"EntityAlreadyExists","message":{"value":"exists"}}}');
  proxy.failNext(conflict, html(404, false));
  await expect(incidents.addAll([storedIncident("other")])).rejects.toMatchObject({ statusCode: 404 });
  proxy.failNext(conflict, json(200, "{}"));
  await expect(incidents.addAll([storedIncident("other")])).rejects.toThrow(IN_ITS_PLACE);
  // The table answers every transaction with 409 and says that it does not have the incident.
  proxy.failTransactions(conflict);
  await expect(incidents.addAll([storedIncident("other")])).rejects.toThrow(
    "other rows with its id are there without it",
  );
  proxy.restore();

  expect(await incidents.addAll([storedIncident("other")])).toEqual(["added"]);
});

test("an incident that is not stored is tried again after a single 409", async () => {
  const { incidents, proxy } = await open();
  proxy.failNext(json(409, '{"odata.error":{"code":"EntityAlreadyExists","message":{"value":"exists"}}}'));
  expect(await incidents.addAll([storedIncident("other")])).toEqual(["added"]);
});

const refusalOf = (status: number, code: string): Fault =>
  json(status, `{"odata.error":{"code":"${code}","message":{"lang":"en-US","value":"0:refused"}}}`);

describe("an incident that the table itself refuses", () => {
  test.each([
    { status: 400, code: "PropertyValueTooLarge" },
    { status: 400, code: "EntityTooLarge" },
    { status: 400, code: "InvalidInput" },
    { status: 413, code: "RequestBodyTooLarge" },
  ])("is refused after three answers $status $code, without an error", async ({ status, code }) => {
    const { incidents, proxy, direct } = await open();
    proxy.failAll(refusalOf(status, code));

    expect(await incidents.addAll([storedIncident()])).toEqual([{ refused: `Table Storage answered ${code}` }]);

    expect(proxy.requests()).toBe(3);
    expect(await contentsOf(direct)).toEqual({ listed: 0, pending: 0 });
  });

  test("is stored if a second or third try succeeds", async () => {
    const { incidents, proxy, direct } = await open();
    const refused = refusalOf(413, "RequestBodyTooLarge");
    proxy.failNext(refused, refused);
    expect(await incidents.addAll([storedIncident()])).toEqual(["added"]);
    proxy.failNext({ ...refused, effect: true });
    expect(await incidents.addAll([storedIncident("other")])).toEqual(["known"]);
    expect(await contentsOf(direct)).toEqual({ listed: 2, pending: 2 });
  });

  test.each([
    { why: "it says that the request is not authenticated", fault: refusalOf(400, "InvalidAuthenticationInfo") },
    { why: "it names no code", fault: answer(400) },
    { why: "it is not the table's answer", fault: html(413, false) },
  ])("throws if $why: the row is not at fault", async ({ fault }) => {
    const { incidents, proxy, direct } = await open();
    proxy.failAll(fault);
    await expect(incidents.addAll([storedIncident()])).rejects.toThrow();
    proxy.restore();
    expect(await direct.addAll([storedIncident()])).toEqual(["added"]);
  });

  test("holds up no other: the rest of its group is stored, and each has its own outcome", async () => {
    const { client, incidents: direct } = await openTable(azurite.connectionString);
    const refusesC = TableClient.fromConnectionString(azurite.connectionString, client.tableName, {
      allowInsecureConnection: true,
      additionalPolicies: [refusing(sha256Hex("c"))],
    });
    const tooLong = storedIncident("e");
    const all = [...["a", "b", "c", "d"].map((name) => storedIncident(name)), withLongTitle(tooLong)];
    await direct.addAll([storedIncident("b")]);

    expect(await incidentTable(tableRows(refusesC)).addAll([...all, storedIncident("a"), storedIncident("c")])).toEqual(
      [
        "added",
        "known",
        { refused: "Table Storage answered PropertyValueTooLarge" },
        "added",
        { refused: expect.stringMatching(/IncidentTitle: 40000 characters, at most 32768 are allowed/) },
        "known",
        { refused: "Table Storage answered PropertyValueTooLarge" },
      ],
    );
    expect(await contentsOf(direct)).toEqual({ listed: 3, pending: 3 });
  });
});

/** Gives the table's answer to each transaction that names an id. */
function refusing(id: string): PolicyEntry {
  const body = '{"odata.error":{"code":"PropertyValueTooLarge","message":{"lang":"en-US","value":"2:too large"}}}';
  return {
    position: "perCall",
    policy: {
      name: "refusing",
      sendRequest: (request, next) =>
        typeof request.body === "string" && request.body.includes(id)
          ? Promise.resolve({ request, status: 400, headers: request.headers, bodyAsText: body })
          : next(request),
    },
  };
}

/** An incident that `toStoredIncident` never makes. */
function withLongTitle({ row, record }: StoredIncident): StoredIncident {
  return { row: { ...row, IncidentTitle: "x".repeat(40_000) }, record };
}

test.each([{ kind: "cut", effect: true }, answer(500, {}, true)] satisfies Fault[])(
  "a mark whose answer is lost is set: $kind",
  async (fault) => {
    const { incidents, proxy } = await open();
    const [forwarded, refused] = [storedIncident("forwarded"), storedIncident("refused")];
    await incidents.addAll([forwarded, refused]);

    proxy.failNext(fault);
    await incidents.markForwarded(forwarded.row);
    proxy.failNext(fault);
    await incidents.markRefused(refused.row, "400");

    expect(await incidents.waiting(RULE_ID)).toMatchObject({ pending: 0, refused: 1 });
  },
);

test("a slow reader does not run out of time: each page has its own time limit", async () => {
  const { incidents } = await open(200);
  await incidents.addAll([storedIncident("a"), storedIncident("b")]);
  let rows = 0;

  for await (const row of incidents.list(RULE_ID)) {
    rows += row["RuleName"] === null ? 0 : 1;
    await new Promise((resolve) => void setTimeout(resolve, 300));
  }

  expect(rows).toBe(2);
});

/** The table behind a proxy that can fail, and `direct`, which reads the table without the proxy. */
async function open(timeoutMs = PATIENT_MS): Promise<{
  incidents: IncidentTable;
  proxy: FaultProxy;
  direct: IncidentTable;
}> {
  const { client, incidents: direct } = await openTable(azurite.connectionString);
  const { origin } = new URL(azurite.tableEndpoint);
  const proxy = await startFaultProxy(origin);
  onTestFinished(() => proxy.close().catch(() => undefined));
  const behind = TableClient.fromConnectionString(
    azurite.connectionString.replaceAll(origin, proxy.origin),
    client.tableName,
    {
      allowInsecureConnection: true,
      retryOptions: { maxRetries: 3, retryDelayInMs: 1, maxRetryDelayInMs: 5 },
      additionalPolicies: [answersOfTheTableService],
    },
  );
  return { incidents: incidentTable(tableRows(behind, timeoutMs)), proxy, direct };
}

async function contentsOf(incidents: IncidentTable): Promise<{ listed: number; pending: number }> {
  const [listed, pending] = await Promise.all([collected(incidents.list(RULE_ID)), pendingRows(incidents, RULE_ID)]);
  return { listed: listed.length, pending: pending.length };
}
