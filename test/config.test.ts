import { describe, expect, test } from "vitest";
import { readConfig, readDashboardAccess, SETTING_NAMES } from "../src/config.ts";
import { SettingsError } from "../src/errors.ts";

const TENANT = "aaaaaaaa-1111-4222-8333-444444444444";
const IN_AZURE = {
  AUDIT_EVENTS__fullyQualifiedNamespace: "pimwatch.servicebus.windows.net",
  AUDIT_EVENTS_HUB: "audit-events",
  AUDIT_EVENTS_CONSUMER_GROUP: "pimwatch",
  AUDIT_EVENTS_HEALER_CONSUMER_GROUP: "pimwatch-healer",
  INCIDENTS_TABLE_ENDPOINT: "https://account.table.core.windows.net",
  DEAD_LETTERS_CONTAINER_URL: "https://account.blob.core.windows.net/dead-letters",
  BACKUPS_CONTAINER_URL: "https://account.blob.core.windows.net/backups",
  LOGS_INGESTION_ENDPOINT: "https://dcr.ingest.monitor.azure.com",
  LOGS_INGESTION_RULE_ID: "dcr-00000000000000000000000000000000",
  LOGS_INGESTION_STREAM: "Custom-PimwatchIncidents_CL",
  ALLOWED_TENANT_IDS: TENANT,
  OUTBOX_TIMER_SCHEDULE: "0 * * * * *",
  LEDGER_TIMER_SCHEDULE: "30 * * * * *",
  RECONCILIATION_TIMER_SCHEDULE: "0 7 * * * *",
  WINDOW_TIMER_SCHEDULE: "15 * * * * *",
  BACKUP_TIMER_SCHEDULE: "0 37 * * * *",
};
const LOCAL = {
  ...IN_AZURE,
  AUDIT_EVENTS__fullyQualifiedNamespace: undefined,
  INCIDENTS_TABLE_ENDPOINT: undefined,
  DEAD_LETTERS_CONTAINER_URL: undefined,
  BACKUPS_CONTAINER_URL: undefined,
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
    auditEvents: {
      endpoint: { kind: "identity", url: "pimwatch.servicebus.windows.net" },
      namespace: "pimwatch.servicebus.windows.net",
      hub: "audit-events",
      healerConsumerGroup: "pimwatch-healer",
      retentionHours: 24,
    },
    incidents: { kind: "identity", url: "https://account.table.core.windows.net" },
    deadLetters: { kind: "identity", url: "https://account.blob.core.windows.net/dead-letters" },
    backups: { kind: "identity", url: "https://account.blob.core.windows.net/backups" },
    sinks: ["log-analytics"],
    logsIngestion: {
      endpoint: "https://dcr.ingest.monitor.azure.com",
      ruleId: "dcr-00000000000000000000000000000000",
      stream: "Custom-PimwatchIncidents_CL",
      audience: "https://monitor.azure.com",
    },
    portals: { entra: "https://entra.microsoft.com", incidents: "https://security.microsoft.com/incidents" },
    webhook: undefined,
    allowedTenantIds: new Set([TENANT]),
    expectedLogCategories: ["AuditLogs"],
    tenantNames: new Map([[TENANT, ""]]),
    outboxMinimumAgeSeconds: 60,
    ledgerGraceSeconds: 120,
    ledgerStallSeconds: 900,
    timerSchedules: {
      "outbox-timer": "0 * * * * *",
      "ledger-timer": "30 * * * * *",
      "reconciliation-timer": "0 7 * * * *",
      "window-timer": "15 * * * * *",
      "backup-timer": "0 37 * * * *",
    },
    scansEvents: true,
    identityClientId: undefined,
  });
});

test("settings of a local run are read", () => {
  const storage = { kind: "connectionString", connectionString: "UseDevelopmentStorage=true" };
  expect(readConfig(LOCAL)).toMatchObject({ incidents: storage, deadLetters: storage, backups: storage });
});

test.each([
  ["Endpoint=sb://127.0.0.1:5672;SharedAccessKey=k", { namespace: "127.0.0.1:5672", hub: "audit-events" }],
  ["Endpoint=sb://host.example/;EntityPath=other;SharedAccessKey=k", { namespace: "host.example", hub: "other" }],
])("the hub is taken from the connection string %s", (AUDIT_EVENTS, expected) => {
  expect(readConfig({ ...LOCAL, AUDIT_EVENTS }).auditEvents).toMatchObject(expected);
});

