// The simulation trusts its receivers because each call does what the real clients do: Microsoft's client with the local
// stand-in for Logs Ingestion, and `fetch` with an HTTP server.
import { createServer } from "node:http";
import { AggregateLogsUploadError, LogsIngestionClient } from "@azure/monitor-ingestion";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Failure, type LogsIngestion, startLogsIngestion } from "../../local/logs-ingestion/logs-ingestion.ts";
import { closeServer, listenOnLoopback } from "../../local/loopback-server.ts";
import type { Fault } from "../../simulation/process.ts";
import { type Arrived, memoryReceivers } from "../../simulation/services/memory-receivers.ts";
import { type Ingestion, logsIngestion } from "../../src/azure/sinks/logs-ingestion.ts";
import { type Request, webhook } from "../../src/azure/sinks/webhook.ts";
import { DependencyError } from "../../src/errors.ts";
import { storedIncident } from "../stored-incident.ts";
import { undisturbedProcess } from "./undisturbed-process.ts";

const DESTINATION = { ruleId: "dcr-0123456789abcdef0123456789abcdef", stream: "Custom-Samples_CL" };
const COLUMNS = [
  { name: "IncidentId", type: "string" },
  { name: "Revision", type: "int" },
  { name: "Fits", type: "boolean" },
];
/** The incident that both receivers refuse: its rows do not fit the stream. */
const REFUSED = "refused";
const rowOf = (id: string, revision: number) => ({
  IncidentId: id,
  Revision: revision,
  Fits: id === REFUSED ? "no" : true,
});

const { process, ended, failNext } = undisturbedProcess();

/** Both receivers, new. */
interface Receivers {
  readonly ingestion: Ingestion;
  readonly post: Request;
  arrived(): { readonly "log-analytics": Arrived; readonly webhook: Arrived };
}

function inMemory(): Receivers {
  const { refused, arrived, ingestionFor, webhookFor } = memoryReceivers();
  refused.add(REFUSED);
  return { ingestion: ingestionFor(process), post: webhookFor(process), arrived: () => arrived };
}

let standIn: LogsIngestion;
let token: string;
/** Where the webhook is. */
let url: string;
/** What happens to the next request to the webhook. */
let webhookFault: Fault | undefined;
const posted: string[] = [];
const server = createServer((request, response) => {
  const id = String(request.headers["idempotency-key"]);
  const isRefused = id === REFUSED;
  request.resume().on("end", () => {
    const fault = webhookFault;
    webhookFault = undefined;
    if (fault === "refused") return void response.writeHead(503).end();
    if (!isRefused) posted.push(id);
    if (fault === "lost") return void request.socket.destroy();
    return void response.writeHead(isRefused ? 400 : 202).end("an answer");
  });
});
beforeAll(async () => {
  standIn = await startLogsIngestion({ columns: COLUMNS, ...DESTINATION });
  const resource = `${standIn.identityEndpoint}?api-version=2019-08-01&resource=https://monitor.azure.com`;
  const answer = await fetch(resource, { headers: { "X-IDENTITY-HEADER": standIn.identityHeader } });
  ({ access_token: token } = (await answer.json()) as { access_token: string });
  url = `http://127.0.0.1:${await listenOnLoopback(server, 0, "Webhook")}/hook`;
});
afterAll(() => Promise.all([standIn.close(), closeServer(server)]));

function real(maxRetries = 0): Receivers {
  const before = { rows: standIn.rows().length, posted: posted.length };
  const getToken = () => Promise.resolve({ token, expiresOnTimestamp: Date.now() + 3_600_000 });
  // upload() passes these options to the pipeline; the published type omits the first.
  const options = { tlsOptions: { ca: standIn.caPem }, retryOptions: { maxRetries, retryDelayInMs: 1 } };
  return {
    ingestion: new LogsIngestionClient(standIn.endpoint, { getToken }, options),
    post: fetch,
    arrived: () => ({
      "log-analytics": counted(
        standIn
          .rows()
          .slice(before.rows)
          .map((row) => `${String(row["IncidentId"])}|${String(row["Revision"])}`),
      ),
      webhook: counted(posted.slice(before.posted).map((id) => `${id}|1`)),
    }),
  };
}

