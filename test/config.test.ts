import { describe, expect, test } from "vitest";
import { readConfig, SETTING_NAMES } from "../src/config.ts";
import { SettingsError } from "../src/errors.ts";

const TENANT = "aaaaaaaa-1111-4222-8333-444444444444";
const IN_AZURE = {
  AUDIT_EVENTS__fullyQualifiedNamespace: "pimwatch.servicebus.windows.net",
  AUDIT_EVENTS_HUB: "audit-events",
  AUDIT_EVENTS_CONSUMER_GROUP: "pimwatch",
  INCIDENTS_TABLE_ENDPOINT: "https://account.table.core.windows.net",
  DEAD_LETTERS_CONTAINER_URL: "https://account.blob.core.windows.net/dead-letters",
  LOGS_INGESTION_ENDPOINT: "https://dcr.ingest.monitor.azure.com",
  LOGS_INGESTION_RULE_ID: "dcr-00000000000000000000000000000000",
  LOGS_INGESTION_STREAM: "Custom-PimwatchIncidents_CL",
  ALLOWED_TENANT_IDS: TENANT,
  OUTBOX_TIMER_SCHEDULE: "0 * * * * *",
};
const LOCAL = {
  ...IN_AZURE,
  AUDIT_EVENTS__fullyQualifiedNamespace: undefined,
  INCIDENTS_TABLE_ENDPOINT: undefined,
  DEAD_LETTERS_CONTAINER_URL: undefined,
  AUDIT_EVENTS: "Endpoint=sb://127.0.0.1;UseDevelopmentEmulator=true",
  INCIDENTS_STORAGE: "UseDevelopmentStorage=true",
};

type Environment = Parameters<typeof readConfig>[0];

function problemsOf(environment: Environment): readonly string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

test("settings of an app in Azure are read", () => {
  expect(readConfig(IN_AZURE)).toEqual({
    incidents: { kind: "identity", url: "https://account.table.core.windows.net" },
    deadLetters: { kind: "identity", url: "https://account.blob.core.windows.net/dead-letters" },
    logsIngestion: {
      endpoint: "https://dcr.ingest.monitor.azure.com",
      ruleId: "dcr-00000000000000000000000000000000",
      stream: "Custom-PimwatchIncidents_CL",
    },
    allowedTenantIds: new Set([TENANT]),
    outboxMinimumAgeSeconds: 60,
    scansEvents: true,
    identityClientId: undefined,
  });
});

test("settings of a local run are read", () => {
  const storage = { kind: "connectionString", connectionString: "UseDevelopmentStorage=true" };
  expect(readConfig(LOCAL)).toMatchObject({ incidents: storage, deadLetters: storage });
});

test("optional settings are read, blanks around values are not", () => {
  const more = {
    AZURE_CLIENT_ID: " client ",
    OUTBOX_MINIMUM_AGE_SECONDS: "0",
    ALLOWED_TENANT_IDS: ` ${TENANT.toUpperCase()} , bbbbbbbb-1111-4222-8333-444444444444`,
    LOGS_INGESTION_RULE_ID: " dcr-1 ",
  };
  expect(readConfig({ ...IN_AZURE, ...more })).toMatchObject({
    identityClientId: "client",
    outboxMinimumAgeSeconds: 0,
    allowedTenantIds: new Set([TENANT, "bbbbbbbb-1111-4222-8333-444444444444"]),
    logsIngestion: { ruleId: "dcr-1" },
  });
});

test("without any setting, every one that is needed is named at once, with what it must be", () => {
  expect(problemsOf({})).toEqual([
    "AUDIT_EVENTS_HUB is missing: expected the name of the event hub",
    "AUDIT_EVENTS_CONSUMER_GROUP is missing: expected a consumer group that nothing else reads",
    "LOGS_INGESTION_ENDPOINT is missing: expected the logs ingestion endpoint of the data collection rule, https://…",
    "LOGS_INGESTION_RULE_ID is missing: expected the immutable id of the data collection rule, dcr-…",
    "LOGS_INGESTION_STREAM is missing: expected the stream of the data collection rule, Custom-…",
    "ALLOWED_TENANT_IDS is missing: expected one or more tenant ids (GUIDs), separated by commas",
    'OUTBOX_TIMER_SCHEDULE is missing: expected an NCRONTAB expression, such as "0 * * * * *"',
    "AUDIT_EVENTS__fullyQualifiedNamespace is missing: expected NAMESPACE.servicebus.windows.net (or AUDIT_EVENTS with a connection string, in local runs)",
    "INCIDENTS_TABLE_ENDPOINT is missing: expected the table endpoint of a storage account (or INCIDENTS_STORAGE with a connection string, in local runs)",
    "DEAD_LETTERS_CONTAINER_URL is missing: expected the URL of a blob container (or INCIDENTS_STORAGE with a connection string, in local runs)",
  ]);
});

