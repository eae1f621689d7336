import { execFile } from "node:child_process";
import { request as httpsRequest } from "node:https";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { AggregateLogsUploadError, LogsIngestionClient } from "@azure/monitor-ingestion";
import * as fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import {
  MAX_UPLOAD_BYTES,
  startLogsIngestion,
  type LogsIngestion,
  type LogsIngestionOptions,
} from "../../local/logs-ingestion/logs-ingestion.ts";
import { checkRow } from "../../local/logs-ingestion/row-check.ts";

const RULE = "dcr-00000000000000000000000000000000";
const STREAM = "Custom-Samples_CL";
const COLUMNS = [
  { name: "TimeGenerated", type: "datetime" },
  { name: "Name", type: "string" },
  { name: "Count", type: "int" },
  { name: "Sequence", type: "long" },
  { name: "Score", type: "real" },
  { name: "Truncated", type: "boolean" },
  { name: "Details", type: "dynamic" },
];

test("the unmodified client uploads rows, gzipped, and they are kept in order", async () => {
  const { ingestion, client } = await start();

  await client.upload(RULE, STREAM, [
    { Name: "a", Count: 1, Details: { x: [1] }, TimeGenerated: "2026-01-02T03:04:05.678Z" },
    { Name: null, Sequence: "9007199254740993", Score: 0.5, Truncated: true },
  ]);

  expect(ingestion.rows()).toEqual([
    { Name: "a", Count: 1, Details: { x: [1] }, TimeGenerated: "2026-01-02T03:04:05.678Z" },
    { Name: null, Sequence: "9007199254740993", Score: 0.5, Truncated: true },
  ]);
  expect(ingestion.requests()).toEqual([{ status: 204, rows: 2, bytes: 152, uncompressedBytes: 160 }]);
  expect(ingestion.droppedColumns()).toEqual([]);
  expect(ingestion.truncatedFields()).toBe(0);
});

test("an app that has a managed identity and trusts the certificate through its environment uploads", async () => {
  const { ingestion } = await start();
  const script = fileURLToPath(new URL("fixtures/managed-identity-upload.ts", import.meta.url));

  await promisify(execFile)(process.execPath, [script, ingestion.endpoint, RULE, STREAM], {
    env: {
      NODE_EXTRA_CA_CERTS: ingestion.caFile,
      IDENTITY_ENDPOINT: ingestion.identityEndpoint,
      IDENTITY_HEADER: ingestion.identityHeader,
    },
  });

  expect(ingestion.rows()).toEqual([{ Name: "from a child process" }]);
});

test("the token endpoint refuses a caller without its header", async () => {
  const { ingestion } = await start();
  const url = `${ingestion.identityEndpoint}?api-version=2019-08-01&resource=https://monitor.azure.com`;

  expect((await fetch(url)).status).toBe(401);
  expect((await fetch(url, { headers: { "X-IDENTITY-HEADER": ingestion.identityHeader } })).status).toBe(200);
});

test.each([
  { column: "TimeGenerated", value: "yesterday", type: "datetime" },
  { column: "TimeGenerated", value: "2026-13-01T00:00:00Z", type: "datetime" },
  { column: "Name", value: 1, type: "string" },
  { column: "Count", value: 2147483648, type: "int" },
  { column: "Count", value: 0.5, type: "int" },
  { column: "Sequence", value: "1e3", type: "long" },
  { column: "Score", value: "0.5", type: "real" },
  { column: "Truncated", value: "true", type: "boolean" },
])(
  "$value in the $type column $column is a 400 that names the column, and no row is kept",
  async ({ column, value, type }) => {
    const { ingestion, client } = await start();

    const error = await uploadError(client, [{ Name: "good" }, { [column]: value }]);

    expect(error).toMatchObject({ statusCode: 400 });
    expect(ingestion.requests()[0]?.problem).toBe(
      `row 1, column ${column}: ${JSON.stringify(value)} is not of type ${type}`,
    );
    expect(ingestion.rows()).toEqual([]);
  },
);

test("an undeclared column is dropped, as in the real service, and reported", async () => {
  const { ingestion, client } = await start();

  await client.upload(RULE, STREAM, [{ Name: "a", TenantId: "x" }]);

  expect(ingestion.rows()).toEqual([{ Name: "a" }]);
  expect(ingestion.droppedColumns()).toEqual(["TenantId"]);
});