function counted(keys: readonly string[]): Arrived {
  const counts: Arrived = new Map();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

type Call = (receivers: Receivers) => Promise<unknown>;

const upload =
  (rows: readonly ReturnType<typeof rowOf>[]): Call =>
  ({ ingestion }) =>
    ingestion.upload(DESTINATION.ruleId, DESTINATION.stream, [...rows]);

const send =
  (id: string): Call =>
  ({ post }) =>
    webhook(post, { url, format: "json" }, process.machine).send([{ ...storedIncident("a").row, IncidentId: id }]);

/** The result of a call: its value, or the parts of the error that the app reads. */
async function outcome(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof AggregateLogsUploadError)) throw error;
    const errors = error.errors.map(({ cause, failedLogs }) => {
      const { name, statusCode, code } = cause as Error & { statusCode?: number; code?: string };
      return { name, statusCode, code, failedLogs };
    });
    return { name: error.name, message: error.message, errors };
  }
}

const ids = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom("a", "b", "c") },
  { weight: 1, arbitrary: fc.constant(REFUSED) },
);
const rows = fc.tuple(ids, fc.constantFrom(1, 2)).map(([id, revision]) => rowOf(id, revision));
const calls: fc.Arbitrary<Call> = fc.oneof(fc.array(rows, { maxLength: 4 }).map(upload), ids.map(send));

test("the receivers in memory answer any calls in any order as the real ones do, and have got the same", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(calls, { maxLength: 15 }), async (all) => {
      const [ours, theirs] = [inMemory(), real()];
      for (const call of all) expect(await outcome(ended(call(ours)))).toEqual(await outcome(call(theirs)));
      expect(ours.arrived()).toEqual(theirs.arrived());
    }),
    { numRuns: 100 },
  );
});

test.each([
  { fault: "refused", failure: { status: 503, times: 1 }, arrived: new Map() },
  { fault: "lost", failure: { reset: "after", times: 1 }, arrived: new Map([["a|1", 1]]) },
] satisfies { fault: Fault; failure: Failure; arrived: Arrived }[])(
  "a call that is $fault fails and has its effect as with the real receivers",
  async ({ fault, failure, arrived }) => {
    const [ours, theirs] = [inMemory(), real()];
    const forward = ({ ingestion }: Receivers) =>
      logsIngestion(ingestion, DESTINATION, process.machine).send([rowOf("a", 1)]);

    failNext(fault);
    await expect(ended(forward(ours))).rejects.toBeInstanceOf(DependencyError);
    standIn.fail(failure);
    await expect(forward(theirs)).rejects.toBeInstanceOf(DependencyError);
    failNext(fault);
    await expect(ended(send("a")(ours))).rejects.toBeInstanceOf(DependencyError);
    webhookFault = fault;
    await expect(send("a")(theirs)).rejects.toBeInstanceOf(DependencyError);

    const both = { "log-analytics": arrived, webhook: arrived };
    expect(ours.arrived()).toEqual(both);
    expect(theirs.arrived()).toEqual(both);
  },
);

test("a call that is repeated arrives twice, as when the client tries again after a lost answer", async () => {
  const [ours, theirs] = [inMemory(), real(1)];
  failNext("repeated");
  standIn.fail({ reset: "after", times: 1 });
  for (const one of [ended(upload([rowOf("a", 1)])(ours)), upload([rowOf("a", 1)])(theirs)])
    expect(await outcome(one)).toBeUndefined();
  for (const { arrived } of [ours, theirs])
    expect(arrived()).toEqual({ "log-analytics": new Map([["a|1", 2]]), webhook: new Map() });
});