test("the error's message has a line for each problem", () => {
  expect(() => readConfig({ ...IN_AZURE, AUDIT_EVENTS_HUB: undefined, ALLOWED_TENANT_IDS: "contoso" })).toThrow(
    new SettingsError([
      "AUDIT_EVENTS_HUB is missing: expected the name of the event hub",
      "ALLOWED_TENANT_IDS is wrong: expected one or more tenant ids (GUIDs), separated by commas",
    ]),
  );
});

describe("a setting that is blank is missing", () => {
  test.each(Object.keys(IN_AZURE))("%s", (name) => {
    expect(problemsOf({ ...IN_AZURE, [name]: "  " })).toEqual([
      expect.stringMatching(new RegExp(`^${name} is missing: expected .`)),
    ]);
  });
});

describe("a setting that is wrong is named with what is expected, never with its value", () => {
  const secret = "hunter2";
  test.each([
    {
      name: "INCIDENTS_TABLE_ENDPOINT",
      value: secret,
      expected: "the table endpoint of a storage account, https://ACCOUNT.table.core.windows.net",
    },
    {
      name: "DEAD_LETTERS_CONTAINER_URL",
      value: `ftp://${secret}`,
      expected: "the URL of a blob container, https://ACCOUNT.blob.core.windows.net/NAME",
    },
    {
      name: "LOGS_INGESTION_ENDPOINT",
      value: `//${secret}`,
      expected: "the logs ingestion endpoint of the data collection rule, https://…",
    },
    { name: "LOGS_INGESTION_STREAM", value: secret, expected: "a stream name that begins with Custom-" },
    {
      name: "ALLOWED_TENANT_IDS",
      value: `${TENANT},${secret}`,
      expected: "one or more tenant ids (GUIDs), separated by commas",
    },
    {
      name: "ALLOWED_TENANT_IDS",
      value: `${TENANT},`,
      expected: "one or more tenant ids (GUIDs), separated by commas",
    },
    { name: "SCAN_EVENTS", value: "no", expected: "true or false" },
    { name: "OUTBOX_MINIMUM_AGE_SECONDS", value: secret, expected: "a number of seconds" },
    { name: "OUTBOX_MINIMUM_AGE_SECONDS", value: "-1", expected: "a number of seconds, 0 or more" },
    { name: "OUTBOX_MINIMUM_AGE_SECONDS", value: "1e300", expected: "a number of seconds, at most 86400 (a day)" },
    { name: "OUTBOX_MINIMUM_AGE_SECONDS", value: "Infinity", expected: "a number of seconds" },
  ])("$name as $value", ({ name, value, expected }) => {
    expect(problemsOf({ ...IN_AZURE, [name]: value })).toEqual([`${name} is wrong: expected ${expected}`]);
  });

  test("even where everything is wrong at once", () => {
    const environment = Object.fromEntries(SETTING_NAMES.map((name) => [name, secret]));
    const problems = problemsOf(environment);
    expect(problems.length).toBeGreaterThan(4);
    expect(problems.join()).not.toContain(secret);
  });
});

test("settings that are none of ours do not matter", () => {
  expect(problemsOf({ ...IN_AZURE, PATH: "/bin", AzureWebJobsStorage: "x" })).toEqual([]);
});

test("the names of all settings are known, for the sample, Bicep and the README to be checked against", () => {
  expect(SETTING_NAMES).toEqual([
    "ALLOWED_TENANT_IDS",
    "AUDIT_EVENTS",
    "AUDIT_EVENTS_CONSUMER_GROUP",
    "AUDIT_EVENTS_HUB",
    "AUDIT_EVENTS__fullyQualifiedNamespace",
    "AZURE_CLIENT_ID",
    "DEAD_LETTERS_CONTAINER_URL",
    "INCIDENTS_STORAGE",
    "INCIDENTS_TABLE_ENDPOINT",
    "LOGS_INGESTION_ENDPOINT",
    "LOGS_INGESTION_RULE_ID",
    "LOGS_INGESTION_STREAM",
    "OUTBOX_MINIMUM_AGE_SECONDS",
    "OUTBOX_TIMER_SCHEDULE",
    "SCAN_EVENTS",
  ]);
});
