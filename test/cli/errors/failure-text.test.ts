// Errors as the unmodified SDKs throw them, from services that are stopped, or that do not have what is asked for; and
// those of Azure that no emulator imitates, made by hand.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { access, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { RestError } from "@azure/data-tables";
import { CredentialUnavailableError } from "@azure/identity";
import { MessagingError } from "@azure/event-hubs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { failureDetails, failureText } from "../../../cli/errors/failure-text.ts";
import { callHub } from "../../../cli/sending/event-sender.ts";
import { startStack, type Stack } from "../../../local/stack.ts";
import { inTime } from "../../../src/azure/calls.ts";
import { type Access, containerClient, hubConsumer, hubProducer, tableClient } from "../../../src/azure/clients.ts";
import { auditHub } from "../../../src/azure/audit-hub.ts";
import { deadLetters } from "../../../src/azure/dead-letters.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import { DependencyError, SettingsError, UsageError } from "../../../src/errors.ts";

let stack: Stack;
let closedPort = 0;

beforeAll(async () => {
  stack = await startStack({ allowedTenantIds: [] });
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  closedPort = portOf(server.address());
  server.close();
});
afterAll(() => stack.stop());

describe("an error of a local service is one sentence that names it and the remedy", () => {
  test.each([
    {
      what: "tables that are stopped",
      call: () => rowsOf({ TableEndpoint: `http://127.0.0.1:${closedPort}/devstoreaccount1` }),
      text: /^Table Storage at 127\.0\.0\.1:\d+ does not answer: nothing listens there\. If it is on this machine, start the local stack .*; otherwise check the address in --storage or --table-endpoint/,
    },
    {
      what: "tables that are stopped, at both addresses of localhost",
      call: () => rowsOf({ TableEndpoint: `http://localhost:${closedPort}/devstoreaccount1` }),
      text: /^Table Storage at localhost:\d+ does not answer: nothing listens there/,
    },
    {
      what: "blobs that are stopped",
      call: () => lettersOf({ BlobEndpoint: `http://127.0.0.1:${closedPort}/devstoreaccount1` }),
      text: /^Blob Storage at 127\.0\.0\.1:\d+ does not answer: nothing listens there/,
    },
    {
      what: "a hub that is stopped",
      call: () => batchOf(`Endpoint=sb://127.0.0.1:${closedPort};SharedAccessKeyName=a;SharedAccessKey=b;${EMULATOR}`),
      text: /^Event hub at 127\.0\.0\.1:\d+ does not answer: nothing listens there.* check the address in --connection/,
    },
    {
      what: "a table that does not exist",
      call: () => rowsOf({}),
      text: /^Table Storage at 127\.0\.0\.1:\d+ has no such table\. Check that --storage or --table-endpoint/,
    },
    {
      what: "a storage account that does not exist",
      call: () => rowsOf({ TableEndpoint: stack.azurite.tableEndpoint.replace(/\w+$/, "other"), AccountName: "other" }),
      text: /^Table Storage at 127\.0\.0\.1:\d+ has no such account, table or container\. Check that --storage/,
    },
    {
      what: "a container that does not exist",
      call: () => lettersOf({}, "nosuch"),
      text: /^Blob Storage at 127\.0\.0\.1:\d+ has no such container\. Check that --storage or --container-url/,
    },
    {
      what: "a wrong key of tables",
      call: () => rowsOf({ AccountKey: "AAAA" }),
      text: /^Table Storage at 127\.0\.0\.1:\d+ does not accept the key or signature\. Copy the connection string/,
    },
    {
      what: "a wrong key of blobs",
      call: () => lettersOf({ AccountKey: "AAAA" }),
      text: /^Blob Storage at 127\.0\.0\.1:\d+ does not accept the key or signature\. Copy the connection string/,
    },
    {
      what: "a wrong key of the hub",
      call: () => batchOf(stack.eventHub.connectionString.replace(/SharedAccessKey=[^;]+/, "SharedAccessKey=AAAA")),
      text: /^Event hub does not accept the key or signature\. Copy the connection string in --connection/,
    },
    {
      what: "a hub that does not exist",
      call: () => batchOf(stack.eventHub.connectionString, "nosuch"),
      text: /^Event hub: 127\.0\.0\.1 has no hub nosuch\. Check --connection, or --namespace and --hub/,
    },
    {
      what: "a consumer group that does not exist",
      call: () => readHub("nosuch"),
      text: /^Event hub: the hub insights-logs-auditlogs at 127\.0\.0\.1 has no consumer group nosuch\. Check AUDIT_EVENTS_CONSUMER_GROUP/i,
    },
    {
      what: "a sign-in sent over http",
      call: () => signedIn("http://127.0.0.1:1/x"),
      text: /^Table Storage.* has an http address, and your sign-in goes over https only\. Give the https address, or/,
    },
    {
      what: "https where the service speaks http",
      call: () => signedIn(stack.azurite.tableEndpoint.replace("http:", "https:")),
      text: /^Table Storage at 127\.0\.0\.1:\d+ closed the connection \(E\w+\)\. Check that --storage or --table-endpoint/,
    },
    {
      what: "a certificate of its own",
      call: () => signedIn(stack.ingestion.endpoint),
      text: /^Table Storage at 127\.0\.0\.1:\d+ shows a certificate that this machine does not trust/,
    },
    {
      what: "no answer",
      call: () => inTime("Table Storage", 1, () => new Promise(() => undefined)),
      text: /^Table Storage: did not answer within 0\.001 s\. Check the address in --storage or .* try again$/,
    },
  ])("$what", { timeout: 60_000 }, async ({ call, text }) => {
    expect(failureText(await errorOf(call))).toMatch(text);
  });
});

