import { describe, expect, test } from "vitest";
import { SETTING_NAMES } from "../../src/config.ts";
import { readTenants } from "../../src/core/event/tenants.ts";
import { INCIDENT_COLUMNS } from "../../src/core/incident/incident-columns.ts";
import {
  BACKUPS_CONTAINER,
  DEAD_LETTERS_CONTAINER,
  INCIDENTS_TABLE,
  KEPT_TABLE,
  LEDGER_TABLE,
} from "../../src/storage-names.ts";
import { rightsIn } from "./rights.ts";
import { at, ofType, type Resource, theOne, variant, VARIANTS } from "./predicted-resources.ts";

/** Settings of local runs, which do not exist in Azure. */
const LOCAL_ONLY = new Set(["AUDIT_EVENTS", "DASHBOARD_LOCAL_USER", "INCIDENTS_STORAGE"]);

/** Settings that the Functions host, the Event Hubs extension and the identity library read. */
const HOST_SETTINGS = [
  "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
  "APPLICATIONINSIGHTS_CONNECTION_STRING",
  "AUDIT_EVENTS__clientId",
  "AUDIT_EVENTS__credential",
  "AUDIT_EVENTS__fullyQualifiedNamespace",
  "AZURE_CLIENT_ID",
  "AzureWebJobsStorage__blobServiceUri",
  "AzureWebJobsStorage__clientId",
  "AzureWebJobsStorage__credential",
  "AzureWebJobsStorage__tableServiceUri",
  "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT",
];

/** https://learn.microsoft.com/azure/azure-monitor/logs/create-custom-table#reserved-column-names, in lower case */
const RESERVED_COLUMNS = new Set(["_resourceid", "id", "_subscriptionid", "tenantid", "type", "uniqueid", "title"]);

