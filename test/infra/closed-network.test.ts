// With privateNetworking nothing has a public address but what docs/closed-network.md names.
import { describe, expect, test } from "vitest";
import { rightsIn } from "./rights.ts";
import { at, ofType, type Resource, theOne, type Variant, variant, VARIANTS } from "./predicted-resources.ts";

const OURS = variant("private");
/** An existing network with existing zones and an existing scope of Azure Monitor. */
const EXISTING = variant("everything");
/** Another cloud, an existing hub and workspace, names by a policy, a public page. */
const GOVERNMENT = variant("government");
const CLOSED = [OURS, EXISTING, GOVERNMENT];

const ENDPOINTS = "Microsoft.Network/privateEndpoints";
const ZONE_GROUPS = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups";
const ZONES = "Microsoft.Network/privateDnsZones";

/** Names without the part that is unique to a deployment, and without what only a cloud knows. */
const plain = (name: unknown) =>
  String(name)
    .replace(/-?[a-z0-9]{13}(?=-|$)/, "")
    .replace("[format('", "")
    .replace(/\{0\}', (environment\(\)\.suffixes\.storage|replace\(.*\))\)\]$/, "*");

/** Every property of a resource, by its path. */
function paths(value: unknown, path = ""): (readonly [string, unknown])[] {
  if (typeof value !== "object" || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, inner]) => paths(inner, `${path}.${key}`));
}

/** Resources with a property that lets the public in. */
function openToThePublic({ resources }: Variant): string[] {
  return resources.flatMap(({ type, properties }) =>
    paths(properties)
      .filter(([path, value]) => /\.publicNetworkAccess(ForIngestion|ForQuery)?$/.test(path) && value !== "Disabled")
      .map(([path]) => `${type}${path}`),
  );
}

test("nothing is public, unless a parameter opens it", () => {
  expect(openToThePublic(OURS)).toEqual([]);
  expect(openToThePublic(EXISTING).toSorted()).toEqual([
    "Microsoft.Insights/components.publicNetworkAccessForQuery",
    "Microsoft.OperationalInsights/workspaces.publicNetworkAccessForQuery",
  ]);
  expect(openToThePublic(GOVERNMENT)).toEqual(["Microsoft.Web/sites.publicNetworkAccess"]);
  expect(openToThePublic(variant("main")).length).toBeGreaterThan(5); // the control
});

test("every service that can have one states its access", () => {
  const types = [
    "Microsoft.Storage/storageAccounts",
    "Microsoft.EventHub/namespaces",
    "Microsoft.OperationalInsights/workspaces",
    "Microsoft.Insights/components",
    "Microsoft.Insights/dataCollectionEndpoints",
    "Microsoft.Web/sites",
  ];
  for (const type of types) {
    const found = ofType(OURS, type);
    expect(found.length, type).toBeGreaterThan(0);
    for (const { properties } of found) expect(JSON.stringify(properties), type).toContain("publicNetworkAccess");
  }
});

test("Azure Monitor, which delivers the audit logs, still reaches the namespace", () => {
  expect(theOne(OURS, "Microsoft.EventHub/namespaces/networkRuleSets").properties).toEqual({
    defaultAction: "Deny",
    publicNetworkAccess: "Disabled",
    trustedServiceAccessEnabled: true,
  });
});

test("storage lets no service of Azure past its firewall", () => {
  for (const { properties } of ofType(OURS, "Microsoft.Storage/storageAccounts")) {
    expect(at(properties, "networkAcls")).toEqual({ bypass: "None", defaultAction: "Deny" });
  }
});

test("each service has a private endpoint", () => {
  expect(endpointsOf(OURS)).toEqual([
    "pimhost-blob: blob of storageAccounts/pimhost",
    "pimhost-table: table of storageAccounts/pimhost",
    "pimdata-blob: blob of storageAccounts/pimdata",
    "pimdata-table: table of storageAccounts/pimdata",
    "pimwatch-events-namespace: namespace of namespaces/pimwatch-events",
    "pimwatch-monitor-azuremonitor: azuremonitor of privateLinkScopes/pimwatch-monitor",
    "pimwatch-sites: sites of sites/pimwatch",
  ]);
  // The network reaches its own scope already; an existing hub gets an endpoint; a public page needs none.
  expect(endpointsOf(EXISTING)).toEqual(endpointsOf(OURS).filter((line) => !line.includes("azuremonitor")));
  expect(endpointsOf(GOVERNMENT)).toEqual(
    endpointsOf(OURS)
      .filter((line) => !line.includes("sites"))
      .map((line) => line.replaceAll("pimwatch-events", "soc-streams")),
  );
});

function endpointsOf(deployment: Variant): string[] {
  return ofType(deployment, ENDPOINTS).map(({ name, properties }) => {
    const connection = at(properties, "privateLinkServiceConnections.0.properties");
    const target = String(at(connection, "privateLinkServiceId")).split("/").slice(-2).map(plain).join("/");
    return `${plain(name)}: ${String(at(connection, "groupIds.0"))} of ${target}`;
  });
}