describe("an error of Azure is one sentence that names the service and the remedy", () => {
  test.each([
    {
      what: "reading rows without the right",
      error: answered(403, { method: "GET", code: "AuthorizationPermissionMismatch" }),
      text: /^Table Storage at account\.example refuses this sign-in \(403 AuthorizationPermissionMismatch\)\. Give it the role Storage Table Data Reader and wait/,
    },
    {
      what: "writing rows without the right",
      error: answered(403, { method: "POST" }),
      text: /refuses this sign-in \(403\)\. Give it the role Storage Table Data Contributor/,
    },
    {
      what: "reading blobs without the right",
      error: answered(403, { service: "Blob Storage", method: "GET" }),
      text: /^Blob Storage at .* Give it the role Storage Blob Data Reader/,
    },
    {
      what: "uploading rows without the right",
      error: answered(403, { service: "Logs Ingestion", method: "POST" }),
      text: /^Logs Ingestion at .* Give it the role Monitoring Metrics Publisher on the data collection rule/,
    },
    {
      what: "a signature in the address that is not accepted",
      error: answered(403, { url: "https://account.example/incidents?sig=x", code: "AuthenticationFailed" }),
      text: /^Table Storage at account\.example does not accept the key or signature/,
    },
    {
      what: "an account without keys",
      error: answered(403, { code: "KeyBasedAuthenticationNotPermitted" }),
      text: /^Table Storage at account\.example does not allow keys\. Use your own sign-in/,
    },
    {
      what: "a sign-in of another tenant",
      error: answered(401, { code: "InvalidAuthenticationInfo" }),
      text: /does not accept this sign-in: it is of another tenant, or has expired\. Run `az login`/,
    },
    {
      what: "an overloaded service",
      error: answered(503, { code: "ServerBusy" }),
      text: /^Table Storage at account\.example is overloaded or not available \(503\)\. .* Try again in a minute$/,
    },
    {
      what: "a request that is refused",
      error: answered(400, { code: "InvalidInput" }),
      text: /^Table Storage: no \(400\)\. --debug prints the details$/,
    },
    {
      what: "sending without the right",
      error: ofHub("UnauthorizedError", "Unauthorized access. 'Send' claim(s) are required to perform this operation."),
      text: /^Event hub refuses this sign-in \(UnauthorizedError\)\. Give it the role Azure Event Hubs Data Sender/,
    },
    {
      what: "receiving without the right",
      error: ofHub("UnauthorizedError", "Unauthorized access. 'Listen' claim(s) are required."),
      text: /Give it the role Azure Event Hubs Data Receiver/,
    },
    {
      what: "a host without an address",
      error: new DependencyError("Event hub", "x", {
        cause: Object.assign(new Error("getaddrinfo ENOTFOUND nosuch.example"), { code: "ENOTFOUND" }),
      }),
      text: /^Event hub: there is no host nosuch\.example\. Check its spelling in --connection/,
    },
    {
      what: "a network without a way there",
      error: new DependencyError("Event hub", "x", {
        cause: Object.assign(new Error("connect EHOSTUNREACH 192.0.2.1:5671"), { code: "EHOSTUNREACH" }),
      }),
      text: /^Event hub at 192\.0\.2\.1:5671 cannot be reached from this network \(EHOSTUNREACH\)/,
    },
    {
      what: "no sign-in",
      error: new DependencyError("Table Storage", "x", { cause: new CredentialUnavailableError("none") }),
      text: /^Table Storage: no Azure sign-in works here\. Run `az login` \(with --tenant, /,
    },
    {
      what: "a sign-in that has expired",
      error: new DependencyError("Table Storage", "x", {
        cause: new CredentialUnavailableError("AADSTS700082: The refresh token has expired. Trace ID: 1"),
      }),
      text: /^Table Storage: no Azure sign-in works here \(AADSTS700082: The refresh token has expired\)\. Run `az login`/,
    },
  ])("$what", ({ error, text }) => {
    expect(failureText(error)).toMatch(text);
  });
});

describe("an error of a file names the file and the remedy", () => {
  test.each([
    {
      what: "a missing file",
      error: () => errorOf(() => access("/missing/file")),
      text: "/missing/file: no such file",
    },
    {
      what: "a file as a folder",
      error: () => errorOf(() => readdir("/etc/hosts")),
      text: "/etc/hosts: a part of this",
    },
    { what: "a folder as a file", error: () => errorOf(() => readFile(tmpdir())), text: ": this is a folder. Give a" },
    { what: "a full disk", error: () => fileError("ENOSPC"), text: "/a/b: the disk is full. Free some space" },
    {
      what: "a file of somebody else",
      error: () => fileError("EACCES"),
      text: "/a/b: no permission. Check the rights",
    },
    {
      what: "a file with an escape in its name",
      error: () => fileError("EIO", "\u001b[2J"),
      text: "\\u{1b}[2J: the disk",
    },
  ])("$what", async ({ error, text }) => {
    expect(failureText(await error())).toContain(text);
  });
});

test("an error that pimwatch raises keeps its own words", () => {
  expect(failureText(new UsageError("Give a NAME"))).toBe("Give a NAME");
  expect(failureText(new SettingsError(["A is missing"]))).toBe("Settings: 1 problem\n  A is missing");
});

test.each([
  { what: "a bug", error: new TypeError("x is not a function\n    at y"), text: "x is not a function. " },
  { what: "an error without words", error: new Error(""), text: "Error. " },
  { what: "a thrown text", error: "oops", text: "oops. " },
  { what: "an escape in its words", error: new Error("\u001b[2J"), text: "\\u{1b}[2J. " },
])("$what is one sentence without a stack, and says how to get the details", ({ error, text }) => {
  expect(failureText(error)).toBe(
    `${text}The same command with --debug prints the details; please report them as an issue of pimwatch`,
  );
});

test("a package that is missing is named", () => {
  const error = Object.assign(new Error("Cannot find package 'zod' imported from /x/y.ts"), {
    code: "ERR_MODULE_NOT_FOUND",
  });

  expect(failureText(error)).toBe(
    "A part of pimwatch is missing: zod. Run `npm install` again where pimwatch is installed",
  );
});

test("the details have the stack of each cause, and no fields, which may hold a token", () => {
  const cause = Object.assign(new Error("inner"), { token: "secret" });
  cause.cause = cause; // a circle ends
  const details = failureDetails(new Error("outer", { cause }));

  expect(details).toMatch(/^Error: outer\n {4}at [^]*\ncaused by Error: inner\n {4}at /);
  expect(details).not.toContain("secret");
});

const EMULATOR = "UseDevelopmentEmulator=true;";

function storage(changes: Readonly<Record<string, string>>): Access {
  const parts = stack.azurite.connectionString.split(";").map((part) => {
    const [name = ""] = part.split("=");
    return changes[name] === undefined ? part : `${name}=${changes[name]}`;
  });
  return { kind: "connectionString", connectionString: parts.join(";") };
}

async function rowsOf(changes: Readonly<Record<string, string>>): Promise<void> {
  await drained(tableRows(await tableClient(storage(changes), "nosuch")).list({}));
}

async function lettersOf(changes: Readonly<Record<string, string>>, name = "dead-letters"): Promise<void> {
  await drained(deadLetters(await containerClient(storage(changes), name)).list());
}

async function signedIn(url: string): Promise<void> {
  const getToken = () => Promise.resolve({ token: "x", expiresOnTimestamp: Date.now() + 3_600_000 });
  const credential = () => Promise.resolve({ getToken });
  await drained(tableRows(await tableClient({ kind: "identity", url, credential }, "incidents")).list({}));
}

async function batchOf(connectionString: string, hub = "insights-logs-auditlogs"): Promise<void> {
  const producer = await hubProducer({ kind: "connectionString", connectionString }, hub);
  try {
    await callHub(() => producer.createBatch());
  } finally {
    await producer.close();
  }
}

async function readHub(consumerGroup: string): Promise<void> {
  const { connectionString } = stack.eventHub;
  const hub = auditHub(
    await hubConsumer({ kind: "connectionString", connectionString }, "insights-logs-auditlogs", consumerGroup),
  );
  try {
    await hub.read("0", { first: 0, last: 0 }, 1);
  } finally {
    await hub.close();
  }
}

async function drained(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _item of items) continue;
}

async function errorOf(call: () => Promise<unknown>): Promise<unknown> {
  return call().then(
    () => Promise.reject(new Error("it did not fail")),
    (error: unknown) => error,
  );
}

interface Answered {
  readonly service?: string;
  readonly method?: "GET" | "POST";
  readonly url?: string;
  readonly code?: string;
}

/** The error of the SDK's client for an answer with this status, as the app's calls pass it on. */
function answered(
  statusCode: number,
  { service = "Table Storage", method = "GET", url = "https://account.example/incidents", code }: Answered,
): Error {
  const error = new RestError(`${service}: no`, { statusCode, ...(code !== undefined && { code }) });
  return Object.assign(error, { request: { method, url, headers: new Headers({ authorization: "Bearer x" }) } });
}

function ofHub(code: string, message: string): Error {
  return new DependencyError("Event hub", message, { cause: Object.assign(new MessagingError(message), { code }) });
}

function fileError(code: string, path = "/a/b"): Promise<Error> {
  return Promise.resolve(Object.assign(new Error(`${code}: x, open '${path}'`), { code, path, syscall: "open" }));
}

function portOf(address: string | AddressInfo | null): number {
  return typeof address === "object" && address !== null ? address.port : 0;
}