describe.each(VARIANTS)("$name", (deployment) => {
  test("the prediction is complete", () => {
    expect(deployment.diagnostics).toEqual([]);
  });

  test("the app has exactly the settings that the code and the host read", () => {
    const names = Object.keys(settingsOf(deployment)).toSorted();

    const read = SETTING_NAMES.filter((name) => !LOCAL_ONLY.has(name));
    expect(names).toEqual([...new Set([...read, ...HOST_SETTINGS])].toSorted());
  });

  test("table, container and stream have the code's names", () => {
    const settings = settingsOf(deployment);
    const stream = Object.keys(Object(at(theOne(deployment, RULE).properties, "streamDeclarations")));

    const tables = ofType(deployment, "Microsoft.Storage/storageAccounts/tableServices/tables");
    expect(tables.map(({ name }) => name.split("/").at(-1))).toEqual([INCIDENTS_TABLE, LEDGER_TABLE, KEPT_TABLE]);
    expect(settings["DEAD_LETTERS_CONTAINER_URL"]).toContain(`'${DEAD_LETTERS_CONTAINER}'`);
    expect(settings["BACKUPS_CONTAINER_URL"]).toContain(`'${BACKUPS_CONTAINER}'`);
    expect(stream).toEqual([settings["LOGS_INGESTION_STREAM"]]);
    expect(at(theOne(deployment, RULE).properties, "dataFlows")).toMatchObject([
      { streams: stream, transformKql: "source", outputStream: "Custom-PimwatchIncidents_CL" },
    ]);
    // Without an endpoint of its own, a rule needs one of the other kind: closed-network.test.ts.
    const hasEndpoint = ofType(deployment, "Microsoft.Insights/dataCollectionEndpoints").length > 0;
    expect(theOne(deployment, RULE).kind === "Direct").toBe(!hasEndpoint);
  });

  test("columns of the code, the stream and the table are the same", () => {
    const code = INCIDENT_COLUMNS.map(({ name, type }) => ({ name, type }));
    const { stream, table } = columnsOf(deployment);

    expect(stream).toEqual(code);
    expect(table.map(({ name, type }) => ({ name, type: type === "dateTime" ? "datetime" : type }))).toEqual(code);
    expect(table.filter(({ description }) => !description)).toEqual([]);
  });

  test("columns have names and types that both services accept", () => {
    const { stream, table } = columnsOf(deployment);
    const streamTypes = new Set(["string", "int", "long", "real", "boolean", "dynamic", "datetime"]);
    const tableTypes = new Set(["string", "int", "long", "real", "boolean", "dynamic", "dateTime", "guid"]);

    expect(stream.filter(({ type }) => !streamTypes.has(type))).toEqual([]);
    expect(table.filter(({ type }) => !tableTypes.has(type))).toEqual([]);
    expect(table.filter(({ name }) => !/^[A-Za-z][A-Za-z0-9_]{0,44}$/.test(name))).toEqual([]);
    expect(table.filter(({ name }) => RESERVED_COLUMNS.has(name.toLowerCase()))).toEqual([]);
  });

  test("it contains no key, connection string or password", () => {
    expect(deployment.text).not.toMatch(/listKeys|listConnectionStrings|listAccountSas|listServiceSas/i);
    expect(deployment.text).not.toMatch(/AccountKey=|SharedAccessKey=|SharedAccessSignature|InstrumentationKey=/i);
    expect(deployment.text).not.toMatch(/password"|secret"/i);
  });

  test("storage accepts neither keys nor anonymous readers", () => {
    const accounts = ofType(deployment, "Microsoft.Storage/storageAccounts");

    expect(accounts).toHaveLength(2);
    for (const { properties } of accounts) {
      expect(properties).toMatchObject({
        allowBlobPublicAccess: false,
        allowCrossTenantReplication: false,
        allowSharedKeyAccess: false,
        defaultToOAuthAuthentication: true,
        minimumTlsVersion: "TLS1_2",
        supportsHttpsTrafficOnly: true,
      });
    }
    for (const { properties } of ofType(deployment, "Microsoft.Storage/storageAccounts/blobServices/containers")) {
      expect(properties).toEqual({ publicAccess: "None" });
    }
    for (const { properties } of ofType(deployment, "Microsoft.Storage/storageAccounts/blobServices")) {
      expect(at(properties, "deleteRetentionPolicy.enabled")).toBe(true);
      expect(at(properties, "containerDeleteRetentionPolicy.enabled")).toBe(true);
    }
  });

  test("exports of the incident table go after 35 days", () => {
    const policy = theOne(deployment, "Microsoft.Storage/storageAccounts/managementPolicies");
    expect(at(policy.properties, "policy.rules.1.definition")).toEqual({
      filters: { blobTypes: ["blockBlob"], prefixMatch: [`${BACKUPS_CONTAINER}/`] },
      actions: { baseBlob: { delete: { daysAfterCreationGreaterThan: 35 } } },
    });
  });

  test("the app is reachable only over TLS and published only with Entra ID", () => {
    const { kind, properties } = theOne(deployment, "Microsoft.Web/sites");

    expect(kind).toBe("functionapp,linux");
    expect(properties).toMatchObject({
      httpsOnly: true,
      siteConfig: { ftpsState: "Disabled", minTlsVersion: "1.2", scmMinTlsVersion: "1.2" },
    });
    const policies = ofType(deployment, "Microsoft.Web/sites/basicPublishingCredentialsPolicies");
    expect(new Set(policies.map(({ name }) => name.split("/").at(-1)))).toEqual(new Set(["ftp", "scm"]));
    expect(policies.map(({ properties: policy }) => at(policy, "allow"))).toEqual([false, false]);
  });

  test("the page and its API exist only behind a sign-in, which needs no secret", () => {
    const clientId = settingsOf(deployment)["DASHBOARD_CLIENT_ID"];
    const signIn = configOf(deployment, "authsettingsV2")?.properties;

    if (clientId === "") {
      expect(signIn).toBeUndefined();
      return;
    }
    expect(signIn).toMatchObject({
      platform: { enabled: true },
      globalValidation: { requireAuthentication: true, excludedPaths: ["/api/health"] },
      identityProviders: { azureActiveDirectory: { enabled: true, registration: { clientId } } },
    });
    expect(JSON.stringify(signIn)).not.toMatch(/secret/i);
  });

  test("the app runs on a Flex plan, on a Node.js that Azure runs", () => {
    const plan = theOne(deployment, "Microsoft.Web/serverfarms");
    const config = at(theOne(deployment, "Microsoft.Web/sites").properties, "functionAppConfig");

    expect(plan.sku).toEqual({ tier: "FlexConsumption", name: "FC1" });
    expect(at(plan.properties, "reserved")).toBe(true);
    expect(at(config, "runtime.name")).toBe("node");
    expect(["22", "24"]).toContain(at(config, "runtime.version"));
    expect([512, 2048, 4096]).toContain(at(config, "scaleAndConcurrency.instanceMemoryMB"));
    expect(at(config, "deployment.storage.type")).toBe("blobContainer");
    expect(at(config, "deployment.storage.authentication.type")).toBe("UserAssignedIdentity");
  });

  test("telemetry takes Entra ID alone", () => {
    expect(theOne(deployment, "Microsoft.Insights/components").properties).toMatchObject({
      DisableLocalAuth: true,
      IngestionMode: "LogAnalytics",
    });
  });

  test("names keep within the limits of their services", () => {
    for (const { name } of ofType(deployment, "Microsoft.Storage/storageAccounts")) {
      expect(name).toMatch(/^[a-z0-9]{3,24}$/);
    }
    for (const { name } of ofType(deployment, "Microsoft.EventHub/namespaces")) {
      expect(name).toMatch(/^[a-z][a-z0-9-]{4,48}[a-z0-9]$/);
    }
    // Longer names are cut to 32 characters in the host's id, and two apps may then have the same.
    expect(theOne(deployment, "Microsoft.Web/sites").name).toMatch(/^[a-z0-9-]{2,32}$/);
    expect(theOne(deployment, RULE).name).toMatch(/^[A-Za-z0-9-]{3,64}$/);
    expect(at(theOne(deployment, "Microsoft.Insights/actionGroups").properties, "groupShortName")).toMatch(/^.{1,12}$/);
  });

  test("every taggable resource has azd's tag", () => {
    const tagged = deployment.resources.filter(({ location }) => location !== undefined);

    expect(tagged.length).toBeGreaterThan(10);
    expect(tagged.filter(({ tags }) => tags?.["azd-env-name"] === undefined)).toEqual([]);
    expect(theOne(deployment, "Microsoft.Web/sites").tags?.["azd-service-name"]).toBe("detector");
  });
});

