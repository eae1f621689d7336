// `pimwatch doctor` against the local stack: a healthy stack as control, then one fault at a time.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  generateAccountSASQueryParameters,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import { earliestEventPosition, EventHubConsumerClient, EventHubProducerClient } from "@azure/event-hubs";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import declared from "../../infra/incident-columns.json" with { type: "json" };
import { startLogsIngestion } from "../../local/logs-ingestion/logs-ingestion.ts";
import { TENANT_ID } from "../../local/samples/tenant.ts";
import {
  LOCAL_CONSUMER_GROUP,
  LOCAL_HEALER_CONSUMER_GROUP,
  LOCAL_HUB,
  type Stack,
  startStack,
} from "../../local/stack.ts";
import type { Finding } from "../../cli/doctor/finding.ts";
import { run } from "../../cli/pimwatch.ts";
import { readConfig } from "../../src/config.ts";
import { bytes } from "../samples.ts";
import { healthyTables } from "./doctor/healthy-tables.ts";
import { fakeTerminal } from "./fake-terminal.ts";

const AUDIT_EVENT = bytes(JSON.stringify({ records: [{ category: "AuditLogs", tenantId: TENANT_ID }] }));
let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ allowedTenantIds: [TENANT_ID], partitions: 2 });
  await healthyTables(readConfig(stack.settings), TENANT_ID);
  await send(AUDIT_EVENT);
});
afterAll(() => stack.stop());

async function send(body: Uint8Array): Promise<void> {
  const producer = new EventHubProducerClient(stack.eventHub.connectionString, LOCAL_HUB);
  await producer.sendBatch([{ body: Buffer.from(body) }], { partitionId: "0" });
  await producer.close();
}

async function doctor(changed: Readonly<Record<string, string>> = {}, ...args: string[]) {
  const terminal = fakeTerminal({ ...stack.settings, ...changed });
  const code = await run(["doctor", "--json", ...args], terminal);
  const findings = terminal.outs.map((line): Finding => JSON.parse(line));
  return { code, findings, wrong: findings.filter(({ status }) => status !== "ok"), notes: terminal.notes };
}

const replaced = (setting: string, from: string | RegExp, to: string) => ({
  [setting]: String(stack.settings[setting]).replace(from, to),
});

test("on a healthy stack every check is ok and changes nothing", async () => {
  const before = stack.ingestion.rows().length;
  const { code, findings, wrong, notes } = await doctor();
  expect(wrong).toEqual([]);
  expect(findings.map(({ check }) => check)).toEqual([
    "settings",
    "event hub",
    "consumer group of the trigger",
    "consumer group of the healer",
    "last record in the hub",
    "table incidents",
    "table ledger",
    "table kept",
    "container of dead letters",
    "clock",
    "logs ingestion",
    "ledger and timers",
    "log category AuditLogs",
  ]);
  expect({ code, notes }).toEqual({ code: 0, notes: ["0 problems, 0 warnings, 0 things not checked"] });
  expect(stack.ingestion.rows()).toHaveLength(before);
});

/** One fault, and the only findings that are not ok. */
interface Wrong {
  readonly what: string;
  changed(): Readonly<Record<string, string>>;
  readonly findings: readonly object[];
}

const problem = (check: string, found: RegExp, remedy: RegExp, ...settings: string[]) => ({
  check,
  status: "problem",
  found: expect.stringMatching(found),
  remedy: expect.stringMatching(remedy),
  settings: settings.length === 0 ? expect.any(Array) : settings,
});
const unchecked = (...checks: string[]) =>
  checks.map((check) => expect.objectContaining({ check, status: "unchecked" }));
const OF_THE_HUB = ["consumer group of the trigger", "consumer group of the healer", "last record in the hub"];
/** Another hub also has another ledger, in which nothing is written yet. */
const ANOTHER_LEDGER = ["ledger and timers", "log category AuditLogs"].map((check) =>
  expect.objectContaining({ check, status: "warning" }),
);
/** Nobody listens on this port. Not port 1, which Node's fetch refuses by itself. */
const NO_PORT = "127.0.0.1:2";

