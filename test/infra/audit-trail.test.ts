// Who changed or deleted something, and what can be brought back.
import { expect, test } from "vitest";
import { at, ofType, type Variant, variant, VARIANTS } from "./predicted-resources.ts";

const SETTINGS = "Microsoft.Insights/diagnosticSettings";

/** Categories of the audit trail, by the resource they come from, without the unique part of its name. */
function auditTrailOf(deployment: Variant): Record<string, string[]> {
  const settings = ofType(deployment, SETTINGS).filter(({ name }) => name === "audit");
  return Object.fromEntries(
    settings.map(({ id, properties }) => {
      const source = id.split(`/providers/${SETTINGS}/`)[0]?.split("/providers/").at(-1) ?? "";
      const logs = Object.values<{ category?: string; categoryGroup?: string }>(Object(at(properties, "logs")));
      const name = source.replace(/-?[a-z0-9]{13}(?=[-/]|$)/, "").replace(/^Microsoft\.\w+\//, "");
      return [name, logs.map(({ category, categoryGroup }) => category ?? categoryGroup ?? "")];
    }),
  );
}

test("the audit trail has deletions, refused connections, changes of dead letters and sign-ins", () => {
  expect(auditTrailOf(variant("main"))).toEqual({
    "namespaces/pimwatch-events": ["OperationalLogs", "EventHubVNetConnectionEvent"],
    "storageAccounts/pimhost/blobServices/default": ["StorageDelete"],
    "storageAccounts/pimhost/tableServices/default": ["StorageDelete"],
    "storageAccounts/pimdata/blobServices/default": ["StorageDelete", "StorageWrite"],
    "storageAccounts/pimdata/tableServices/default": ["StorageDelete"],
    "sites/pimwatch": ["AppServiceAuthenticationLogs"],
  });
});

test("it can be everything, or nothing; an existing namespace is not ours to log", () => {
  const all = auditTrailOf(variant("everything"));

  expect(Object.keys(all)).toEqual(Object.keys(auditTrailOf(variant("main"))));
  expect(new Set(Object.values(all).flat())).toEqual(new Set(["allLogs"]));
  expect(auditTrailOf(variant("cheapest"))).toEqual({});
  expect(Object.keys(auditTrailOf(variant("existing")))).toEqual(
    Object.keys(auditTrailOf(variant("main"))).filter((name) => !name.startsWith("namespaces/")),
  );
});

test("overwritten dead letters can be restored as long as deleted ones; the host's checkpoints make no versions", () => {
  for (const deployment of VARIANTS) {
    const versions = ofType(deployment, "Microsoft.Storage/storageAccounts/blobServices").map(
      ({ name, properties }) => [name.slice(0, 7), at(properties, "isVersioningEnabled")] as const,
    );
    expect(Object.fromEntries(versions), deployment.name).toEqual({ pimhost: false, pimdata: true });

    const [policy, ...others] = ofType(deployment, "Microsoft.Storage/storageAccounts/managementPolicies");
    expect(others).toEqual([]);
    expect(policy?.name).toMatch(/^pimdata\w+\/default$/);
    expect(at(policy?.properties, "policy.rules.0.definition.actions")).toEqual({
      version: { delete: { daysAfterCreationGreaterThan: 14 } },
    });
  }
});

test("a lock keeps the incidents' account, if it is asked for", () => {
  const locks = (name: string) =>
    ofType(variant(name), "Microsoft.Authorization/locks").map(({ id, properties }) => ({
      on: id.split("/").at(-5)?.slice(0, 7),
      level: at(properties, "level"),
    }));

  expect(locks("everything")).toEqual([{ on: "pimdata", level: "CanNotDelete" }]);
  expect(locks("main")).toEqual([]);
});