test("a provider's tenants reach the app with their names", () => {
  const tenants = readTenants(String(settingsOf(variant("several-tenants"))["ALLOWED_TENANT_IDS"]));

  expect(tenants).toEqual(
    new Map([
      ["44444444-4444-4444-8444-444444444444", "Contoso"],
      ["55555555-5555-4555-8555-555555555555", "Fabrikam EU"],
      ["66666666-6666-4666-8666-666666666666", ""],
    ]),
  );
});

test("the identity has these rights and no others", () => {
  const rights = rightsIn("main");

  expect(rights.map(({ scope, role }) => `${scope}: ${role}`)).toEqual([
    "eventhubs/insights-logs-auditlogs: Azure Event Hubs Data Receiver",
    "storageAccounts/pimhost: Storage Blob Data Owner",
    "storageAccounts/pimhost: Storage Table Data Contributor",
    "tables/incidents: Storage Table Data Contributor",
    "tables/ledger: Storage Table Data Contributor",
    "tables/kept: Storage Table Data Contributor",
    "containers/dead-letters: Storage Blob Data Contributor",
    "containers/backups: Storage Blob Data Contributor",
    "dataCollectionRules/pimwatch-incidents: Monitoring Metrics Publisher",
    "components/pimwatch-insights: Monitoring Metrics Publisher",
  ]);
  expect(new Set(rights.map(({ principalType }) => principalType))).toEqual(new Set(["ServicePrincipal"]));
  expect(rightsIn("cheapest")).toEqual(rights);
});

test("an operator, where there is one, may read incidents, ledger, kept records, dead letters and backups, and send events", () => {
  const theirs = rightsIn("everything").filter(({ principalType }) => principalType !== "ServicePrincipal");

  expect(theirs).toEqual([
    { scope: "eventhubs/entra", role: "Azure Event Hubs Data Sender", principalType: "User" },
    { scope: "tables/incidents", role: "Storage Table Data Reader", principalType: "User" },
    { scope: "tables/ledger", role: "Storage Table Data Reader", principalType: "User" },
    { scope: "tables/kept", role: "Storage Table Data Reader", principalType: "User" },
    { scope: "containers/dead-letters", role: "Storage Blob Data Reader", principalType: "User" },
    { scope: "containers/backups", role: "Storage Blob Data Reader", principalType: "User" },
  ]);
});