test("a field over 64 KB is cut without breaking a character, and counted", async () => {
  const { ingestion, client } = await start();

  await client.upload(RULE, STREAM, [{ Name: "é".repeat(40_000) }]);

  expect(ingestion.rows()).toEqual([{ Name: "é".repeat(32_768) }]);
  expect(ingestion.truncatedFields()).toBe(1);
});

test("another rule or stream is a 404", async () => {
  const { client } = await start();

  await expect(client.upload("dcr-other", STREAM, [{}])).rejects.toMatchObject({
    errors: [{ cause: { statusCode: 404 } }],
  });
  await expect(client.upload(RULE, "Custom-Other_CL", [{}])).rejects.toMatchObject({
    errors: [{ cause: { statusCode: 404 } }],
  });
});

test.each([
  { why: "no token", headers: { authorization: undefined }, body: "[]", status: 401 },
  { why: "a token of somebody else", headers: { authorization: "Bearer x" }, body: "[]", status: 401 },
  { why: "a wrong api-version", query: "?api-version=2021-11-01", body: "[]", status: 400 },
  { why: "no JSON", body: "[", status: 400 },
  { why: "bytes that are not UTF-8", body: Buffer.from([0x22, 0xff, 0x22]), status: 400 },
  { why: "an object", body: "{}", status: 400 },
  { why: "an array of numbers", body: "[1]", status: 400 },
  { why: "another content type", headers: { "content-type": "text/plain" }, body: "[]", status: 415 },
  { why: "another encoding", headers: { "content-encoding": "br" }, body: "[]", status: 415 },
  { why: "bytes that are not gzip", headers: { "content-encoding": "gzip" }, body: "[]", status: 400 },
  { why: "1 MiB and a byte", body: paddedTo(MAX_UPLOAD_BYTES + 1), status: 413 },
  {
    why: "the same, gzipped",
    headers: { "content-encoding": "gzip" },
    body: gzipSync(paddedTo(MAX_UPLOAD_BYTES + 1)),
    status: 413,
  },
  { why: "exactly 1 MiB", body: paddedTo(MAX_UPLOAD_BYTES), status: 204 },
  {
    why: "exactly 1 MiB, gzipped",
    headers: { "content-encoding": "gzip" },
    body: gzipSync(paddedTo(MAX_UPLOAD_BYTES)),
    status: 204,
  },
])("$why: $status", async ({ headers, body, status, query }) => {
  const { ingestion } = await start();

  expect(await post(ingestion, body, headers, query)).toBe(status);
});

test("a record over 1 MB, which the client sends alone, is a 413", async () => {
  const { client } = await start();

  expect(await uploadError(client, [{ Name: "x".repeat(MAX_UPLOAD_BYTES) }])).toMatchObject({ statusCode: 413 });
});

test("a 403 on demand lasts until restore()", async () => {
  const { ingestion, client } = await start();
  ingestion.fail({ status: 403 });
  expect(await uploadError(client, [{ Name: "a" }])).toMatchObject({ statusCode: 403 });
  expect(await uploadError(client, [{ Name: "a" }])).toMatchObject({ statusCode: 403 });

  ingestion.restore();
  await client.upload(RULE, STREAM, [{ Name: "a" }]);

  expect(ingestion.rows()).toHaveLength(1);
});

test("the client waits as long as a 429 asks and then succeeds", async () => {
  const { ingestion, client } = await start();
  ingestion.fail({ status: 429, retryAfterSeconds: 0, times: 2 });

  await client.upload(RULE, STREAM, [{ Name: "a" }]);

  expect(ingestion.requests().map(({ status }) => status)).toEqual([429, 429, 204]);
});

test("a lost answer makes the client send the rows twice; like the real service, the stand-in keeps both", async () => {
  const { ingestion, client } = await start();
  ingestion.fail({ reset: "after", times: 1 });

  await client.upload(RULE, STREAM, [{ Name: "a" }]);

  expect(ingestion.rows()).toEqual([{ Name: "a" }, { Name: "a" }]);
});