test("optional settings are read, without whitespace around values", () => {
  const more = {
    AZURE_CLIENT_ID: " client ",
    OUTBOX_MINIMUM_AGE_SECONDS: "0",
    EXPECTED_LOG_CATEGORIES: " SignInLogs, AuditLogs ,auditlogs",
    ALLOWED_TENANT_IDS: ` ${TENANT.toUpperCase()} , bbbbbbbb-1111-4222-8333-444444444444 = Fabrikam = EU `,
    LOGS_INGESTION_RULE_ID: " dcr-1 ",
  };
  expect(readConfig({ ...IN_AZURE, ...more })).toMatchObject({
    identityClientId: "client",
    outboxMinimumAgeSeconds: 0,
    allowedTenantIds: new Set([TENANT, "bbbbbbbb-1111-4222-8333-444444444444"]),
    expectedLogCategories: ["SignInLogs", "auditlogs"],
    tenantNames: new Map([
      [TENANT, ""],
      ["bbbbbbbb-1111-4222-8333-444444444444", "Fabrikam = EU"],
    ]),
    logsIngestion: { ruleId: "dcr-1" },
  });
});

test.each([
  { cloud: undefined, audience: "https://monitor.azure.com", entra: "https://entra.microsoft.com" },
  { cloud: "AzureUSGovernment", audience: "https://monitor.azure.us", entra: "https://entra.microsoft.us" },
  { cloud: "AzureChinaCloud", audience: "https://monitor.azure.cn", entra: "https://portal.azure.cn" },
])("the cloud $cloud has its own audience and portals", ({ cloud, audience, entra }) => {
  expect(readConfig({ ...IN_AZURE, AZURE_CLOUD: cloud })).toMatchObject({
    logsIngestion: { audience },
    portals: { entra },
  });
});

test("without any setting, every required one is reported with its expected value", () => {
  expect(problemsOf({})).toEqual([
    "AUDIT_EVENTS_HUB is missing: expected the name of the event hub",
    "AUDIT_EVENTS_CONSUMER_GROUP is missing: expected a consumer group that nothing else reads",
    "AUDIT_EVENTS_HEALER_CONSUMER_GROUP is missing: expected another consumer group that nothing else reads",
    "LOGS_INGESTION_ENDPOINT is missing: expected the logs ingestion endpoint of the data collection rule, https://…",
    "LOGS_INGESTION_RULE_ID is missing: expected the immutable id of the data collection rule, which begins with dcr-",
    "LOGS_INGESTION_STREAM is missing: expected the stream of the data collection rule, which begins with Custom-",
    "ALLOWED_TENANT_IDS is missing: expected one or more tenant ids (GUIDs), comma-separated, each alone or as ID=NAME",
    'OUTBOX_TIMER_SCHEDULE is missing: expected an NCRONTAB expression, such as "0 * * * * *"',
    'LEDGER_TIMER_SCHEDULE is missing: expected an NCRONTAB expression, such as "30 * * * * *"',
    'RECONCILIATION_TIMER_SCHEDULE is missing: expected an NCRONTAB expression, such as "0 7 * * * *"',
    'WINDOW_TIMER_SCHEDULE is missing: expected an NCRONTAB expression, such as "15 * * * * *"',
    'BACKUP_TIMER_SCHEDULE is missing: expected an NCRONTAB expression, such as "0 37 * * * *"',
    "AUDIT_EVENTS__fullyQualifiedNamespace is missing: expected NAMESPACE.servicebus.windows.net (or AUDIT_EVENTS with a connection string, in local runs)",
    "INCIDENTS_TABLE_ENDPOINT is missing: expected the table endpoint of a storage account (or INCIDENTS_STORAGE with a connection string, in local runs)",
    "DEAD_LETTERS_CONTAINER_URL is missing: expected the URL of a blob container (or INCIDENTS_STORAGE with a connection string, in local runs)",
    "BACKUPS_CONTAINER_URL is missing: expected the URL of a blob container (or INCIDENTS_STORAGE with a connection string, in local runs)",
  ]);
});