test("each endpoint's names are in zones that exist and that the network is linked to", () => {
  const zones = ofType(OURS, ZONES);
  const links = ofType(OURS, `${ZONES}/virtualNetworkLinks`);
  const { id: network } = theOne(OURS, "Microsoft.Network/virtualNetworks");

  expect(zones.map(({ name }) => plain(name))).toEqual([
    "privatelink.blob.*",
    "privatelink.table.*",
    "privatelink.*",
    "privatelink.monitor.azure.com",
    "privatelink.oms.opinsights.azure.com",
    "privatelink.ods.opinsights.azure.com",
    "privatelink.agentsvc.azure-automation.net",
    "privatelink.azurewebsites.net",
  ]);
  expect(links).toHaveLength(zones.length);
  for (const { properties } of links) {
    expect(properties).toEqual({ registrationEnabled: false, virtualNetwork: { id: network } });
  }
  expect(zoneGroupsOf(OURS)).toEqual({
    "pimhost-blob": ["blob"],
    "pimhost-table": ["table"],
    "pimdata-blob": ["blob"],
    "pimdata-table": ["table"],
    "pimwatch-events-namespace": ["servicebus"],
    "pimwatch-monitor-azuremonitor": ["monitor", "oms", "ods", "agentsvc", "blob"],
    "pimwatch-sites": ["azurewebsites"],
  });
});

test("existing zones are used where they are, and a policy that writes names is left to it", () => {
  expect(ofType(EXISTING, ZONES)).toEqual([]);
  expect(Object.keys(zoneGroupsOf(EXISTING))).toEqual(ofType(EXISTING, ENDPOINTS).map(({ name }) => plain(name)));
  for (const { properties } of ofType(EXISTING, ZONE_GROUPS)) {
    expect(JSON.stringify(properties)).toContain("33333333-3333-3333-3333-333333333333");
    expect(JSON.stringify(properties)).toContain("rg-dns");
  }
  expect(ofType(GOVERNMENT, ZONES)).toEqual([]);
  expect(ofType(GOVERNMENT, ZONE_GROUPS)).toEqual([]);
});

/** What each endpoint's zones are for. */
function zoneGroupsOf(deployment: Variant): Record<string, string[]> {
  const kinds = ["blob", "table", "servicebus", "monitor", "oms", "ods", "agentsvc", "azurewebsites"];
  const kindOf = (zone: string) => kinds.find((kind) => new RegExp(`privatelink\\.${kind}\\b|'${kind}\\.'`).test(zone));
  return Object.fromEntries(
    ofType(deployment, ZONE_GROUPS).map(({ name, properties }) => {
      const configs = Object.values<unknown>(Object(at(properties, "privateDnsZoneConfigs")));
      const zones = configs.map((config) => kindOf(String(at(config, "properties.privateDnsZoneId"))) ?? "unknown");
      return [plain(name.replace(/\/default$/, "")), zones];
    }),
  );
}

test("the app's subnet is delegated to Flex Consumption, and the endpoints have another", () => {
  const { properties } = theOne(OURS, "Microsoft.Network/virtualNetworks");
  const subnets = Object.values<{ name: string; properties: unknown }>(Object(at(properties, "subnets")));

  expect(subnets.map(({ name, properties: subnet }) => [name, at(subnet, "addressPrefix")])).toEqual([
    ["app", "10.210.7.0/26"],
    ["endpoints", "10.210.7.64/26"],
  ]);
  expect(subnets.map(({ properties: subnet }) => at(subnet, "delegations.0.properties.serviceName"))).toEqual([
    "Microsoft.App/environments",
    undefined,
  ]);
  for (const { name } of subnets) expect(name).not.toContain("_"); // Flex Consumption refuses such a subnet
  expect(subnetsOf(OURS)).toEqual({ app: ["app"], endpoints: ["endpoints"] });
  expect(subnetsOf(EXISTING)).toEqual({ app: ["pimwatch-app"], endpoints: ["endpoints"] });
  expect(ofType(EXISTING, "Microsoft.Network/virtualNetworks")).toEqual([]);
  expect(at(theOne(variant("main"), "Microsoft.Web/sites").properties, "virtualNetworkSubnetId")).toBeFalsy();
});

function subnetsOf(deployment: Variant) {
  const last = (id: unknown) => String(id).split("/").at(-1) ?? "";
  const app = at(theOne(deployment, "Microsoft.Web/sites").properties, "virtualNetworkSubnetId");
  const endpoints = ofType(deployment, ENDPOINTS).map(({ properties }) => last(at(properties, "subnet.id")));
  return { app: [last(app)], endpoints: [...new Set(endpoints)] };
}

