import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ManagedIdentityCredential } from "@azure/identity";
import { KnownMonitorAudience, LogsIngestionClient } from "@azure/monitor-ingestion";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import declared from "../../../infra/incident-columns.json" with { type: "json" };
import {
  type Failure,
  type LogsIngestion as StandIn,
  startLogsIngestion,
} from "../../../local/logs-ingestion/logs-ingestion.ts";
import { ingestionClient } from "../../../src/azure/clients.ts";
import { type Ingestion, logsIngestion } from "../../../src/azure/sinks/logs-ingestion.ts";
import { AZURE_CLOUDS } from "../../../src/core/azure-clouds.ts";
import type { IncidentRow } from "../../../src/core/incident/incident-row.ts";
import { MAX_PACK_BYTES, packRows } from "../../../src/core/incident/packs.ts";
import { DependencyError } from "../../../src/errors.ts";
import { largestIncident, storedIncident } from "../../stored-incident.ts";

const { columns, stream } = declared;
const DESTINATION = { ruleId: "dcr-0123456789abcdef0123456789abcdef", stream };

let standIn: StandIn;
beforeAll(async () => void (standIn = await startLogsIngestion({ columns, ...DESTINATION })));
afterAll(() => standIn.close());

test("rows are accepted as they are, in one request", async () => {
  const { ingestion, received } = open();
  const rows = [storedIncident("a").row, storedIncident("b").row];

  expect(await ingestion.send(rows)).toEqual({ outcome: "accepted" });

  expect(received()).toEqual({ rows, statuses: [204] });
  expect(standIn.droppedColumns()).toEqual([]);
});

test("no rows need no request", async () => {
  const { ingestion, received } = open();

  expect(await ingestion.send([])).toEqual({ outcome: "accepted" });

  expect(received()).toEqual({ rows: [], statuses: [] });
});

test.each(Object.values(KnownMonitorAudience))("a cloud's own audience is asked for: %s", async (audience) => {
  const asked: unknown[] = [];
  const getToken = (scopes: string | string[]) => {
    asked.push(scopes);
    return Promise.reject(new Error("no token"));
  };
  const client = await ingestionClient({ endpoint: standIn.endpoint, audience }, () => Promise.resolve({ getToken }));

  await expect(logsIngestion(client, DESTINATION).send([storedIncident("a").row])).rejects.toThrow("no token");

  expect(asked).toEqual([[`${audience}/.default`]]);
  expect(Object.values(AZURE_CLOUDS).map(({ monitorAudience }) => monitorAudience)).toContain(audience);
});

test("each pack is one request, up to its largest size", async () => {
  const { ingestion, received } = open();
  const rows = Array.from({ length: 300 }, (_, index) =>
    storedIncident(`pack ${index}`, { description: "x".repeat(5_000 + (index % 7)) }),
  );
  const packs = packRows(
    rows.map(({ row }) => row),
    { maxBytes: MAX_PACK_BYTES },
  );
  const largest = Math.max(...packs.map((pack) => Buffer.byteLength(JSON.stringify(pack))));

  for (const pack of packs) await ingestion.send(pack);

  expect(largest).toBeGreaterThan(MAX_PACK_BYTES - 10_000);
  expect(packs.length).toBeGreaterThan(1);
  expect(received().statuses).toEqual(packs.map(() => 204));
  expect(received().rows).toEqual(rows.map(({ row }) => row));
});

test.each(["a", "é", "中", "\u0001", '"'])(
  "the largest incident, full of %j, is accepted and not cut",
  async (unit) => {
    const { ingestion, received } = open();
    const { row } = largestIncident(unit);
    const cutBefore = standIn.truncatedFields();

    expect(await ingestion.send([row])).toEqual({ outcome: "accepted" });

    expect(received().rows).toEqual([row]);
    expect(standIn.truncatedFields()).toBe(cutBefore);
  },
);