test("the error's message has a line for each problem", () => {
  expect(() => readConfig({ ...IN_AZURE, AUDIT_EVENTS_HUB: undefined, ALLOWED_TENANT_IDS: "contoso" })).toThrow(
    new SettingsError([
      "AUDIT_EVENTS_HUB is missing: expected the name of the event hub",
      "ALLOWED_TENANT_IDS is wrong: expected one or more tenant ids (GUIDs), comma-separated, each alone or as ID=NAME",
    ]),
  );
});

describe("an empty setting is missing", () => {
  test.each(Object.keys(IN_AZURE))("%s", (name) => {
    expect(problemsOf({ ...IN_AZURE, [name]: "  " })).toEqual([
      expect.stringMatching(new RegExp(`^${name} is missing: expected .`)),
    ]);
  });
});

describe("a wrong setting is reported with the expected value, but never with its own value", () => {
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
    {
      name: "DEAD_LETTERS_CONTAINER_URL",
      value: `https://${secret}/`,
      expected: "the URL of a blob container, https://ACCOUNT.blob.core.windows.net/NAME",
    },
    { name: "AUDIT_EVENTS", value: secret, expected: "a connection string, Endpoint=sb://HOST;…" },
    {
      name: "AUDIT_EVENTS__fullyQualifiedNamespace",
      value: `https://${secret}/`,
      expected: "a host name, NAMESPACE.servicebus.windows.net",
    },
    {
      name: "INCIDENTS_STORAGE",
      value: secret,
      expected: "the connection string of a storage account or emulator",
    },
    {
      name: "LOGS_INGESTION_RULE_ID",
      value: secret,
      expected: "the immutable id of the data collection rule, which begins with dcr-",
    },
    { name: "OUTBOX_TIMER_SCHEDULE", value: secret, expected: 'an NCRONTAB expression, such as "0 * * * * *"' },
    { name: "LEDGER_TIMER_SCHEDULE", value: "* *", expected: 'an NCRONTAB expression, such as "30 * * * * *"' },
    {
      name: "AUDIT_EVENTS_HEALER_CONSUMER_GROUP",
      value: "PimWatch ",
      expected: "another group than AUDIT_EVENTS_CONSUMER_GROUP",
    },
    {
      name: "LOGS_INGESTION_STREAM",
      value: secret,
      expected: "the stream of the data collection rule, which begins with Custom-",
    },
    {
      name: "ALLOWED_TENANT_IDS",
      value: `${TENANT},${secret}`,
      expected: "one or more tenant ids (GUIDs), comma-separated, each alone or as ID=NAME",
    },
    {
      name: "ALLOWED_TENANT_IDS",
      value: `${TENANT}=Contoso,${TENANT.toUpperCase()}`,
      expected: "each tenant id once",
    },
    {
      name: "ALLOWED_TENANT_IDS",
      value: `${TENANT}=Contoso,bbbbbbbb-1111-4222-8333-444444444444=CONTOSO`,
      expected: "a different name for each tenant",
    },
    {
      name: "ALLOWED_TENANT_IDS",
      value: `${TENANT}=${"x".repeat(65)}`,
      expected: "tenant names of at most 64 characters",
    },
    {
      name: "ALLOWED_TENANT_IDS",
      value: `${TENANT},`,
      expected: "one or more tenant ids (GUIDs), comma-separated, each alone or as ID=NAME",
    },
    {
      name: "EXPECTED_LOG_CATEGORIES",
      value: "AuditLogs;SignInLogs",
      expected: "one or more log categories, such as AuditLogs or AuditLogs,SignInLogs, comma-separated",
    },
    {
      name: "EXPECTED_LOG_CATEGORIES",
      value: "AuditLogs,",
      expected: "one or more log categories, such as AuditLogs or AuditLogs,SignInLogs, comma-separated",
    },
    { name: "SCAN_EVENTS", value: "no", expected: "true or false" },
    { name: "AZURE_CLOUD", value: "azurecloud", expected: "AzureCloud, AzureUSGovernment, AzureChinaCloud" },
    { name: "OUTBOX_MINIMUM_AGE_SECONDS", value: secret, expected: "a number of seconds from 0 to 86400" },
    { name: "AUDIT_EVENTS_RETENTION_HOURS", value: "0", expected: "a number of hours from 1 to 2160" },
    { name: "OUTBOX_MINIMUM_AGE_SECONDS", value: "-1", expected: "a number of seconds from 0 to 86400" },
    { name: "OUTBOX_MINIMUM_AGE_SECONDS", value: "1e300", expected: "a number of seconds from 0 to 86400" },
    { name: "OUTBOX_MINIMUM_AGE_SECONDS", value: "Infinity", expected: "a number of seconds from 0 to 86400" },
  ])("$name as $value", ({ name, value, expected }) => {
    expect(problemsOf({ ...IN_AZURE, [name]: value })).toEqual([`${name} is wrong: expected ${expected}`]);
  });

  test("even if all settings are wrong", () => {
    const environment = Object.fromEntries(SETTING_NAMES.map((name) => [name, secret]));
    const problems = problemsOf(environment);
    expect(problems.length).toBeGreaterThan(4);
    expect(problems.join()).not.toContain(secret);
  });
});