test("the client retries after a connection that breaks before the rows are accepted", async () => {
  const { ingestion, client } = await start();
  ingestion.fail({ reset: "before", times: 1 });

  await client.upload(RULE, STREAM, [{ Name: "a" }]);

  expect(ingestion.rows()).toEqual([{ Name: "a" }]);
});

test("a request without an answer lasts until the client gives up", async () => {
  const { ingestion, client } = await start();
  ingestion.fail("hang");
  const signal = new AbortController();

  const upload = client.upload(RULE, STREAM, [{ Name: "a" }], { abortSignal: signal.signal });
  await expect.poll(() => ingestion.requests().length).toBe(1);
  signal.abort();

  await expect(upload).rejects.toMatchObject({ errors: [{ cause: { name: "AbortError" } }] });
});

test("waiting for rows ends when they arrive", async () => {
  const { ingestion, client } = await start();
  const arrived = ingestion.waitFor((rows) => rows.length === 2);

  await client.upload(RULE, STREAM, [{ Name: "a" }]);
  await client.upload(RULE, STREAM, [{ Name: "b" }]);

  await arrived;
});

test("a column type that no data collection rule knows is refused at the start", async () => {
  await expect(start({ columns: [{ name: "Id", type: "guid" }] })).rejects.toThrow(
    "Column Id: type guid is not one of",
  );
});

test("any row is kept unchanged or refused", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...COLUMNS.map(({ name }) => name), "Other"), fc.jsonValue()), (row) => {
      const checked = checkRow(row, COLUMNS);
      if ("problem" in checked) expect(checked.problem).toMatch(/^column \w+: /);
      else expect({ ...checked.row, ...("Other" in row && { Other: row["Other"] }) }).toEqual(row);
    }),
  );
});

async function start(
  options: Partial<LogsIngestionOptions> = {},
): Promise<{ ingestion: LogsIngestion; client: LogsIngestionClient }> {
  const ingestion = await startLogsIngestion({ columns: COLUMNS, ruleId: RULE, stream: STREAM, ...options });
  onTestFinished(() => ingestion.close());
  const client = new LogsIngestionClient(
    ingestion.endpoint,
    { getToken: async () => ({ token: await token(ingestion), expiresOnTimestamp: Date.now() + 60_000 }) },
    // upload() adds these at run time and passes them to the pipeline; the published type omits them.
    { tlsOptions: { ca: ingestion.caPem }, retryOptions: { maxRetries: 3, retryDelayInMs: 1 } },
  );
  return { ingestion, client };
}

async function token(ingestion: LogsIngestion): Promise<string> {
  const answer = await fetch(
    `${ingestion.identityEndpoint}?api-version=2019-08-01&resource=https://monitor.azure.com`,
    { headers: { "X-IDENTITY-HEADER": ingestion.identityHeader } },
  );
  const body: { access_token: string } = JSON.parse(await answer.text());
  return body.access_token;
}

async function uploadError(client: LogsIngestionClient, rows: Record<string, unknown>[]): Promise<Error | undefined> {
  const error: unknown = await client.upload(RULE, STREAM, rows).catch((thrown: unknown) => thrown);
  if (error instanceof AggregateLogsUploadError) return error.errors[0]?.cause;
  throw new TypeError("upload() gave no AggregateLogsUploadError", { cause: error });
}

async function post(
  ingestion: LogsIngestion,
  body: string | Buffer,
  headers: Record<string, string | undefined> = {},
  query = "?api-version=2023-01-01",
): Promise<number | undefined> {
  const all = {
    authorization: `Bearer ${await token(ingestion)}`,
    "content-type": "application/json",
    ...headers,
  };
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const request = httpsRequest(`${ingestion.endpoint}/dataCollectionRules/${RULE}/streams/${STREAM}${query}`, {
    method: "POST",
    ca: ingestion.caPem,
    headers: Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)),
  });
  request.on("response", (response) => {
    response.resume();
    resolve(response.statusCode);
  });
  request.on("error", reject);
  request.end(body);
  return promise;
}

function paddedTo(bytes: number): Buffer {
  return Buffer.from(`[{"Name":"a"}${" ".repeat(bytes - 14)}]`);
}