test("rows that do not fit the stream are refused, with the reason", async () => {
  const { ingestion, received } = open();
  const bad: IncidentRow = { ...storedIncident("bad").row, Revision: "one" };

  expect(await ingestion.send([storedIncident("good").row, bad])).toEqual({
    outcome: "refused",
    reason: 'answered 400: InvalidRecord: row 1, column Revision: "one" is not of type int',
  });

  expect(received().rows).toEqual([]);
});

test("a row that is too large is refused, with the reason", async () => {
  const { ingestion } = open();

  const answer = await ingestion.send([{ ...storedIncident().row, Description: "x".repeat(1_048_576) }]);

  expect(answer).toEqual({
    outcome: "refused",
    reason: expect.stringMatching(/^answered 413: ContentLengthLimitExceeded: the body has/),
  });
});

const ASKED_FOR = "OnDemand: this failure was asked for";

test.each([
  {
    status: 401,
    says: `${ASKED_FOR}: the identity's token is not accepted: check AZURE_CLIENT_ID, AZURE_CLOUD and the tenant`,
  },
  {
    status: 403,
    says: `${ASKED_FOR}: the identity needs the role "Monitoring Metrics Publisher" on the data collection rule; a new assignment takes up to 30 minutes`,
  },
  {
    status: 404,
    says: `${ASKED_FOR}: check LOGS_INGESTION_ENDPOINT, LOGS_INGESTION_RULE_ID and LOGS_INGESTION_STREAM`,
  },
  { status: 429, says: ASKED_FOR },
  { status: 500, says: ASKED_FOR },
  { status: 503, says: ASKED_FOR },
  { status: 200, says: ASKED_FOR },
  { status: 202, says: ASKED_FOR },
])("a $status is unknown or a failure for now, neither accepted nor refused", async ({ status, says }) => {
  const { ingestion, received } = open();
  standIn.fail({ status });

  await expect(ingestion.send([storedIncident().row])).rejects.toThrow(
    new DependencyError("Logs Ingestion", `answered ${status}: ${says}`),
  );

  expect(received().rows).toEqual([]);
});

test("another rule's id is a failure that names the settings", async () => {
  const { client } = open();
  const ingestion = logsIngestion(client, { ...DESTINATION, ruleId: "dcr-other" });

  await expect(ingestion.send([storedIncident().row])).rejects.toThrow(
    /^Logs Ingestion: answered 404: .*LOGS_INGESTION_RULE_ID/,
  );
});

test("a connection that breaks before anything is accepted is a failure that names the cause", async () => {
  const { ingestion, received } = open();
  standIn.fail("reset");

  await expect(ingestion.send([storedIncident().row])).rejects.toThrow(
    /^Logs Ingestion: (socket hang up|read ECONNRESET)$/,
  );

  expect(received()).toEqual({ rows: [], statuses: ["reset", "reset", "reset", "reset"] });
});

test("an answer that is lost each time is a failure, although the service accepted the rows", async () => {
  const { ingestion, received } = open();
  standIn.fail("accept-then-reset");

  await expect(ingestion.send([storedIncident().row])).rejects.toBeInstanceOf(DependencyError);

  expect(received().rows.length).toBeGreaterThan(0);
});

test.each([
  { why: "nothing answers", failure: "hang" },
  { why: "the endpoint says to come back in an hour", failure: { status: 429, retryAfterSeconds: 3_600 } },
] satisfies { why: string; failure: Failure }[])(
  "if $why, an upload ends in time and is not accepted",
  async ({ failure }) => {
    const { ingestion } = open();
    standIn.fail(failure);

    await expect(ingestion.send([storedIncident().row], 500)).rejects.toThrow(
      new DependencyError("Logs Ingestion", "did not answer within 0.5 s"),
    );
  },
);

test("an upload that resolves after its time limit is not accepted", async () => {
  const slow = Promise.withResolvers<void>();
  // If the SDK is aborted between two requests, it resolves with rows unsent.
  const client: Ingestion = {
    upload: (_rule, _stream, _rows, options) => {
      options?.abortSignal?.addEventListener("abort", () => slow.resolve());
      return slow.promise;
    },
  };
  const ingestion = logsIngestion(client, DESTINATION);

  await expect(ingestion.send([storedIncident().row], 20)).rejects.toThrow("did not answer within 0.02 s");
});