test("an existing hub and workspace are used in place, and nothing of them is changed", () => {
  const deployment = variant("existing");
  const elsewhere = deployment.resources
    .filter(({ id }) => id.startsWith("/subscriptions/33333333-3333-3333-3333-333333333333/"))
    .map(({ type }) => type);

  expect([...new Set(elsewhere)].toSorted()).toEqual([
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.EventHub/namespaces/eventhubs/consumergroups",
    "Microsoft.OperationalInsights/workspaces/savedSearches",
    "Microsoft.OperationalInsights/workspaces/tables",
    "Microsoft.SecurityInsights/alertRules",
  ]);
  expect(theOne(deployment, RULE).location).toBe("westeurope");
  expect(settingsOf(deployment)).toMatchObject({
    AUDIT_EVENTS_HUB: "entra-audit",
    AUDIT_EVENTS_RETENTION_HOURS: expect.stringContaining("'retentionHours'"), // the hub's own, not the parameter's
    AUDIT_EVENTS__fullyQualifiedNamespace: expect.stringContaining("'soc-streams'"),
  });
});

test("a new hub accepts no key, and the diagnostic setting's rule may only send", () => {
  const deployment = variant("main");

  expect(theOne(deployment, "Microsoft.EventHub/namespaces").properties).toMatchObject({
    disableLocalAuth: true,
    minimumTlsVersion: "1.2",
  });
  expect(theOne(deployment, "Microsoft.EventHub/namespaces/authorizationRules").properties).toEqual({
    rights: ["Send"],
  });
  expect(theOne(deployment, "Microsoft.EventHub/namespaces/networkRuleSets").properties).toMatchObject({
    trustedServiceAccessEnabled: true,
  });
  const groups = ofType(deployment, "Microsoft.EventHub/namespaces/eventhubs/consumergroups");
  expect(groups.map(({ name }) => name.split("/").at(-1))).toEqual([
    settingsOf(deployment)["AUDIT_EVENTS_CONSUMER_GROUP"],
    settingsOf(deployment)["AUDIT_EVENTS_HEALER_CONSUMER_GROUP"],
  ]);
});

test("a new workspace accepts rows only with Entra ID", () => {
  expect(at(theOne(variant("main"), "Microsoft.OperationalInsights/workspaces").properties, "features")).toMatchObject({
    disableLocalAuth: true,
  });
});

test("the audit function has always-ready instances, unless none are wanted", () => {
  const alwaysReady = (name: string) =>
    at(theOne(variant(name), "Microsoft.Web/sites").properties, "functionAppConfig.scaleAndConcurrency.alwaysReady");

  expect(alwaysReady("main")).toEqual([{ name: "function:audit-events", instanceCount: 1 }]);
  expect(alwaysReady("everything")).toEqual([{ name: "function:audit-events", instanceCount: 4 }]);
  expect(alwaysReady("cheapest")).toEqual([]);
});

test("the tenant's diagnostic setting is created only if it is switched on", () => {
  const type = "microsoft.aadiam/diagnosticSettings";

  expect(VARIANTS.filter((deployment) => ofType(deployment, type).length > 0).map(({ name }) => name)).toEqual([
    "everything",
  ]);
  expect(theOne(variant("everything"), type).properties).toMatchObject({
    eventHubName: "entra",
    eventHubAuthorizationRuleId: expect.stringMatching(/\/namespaces\/[^/]+\/authorizationRules\/entra-audit-logs$/),
    logs: [
      { category: "AuditLogs", enabled: true },
      { category: "SignInLogs", enabled: true },
    ],
  });
});

const RULE = "Microsoft.Insights/dataCollectionRules";

function settingsOf(deployment: (typeof VARIANTS)[number]): Readonly<Record<string, unknown>> {
  return { ...Object(configOf(deployment, "appsettings")?.properties) };
}

function configOf(deployment: (typeof VARIANTS)[number], name: string): Resource | undefined {
  return ofType(deployment, "Microsoft.Web/sites/config").find((config) => config.name.endsWith(`/${name}`));
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly description?: string;
}

function columnsOf(deployment: (typeof VARIANTS)[number]): { stream: Column[]; table: Column[] } {
  const [stream] = Object.values<{ columns: Column[] }>(
    Object(at(theOne(deployment, RULE).properties, "streamDeclarations")),
  );
  const table = theOne(deployment, "Microsoft.OperationalInsights/workspaces/tables");
  return { stream: stream?.columns ?? [], table: Object(at(table.properties, "schema.columns")) };
}