describe("a fault is named with its setting and remedy, and the other checks still run", () => {
  test.each<Wrong>([
    {
      what: "the namespace has no such hub",
      changed: () => ({ AUDIT_EVENTS_HUB: "other" }),
      findings: [
        problem(
          "event hub",
          /^Event hub: .*other/,
          /no hub other\. Correct AUDIT_EVENTS_HUB/,
          "AUDIT_EVENTS",
          "AUDIT_EVENTS_HUB",
        ),
        ...unchecked(...OF_THE_HUB),
        ...ANOTHER_LEDGER,
      ],
    },
    {
      what: "the namespace cannot be reached",
      changed: () => replaced("AUDIT_EVENTS", /127\.0\.0\.1:\d+/, NO_PORT),
      findings: [
        problem("event hub", /^Event hub: .*ECONNREFUSED/, /Check the host name in AUDIT_EVENTS/),
        ...unchecked(...OF_THE_HUB),
        ...ANOTHER_LEDGER,
      ],
    },
    {
      what: "the key of the hub is wrong",
      changed: () => replaced("AUDIT_EVENTS", "SAS_KEY_VALUE", "another"),
      findings: [problem("event hub", /^Event hub: /, /key or policy is not accepted/), ...unchecked(...OF_THE_HUB)],
    },
    {
      what: "the connection string has no key; it is not quoted",
      changed: () => ({ AUDIT_EVENTS: "Endpoint=sb://hub.example/;SharedAccessSecret=c2VjcmV0" }),
      findings: [
        problem("event hub", /^AUDIT_EVENTS: is not a valid address or connection string/, /AUDIT_EVENTS/),
        ...unchecked(...OF_THE_HUB),
        ...ANOTHER_LEDGER,
      ],
    },
    {
      what: "the trigger's consumer group is missing",
      changed: () => ({ AUDIT_EVENTS_CONSUMER_GROUP: "nobody" }),
      findings: [
        problem(
          "consumer group of the trigger",
          /nobody/,
          /no consumer group nobody\. Correct AUDIT_EVENTS_CONSUMER_GROUP/,
          "AUDIT_EVENTS_CONSUMER_GROUP",
        ),
      ],
    },
    {
      what: "the healer's consumer group is missing",
      changed: () => ({ AUDIT_EVENTS_HEALER_CONSUMER_GROUP: "nobody" }),
      findings: [
        problem(
          "consumer group of the healer",
          /nobody/,
          /Correct AUDIT_EVENTS_HEALER_CONSUMER_GROUP/,
          "AUDIT_EVENTS_HEALER_CONSUMER_GROUP",
        ),
      ],
    },
    {
      what: "the records come from another tenant",
      changed: () => ({ ALLOWED_TENANT_IDS: "00000000-1111-4222-8333-444444444444" }),
      findings: [
        expect.objectContaining({
          check: "last record in the hub",
          status: "warning",
          found: expect.stringContaining(TENANT_ID),
        }),
        expect.objectContaining({ check: "log category AuditLogs", status: "warning" }),
      ],
    },
    {
      what: "the storage key is wrong",
      changed: () =>
        replaced("INCIDENTS_STORAGE", /AccountKey=[^;]+/, `AccountKey=${Buffer.from("another").toString("base64")}`),
      findings: [
        problem(
          "table incidents",
          /^Table Storage: .*\(403\)$/,
          /connection string into INCIDENTS_STORAGE again/,
          "INCIDENTS_STORAGE",
        ),
        problem("table ledger", /\(403\)$/, /INCIDENTS_STORAGE/),
        problem("table kept", /\(403\)$/, /INCIDENTS_STORAGE/),
        problem("container of dead letters", /^Dead letters: .*\(403\)$/, /INCIDENTS_STORAGE/),
        problem("ledger and timers", /\(403\)$/, /above/),
      ],
    },
    {
      what: "the storage may be read but not written",
      changed: () => ({ INCIDENTS_STORAGE: readOnlyStorage() }),
      findings: ["table incidents", "table ledger", "table kept", "container of dead letters"].map((check) =>
        problem(check, /^can be read but not written/, /lacks a right/, "INCIDENTS_STORAGE"),
      ),
    },
    {
      what: "the tables cannot be reached",
      changed: () => replaced("INCIDENTS_STORAGE", /(TableEndpoint=http:\/\/)127\.0\.0\.1:\d+/, `$1${NO_PORT}`),
      findings: [
        problem("table incidents", /ECONNREFUSED/, /Check the address in INCIDENTS_STORAGE/),
        problem("table ledger", /ECONNREFUSED/, /Check the address in INCIDENTS_STORAGE/),
        problem("table kept", /ECONNREFUSED/, /Check the address in INCIDENTS_STORAGE/),
        ...unchecked("clock"),
        problem("ledger and timers", /^Table Storage: .*ECONNREFUSED/, /above/),
      ],
    },
    {
      what: "the data collection rule does not exist",
      changed: () => ({ LOGS_INGESTION_RULE_ID: "dcr-11111111111111111111111111111111" }),
      findings: [problem("logs ingestion", /^Logs Ingestion: answered 404: NotFound/, /LOGS_INGESTION_RULE_ID/)],
    },
    {
      what: "the ingestion endpoint cannot be reached",
      changed: () => ({ LOGS_INGESTION_ENDPOINT: `https://${NO_PORT}` }),
      findings: [problem("logs ingestion", /^Logs Ingestion: .*ECONNREFUSED/, /LOGS_INGESTION_ENDPOINT/)],
    },
    {
      what: "the identity gives no token",
      changed: () => ({ IDENTITY_HEADER: "wrong" }),
      findings: [problem("logs ingestion", /^Token endpoint: answered 401/, /sign-in/)],
    },
    {
      what: "the webhook cannot be reached; its URL, a secret, is not shown",
      changed: () => ({ WEBHOOK_URL: `http://${NO_PORT}/secret` }),
      findings: [problem("webhook", /^Webhook: cannot be reached \(ECONNREFUSED\)$/, /WEBHOOK_URL/, "WEBHOOK_URL")],
    },
    {
      what: "the URL of the webhook is a reference that only the platform resolves",
      changed: () => ({ WEBHOOK_URL: "@Microsoft.KeyVault(SecretUri=https://vault.example/secrets/hook)" }),
      findings: unchecked("webhook"),
    },
  ])("$what", async ({ changed, findings }) => {
    const { code, wrong } = await doctor(changed());
    expect(wrong).toEqual(findings);
    expect(code).toBe(wrong.some(({ status }) => status !== "warning") ? 1 : 0);
    expect(JSON.stringify(wrong)).not.toMatch(/SAS_KEY_VALUE|c2VjcmV0|\/secret"/);
  });
});

/** A signature that may only read tables and blobs. */
function readOnlyStorage(): string {
  const part = (name: string) => new RegExp(`${name}=([^;]+)`).exec(stack.azurite.connectionString)?.[1] ?? "";
  const query = generateAccountSASQueryParameters(
    {
      expiresOn: new Date(Date.now() + 3_600_000),
      permissions: AccountSASPermissions.parse("rl"),
      services: AccountSASServices.parse("bt").toString(),
      resourceTypes: AccountSASResourceTypes.parse("sco").toString(),
    },
    new StorageSharedKeyCredential(part("AccountName"), part("AccountKey")),
  );
  const { blobEndpoint, tableEndpoint } = stack.azurite;
  return `BlobEndpoint=${blobEndpoint};TableEndpoint=${tableEndpoint};SharedAccessSignature=${query.toString()}`;
}

test("another reader is expected in the group of the trigger, and a problem in the group of the healer", async () => {
  const { connectionString } = stack.eventHub;
  for (const group of [LOCAL_CONSUMER_GROUP, LOCAL_HEALER_CONSUMER_GROUP]) {
    const reader = new EventHubConsumerClient(group, connectionString, LOCAL_HUB);
    onTestFinished(() => reader.close());
    const reading = Promise.withResolvers<void>();
    const handlers = {
      processEvents: async () => reading.resolve(),
      processError: async (error: Error) => reading.reject(error),
    };
    reader.subscribe("0", handlers, { ownerLevel: 1, startPosition: earliestEventPosition, maxWaitTimeInSeconds: 1 });
    await reading.promise;
  }
  const { findings, wrong } = await doctor();
  expect(findings.find(({ check }) => check === "consumer group of the trigger")).toMatchObject({
    status: "ok",
    found: "pimwatch exists and is being read",
  });
  expect(wrong).toEqual([
    problem("consumer group of the healer", /^Event hub: .*epoch/, /Something else reads the group pimwatch-healer/),
  ]);
});

test("in a government cloud, doctor shows a token for that cloud", async () => {
  const { columns, stream } = declared;
  const ruleId = stack.settings["LOGS_INGESTION_RULE_ID"] ?? "";
  const ingestion = await startLogsIngestion({ columns, stream, ruleId, audience: "https://monitor.azure.us" });
  onTestFinished(() => ingestion.close());
  const there = {
    LOGS_INGESTION_ENDPOINT: ingestion.endpoint,
    NODE_EXTRA_CA_CERTS: ingestion.caFile,
    IDENTITY_ENDPOINT: ingestion.identityEndpoint,
    IDENTITY_HEADER: ingestion.identityHeader,
  };

  expect((await doctor({ ...there, AZURE_CLOUD: "AzureUSGovernment" })).wrong).toEqual([]);
  expect((await doctor(there)).wrong).toEqual([
    problem(
      "logs ingestion",
      /answered 401: InvalidToken: no valid bearer token for https:..monitor.azure.us/,
      /AZURE_CLOUD/,
    ),
  ]);
});

test("if the data collection rule refuses the identity, the finding names the role", async () => {
  stack.ingestion.fail({ status: 403, times: 1 });
  const { wrong } = await doctor();
  expect(wrong).toEqual([problem("logs ingestion", /answered 403: OnDemand/, /Monitoring Metrics Publisher/)]);
});

test("all wrong settings are named, and nothing else is checked", async () => {
  const { code, findings } = await doctor({ ALLOWED_TENANT_IDS: "contoso", LOGS_INGESTION_RULE_ID: "" });
  expect(findings).toEqual([
    problem(
      "settings",
      /^LOGS_INGESTION_RULE_ID is missing/,
      /Correct LOGS_INGESTION_RULE_ID/,
      "LOGS_INGESTION_RULE_ID",
    ),
    problem("settings", /^ALLOWED_TENANT_IDS is wrong/, /Correct ALLOWED_TENANT_IDS/, "ALLOWED_TENANT_IDS"),
  ]);
  expect(code).toBe(1);
});

test("a stack on which no app has run yet gives only warnings", async () => {
  const fresh = await startStack({ allowedTenantIds: [TENANT_ID], partitions: 1 });
  onTestFinished(() => fresh.stop());
  const { code, findings, wrong } = await doctor(fresh.settings);
  expect(findings).toContainEqual(
    expect.objectContaining({
      check: "table incidents",
      status: "ok",
      found: expect.stringContaining("does not exist yet"),
    }),
  );
  expect(wrong).toMatchObject([
    { status: "warning", check: "last record in the hub", found: "no event has ever reached the hub" },
    { status: "warning", check: "ledger and timers" },
  ]);
  expect(code).toBe(0);
});

test("an event without a record of AuditLogs is a warning", async () => {
  await send(bytes('{"records":[{"category":"SignInLogs"}]}'));
  const { wrong } = await doctor();
  await send(AUDIT_EVENT);
  expect(wrong).toMatchObject([{ status: "warning", found: expect.stringContaining("no record of AuditLogs") }]);
  expect((await doctor()).wrong).toEqual([]);
});

describe("settings from a file", () => {
  test("are read as az prints them, without those of the environment", async () => {
    const folder = await mkdtemp(join(tmpdir(), "doctor-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const file = join(folder, "settings.json");
    await writeFile(file, JSON.stringify(Object.entries(stack.settings).map(([name, value]) => ({ name, value }))));
    const { code, wrong } = await doctor({ AUDIT_EVENTS_HUB: "other" }, "--settings", file);
    expect({ code, wrong }).toEqual({ code: 0, wrong: [] });
    await writeFile(file, "{");
    expect((await doctor({}, "--settings", file)).notes).toEqual([
      `pimwatch: ${file}: the file is not JSON. Correct it, or give another file`,
    ]);
    expect(await doctor({}, "--settings", join(folder, "none"))).toMatchObject({ code: 2 });
  });
});

describe("the running app's health", () => {
  const answering = async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once("listening", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/health`;
  };

  test.each([
    { status: 200, body: '{"status":"ok"}', expected: { status: "ok" } },
    { status: 200, body: '{"status":"degraded"}', expected: { status: "warning", found: "degraded" } },
    { status: 503, body: '{"status":"down"}', expected: { status: "problem", found: "down" } },
    {
      status: 503,
      body: "Function host is not running.",
      expected: { status: "problem", remedy: expect.stringContaining("AUDIT_EVENTS_CONSUMER_GROUP") },
    },
    { status: 404, body: "", expected: { status: "problem", remedy: expect.stringContaining("azd deploy") } },
  ])("$status $body: $expected.status", async ({ status, body, expected }) => {
    const url = await answering((_request, response) => void response.writeHead(status).end(body));
    const { findings } = await doctor({ ALLOWED_TENANT_IDS: "wrong" }, "--health", url);
    expect(findings.at(-1)).toMatchObject({ check: "health of the app", ...expected });
  });
});

test("the text form has the fault, the settings and what to do", async () => {
  const terminal = fakeTerminal({ ...stack.settings, AUDIT_EVENTS_CONSUMER_GROUP: "nobody" });
  expect(await run(["doctor"], terminal)).toBe(1);
  const text = terminal.outs.join("");
  expect(text).toContain("ok         event hub: insights-logs-auditlogs at 127.0.0.1:");
  expect(text).toMatch(
    /^problem {4}consumer group of the trigger: .*nobody.*\n {11}settings: AUDIT_EVENTS_CONSUMER_GROUP\n {11}what to do: The hub has no consumer group nobody\. .*$/m,
  );
});