describe("waiting times that contradict another setting are refused", () => {
  const stallProblem = (seconds: number, hours: number): string =>
    `LEDGER_STALL_SECONDS is wrong: expected less than AUDIT_EVENTS_RETENTION_HOURS (${hours} h = ${hours * 3_600} s), ` +
    `found ${seconds} s. The hub would drop the last events of a partition before they are read again: set ` +
    "LEDGER_STALL_SECONDS to 900, or keep events in the hub for longer";
  const graceProblem =
    "LEDGER_GRACE_SECONDS is wrong: expected at most LEDGER_STALL_SECONDS (900 s), found 901 s. Gaps would wait longer " +
    "than events at the end of a partition: set LEDGER_GRACE_SECONDS to 120, or raise LEDGER_STALL_SECONDS";

  test.each([
    { given: { LEDGER_STALL_SECONDS: "3601", AUDIT_EVENTS_RETENTION_HOURS: "1" }, problem: stallProblem(3_601, 1) },
    { given: { LEDGER_STALL_SECONDS: "3600", AUDIT_EVENTS_RETENTION_HOURS: "1" }, problem: stallProblem(3_600, 1) },
    { given: { LEDGER_STALL_SECONDS: "86400" }, problem: stallProblem(86_400, 24) },
    { given: { LEDGER_GRACE_SECONDS: "901" }, problem: graceProblem },
  ])("$given", ({ given, problem }) => {
    expect(problemsOf({ ...IN_AZURE, ...given })).toEqual([problem]);
  });

  test.each([
    { LEDGER_STALL_SECONDS: "3599", AUDIT_EVENTS_RETENTION_HOURS: "1" },
    { LEDGER_STALL_SECONDS: "86400", AUDIT_EVENTS_RETENTION_HOURS: "25" },
    { LEDGER_GRACE_SECONDS: "900" },
    { LEDGER_GRACE_SECONDS: "0", LEDGER_STALL_SECONDS: "0" },
  ])("%o is accepted", (given) => {
    expect(problemsOf({ ...IN_AZURE, ...given })).toEqual([]);
  });

  test("it is reported together with problems of other settings", () => {
    const problems = problemsOf({ ...IN_AZURE, LEDGER_GRACE_SECONDS: "901", SCAN_EVENTS: "no" });
    expect(problems).toEqual(["SCAN_EVENTS is wrong: expected true or false", graceProblem]);
  });
});

test.each([
  { url: "https://hooks.contoso.example/x?sig=1", webhook: { url: "https://hooks.contoso.example/x?sig=1" } },
  { url: "http://127.0.0.1:8080/hook", webhook: { url: "http://127.0.0.1:8080/hook" } },
  { url: "@Microsoft.KeyVault(SecretUri=https://vault.vault.azure.net/secrets/hook)", webhook: { url: undefined } },
  { url: " ", webhook: undefined },
])("a webhook at $url", ({ url, webhook }) => {
  const found = readConfig({ ...IN_AZURE, WEBHOOK_URL: url });
  expect(found.webhook).toEqual(webhook && { ...webhook, format: "json" });
  expect(found.sinks).toEqual(webhook ? ["log-analytics", "webhook"] : ["log-analytics"]);
});