test("if nobody listens, an upload fails and names the address", async () => {
  const other = await startLogsIngestion({ columns, ...DESTINATION });
  await other.close();
  const { ingestion } = open(other);

  await expect(ingestion.send([storedIncident().row])).rejects.toThrow(
    `Logs Ingestion: connect ECONNREFUSED ${new URL(other.endpoint).host}`,
  );
});

test("an untrusted certificate is a failure", async () => {
  const client = new LogsIngestionClient(standIn.endpoint, { getToken: () => tokenOf(standIn) });

  await expect(logsIngestion(client, DESTINATION).send([storedIncident().row])).rejects.toThrow(
    /^Logs Ingestion: .*self-signed certificate/,
  );
});

test("an identity that is not assigned to the app is a failure, although its endpoint says 400", async () => {
  vi.stubEnv("IDENTITY_ENDPOINT", await endpointThatRefuses());
  vi.stubEnv("IDENTITY_HEADER", "any");
  onTestFinished(() => void vi.unstubAllEnvs());
  const client = clientOf(standIn, new ManagedIdentityCredential({ clientId: "sample-client" }));

  await expect(logsIngestion(client, DESTINATION).send([storedIncident().row])).rejects.toBeInstanceOf(DependencyError);
});

test("an error of the token endpoint is a failure, whatever its status", async () => {
  const refused = Object.assign(new Error("invalid_request: Identity not found"), {
    name: "AuthenticationError",
    statusCode: 400,
    code: "invalid_request",
  });
  const client = clientOf(standIn, { getToken: () => Promise.reject(refused) });

  await expect(logsIngestion(client, DESTINATION).send([storedIncident().row])).rejects.toThrow(
    new DependencyError("Logs Ingestion", "invalid_request: Identity not found"),
  );
});

test("a 400 without the service's reason comes from another server and is a failure", async () => {
  const proxied = Object.assign(new Error("Bad Request"), { name: "RestError", statusCode: 400 });
  const client: Ingestion = { upload: () => Promise.reject(proxied) };

  await expect(logsIngestion(client, DESTINATION).send([storedIncident().row])).rejects.toThrow(
    new DependencyError("Logs Ingestion", "answered 400: Bad Request"),
  );
});

/** The module with the shared stand-in, from now on; failures end with the test. */
function open(endpoint = standIn) {
  const before = { rows: standIn.rows().length, requests: standIn.requests().length };
  onTestFinished(() => standIn.restore());
  const client = clientOf(endpoint, { getToken: () => tokenOf(standIn) });
  return {
    client,
    ingestion: logsIngestion(client, DESTINATION),
    received: () => ({
      rows: standIn.rows().slice(before.rows),
      statuses: standIn
        .requests()
        .slice(before.requests)
        .map(({ status }) => status),
    }),
  };
}

function clientOf(
  { endpoint, caPem }: StandIn,
  credential: ConstructorParameters<typeof LogsIngestionClient>[1],
): LogsIngestionClient {
  // The client accepts these at run time; its published type leaves tlsOptions out.
  const options: object = { tlsOptions: { ca: caPem }, retryOptions: { maxRetries: 3, retryDelayInMs: 1 } };
  return new LogsIngestionClient(endpoint, credential, options);
}

async function tokenOf({ identityEndpoint, identityHeader }: StandIn) {
  const url = `${identityEndpoint}?api-version=2019-08-01&resource=https://monitor.azure.com`;
  const answer = await fetch(url, { headers: { "X-IDENTITY-HEADER": identityHeader } });
  const { access_token: token } = (await answer.json()) as { access_token: string };
  return { token, expiresOnTimestamp: Date.now() + 3_600_000 };
}

/** A token endpoint that knows no identity, as App Service's if none is assigned. */
async function endpointThatRefuses(): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(400, { "content-type": "application/json" });
    response.end('{"error":"invalid_request","error_description":"Identity not found"}');
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/msi/token`;
}