describe("Azure Monitor", () => {
  const membersOf = (deployment: Variant) =>
    ofType(deployment, "Microsoft.Insights/privateLinkScopes/scopedResources").map(({ id, properties }) => ({
      scope: plain(id.split("/privateLinkScopes/")[1]?.split("/")[0]),
      member: plain(String(at(properties, "linkedResourceId")).split("/").at(-1)),
    }));

  test("the scope has the workspace, Application Insights and the ingestion endpoint", () => {
    const names = ["pimwatch-insights", "pimwatch-ingestion", "pimwatch-logs"];
    expect(membersOf(OURS)).toEqual(names.map((member) => ({ scope: "pimwatch-monitor", member })));
    expect(membersOf(EXISTING)).toEqual(names.map((member) => ({ scope: "company", member })));
    expect(membersOf(GOVERNMENT).map(({ member }) => member)).toContain("soc-sentinel");
  });

  test("a network of our own reaches nothing else of Azure Monitor, and a scope that exists is not changed", () => {
    expect(at(theOne(OURS, "Microsoft.Insights/privateLinkScopes").properties, "accessModeSettings")).toEqual({
      ingestionAccessMode: "PrivateOnly",
      queryAccessMode: "PrivateOnly",
    });
    expect(ofType(EXISTING, "Microsoft.Insights/privateLinkScopes")).toEqual([]);
  });

  test.each(CLOSED)("$name: rows go to the private endpoint, and the rule has no public one", (deployment) => {
    const rule = theOne(deployment, "Microsoft.Insights/dataCollectionRules");
    const endpoint = theOne(deployment, "Microsoft.Insights/dataCollectionEndpoints");

    expect(rule.kind ?? undefined).toBeUndefined();
    expect(at(rule.properties, "dataCollectionEndpointId")).toBe(endpoint.id);
    expect(endpoint.location).toBe(rule.location);
    expect(JSON.stringify(at(settingsOf(deployment), "LOGS_INGESTION_ENDPOINT"))).toContain(endpoint.name);
  });
});

function settingsOf(deployment: Variant): unknown {
  const config = ofType(deployment, "Microsoft.Web/sites/config").find(({ name }) => name.endsWith("/appsettings"));
  return config?.properties;
}

test("the identity has the same rights in a closed network", () => {
  const withoutSuffix = rightsIn("private").map((right) => ({ ...right, scope: right.scope.replace(/-private$/, "") }));

  expect(withoutSuffix).toEqual(rightsIn("main"));
});

test("in a government cloud nothing names the public cloud", () => {
  const cloud = at(settingsOf(GOVERNMENT), "AZURE_CLOUD");
  // Queries, descriptions and versions are the same everywhere.
  const isText = ([path]: readonly [string, unknown]) => /query|description|serializedData|message/i.test(path);
  const values = GOVERNMENT.resources.flatMap(({ properties }) => paths(properties).filter((each) => !isText(each)));
  const names = [...values.map(([, value]) => String(value)), ...GOVERNMENT.resources.map(({ id }) => id)];

  expect(cloud).toBe("AzureUSGovernment");
  expect(
    names.filter((value) => /\.(azure\.com|windows\.net|azurewebsites\.net|microsoftonline\.com)/.test(value)),
  ).toEqual([]);
});

test("compute is spread over zones if asked for, with two instances that are always ready", () => {
  const planOf = (name: string) => at(theOne(variant(name), "Microsoft.Web/serverfarms").properties, "zoneRedundant");

  expect(planOf("everything")).toBe(true);
  expect(planOf("main")).toBe(false);
});

test("a customer-managed key encrypts blobs and tables of both accounts", () => {
  const accounts = ofType(EXISTING, "Microsoft.Storage/storageAccounts");

  expect(accounts).toHaveLength(2);
  for (const { properties, identity } of accounts) {
    expect(at(properties, "encryption")).toMatchObject({
      keySource: "Microsoft.Keyvault",
      keyvaultproperties: { keyvaulturi: "https://keys.example", keyname: "pimwatch", keyversion: "" },
      services: { blob: { keyType: "Account" }, table: { keyType: "Account" } },
    });
    expect(JSON.stringify(identity)).toContain("storage-keys");
  }
  for (const { properties } of ofType(variant("main"), "Microsoft.Storage/storageAccounts")) {
    expect(at(properties, "encryption")).toBeFalsy();
  }
});

test("alerts check for the workspace's linked storage only if policies demand it", () => {
  const checks = (deployment: Variant) =>
    new Set(ofType(deployment, "Microsoft.Insights/scheduledQueryRules").map(alertCheck));

  expect(checks(EXISTING)).toEqual(new Set([true]));
  expect(checks(OURS)).toEqual(new Set([false]));
});

const alertCheck = ({ properties }: Resource) => at(properties, "checkWorkspaceAlertsStorageConfigured");

test("without privateNetworking there is no network", () => {
  const others = VARIANTS.filter((deployment) => !CLOSED.includes(deployment));

  expect(others.length).toBeGreaterThan(2);
  for (const { resources } of others) {
    expect(
      resources.filter(({ type }) => /Microsoft\.Network|privateLink|dataCollectionEndpoints/i.test(type)),
    ).toEqual([]);
  }
});