test.each(["http://hooks.contoso.example/x", "ftp://127.0.0.1/x", "https://user:pass@hooks.contoso.example/", "hooks"])(
  "no webhook is %s, and the problem does not repeat it",
  (url) => {
    expect(problemsOf({ ...IN_AZURE, WEBHOOK_URL: url })).toEqual([
      "WEBHOOK_URL is wrong: expected https://… without user name or password; http://127.0.0.1:PORT/… in local runs",
    ]);
  },
);

test("settings of other programs are ignored", () => {
  expect(problemsOf({ ...IN_AZURE, PATH: "/bin", AzureWebJobsStorage: "x" })).toEqual([]);
});

test("SETTING_NAMES lists all settings, which sample, Bicep and documents are checked against", () => {
  expect(SETTING_NAMES).toEqual([
    "ALLOWED_TENANT_IDS",
    "AUDIT_EVENTS",
    "AUDIT_EVENTS_CONSUMER_GROUP",
    "AUDIT_EVENTS_HEALER_CONSUMER_GROUP",
    "AUDIT_EVENTS_HUB",
    "AUDIT_EVENTS_RETENTION_HOURS",
    "AUDIT_EVENTS__fullyQualifiedNamespace",
    "AZURE_CLIENT_ID",
    "AZURE_CLOUD",
    "BACKUPS_CONTAINER_URL",
    "BACKUP_TIMER_SCHEDULE",
    "DASHBOARD_CLIENT_ID",
    "DASHBOARD_LOCAL_USER",
    "DEAD_LETTERS_CONTAINER_URL",
    "EXPECTED_LOG_CATEGORIES",
    "INCIDENTS_STORAGE",
    "INCIDENTS_TABLE_ENDPOINT",
    "LEDGER_GRACE_SECONDS",
    "LEDGER_STALL_SECONDS",
    "LEDGER_TIMER_SCHEDULE",
    "LOGS_INGESTION_ENDPOINT",
    "LOGS_INGESTION_RULE_ID",
    "LOGS_INGESTION_STREAM",
    "OUTBOX_MINIMUM_AGE_SECONDS",
    "OUTBOX_TIMER_SCHEDULE",
    "RECONCILIATION_TIMER_SCHEDULE",
    "SCAN_EVENTS",
    "WEBHOOK_FORMAT",
    "WEBHOOK_URL",
    "WINDOW_TIMER_SCHEDULE",
  ]);
});

describe("who may use page and API", () => {
  const CLIENT = "dddddddd-1111-4222-8333-444444444444";
  const LOCAL_USER = { DASHBOARD_LOCAL_USER: "local user" };
  const ENTRA = { DASHBOARD_CLIENT_ID: CLIENT, WEBSITE_AUTH_ENABLED: "True", WEBSITE_SITE_NAME: "app" };

  test.each([
    { why: "nothing is set", environment: {}, access: { kind: "off" } },
    { why: "a local run", environment: LOCAL_USER, access: { kind: "local", user: "local user" } },
    { why: "sign-in is on in Azure", environment: ENTRA, access: { kind: "entra", clientId: CLIENT } },
    { why: "no application is named", environment: { ...ENTRA, DASHBOARD_CLIENT_ID: " " }, access: { kind: "off" } },
    {
      why: "sign-in is off in Azure",
      environment: { ...ENTRA, WEBSITE_AUTH_ENABLED: "False" },
      access: { kind: "off" },
    },
    {
      why: "the platform does not report sign-in",
      environment: { DASHBOARD_CLIENT_ID: CLIENT },
      access: { kind: "off" },
    },
    {
      why: "a local user is set in Azure",
      environment: { ...LOCAL_USER, WEBSITE_SITE_NAME: "app" },
      access: { kind: "off" },
    },
    {
      why: "the same, recognized by its instance",
      environment: { ...LOCAL_USER, WEBSITE_INSTANCE_ID: "1" },
      access: { kind: "off" },
    },
    { why: "both, in Azure", environment: { ...LOCAL_USER, ...ENTRA }, access: { kind: "entra", clientId: CLIENT } },
  ])("$why: $access.kind", ({ environment, access }) => {
    expect(readDashboardAccess(environment)).toEqual(access);
  });
});
