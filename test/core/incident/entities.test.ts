import { expect, test } from "vitest";
import { entitiesOf } from "../../../src/core/incident/entities.ts";
import type { Json } from "../../../src/kql/run/values.ts";
import { CHANGES_TO_PIM_SETTINGS } from "../../shipped-rule.ts";

const columns = (overrides: Record<string, Json> = {}): Map<string, Json> =>
  new Map<string, Json>(
    Object.entries({
      InitiatingUserPrincipalName: "alex@fabrikam.example",
      InitiatingAccountName: "alex",
      InitiatingAccountUPNSuffix: "fabrikam.example",
      InitiatingAadUserId: "u-1",
      InitiatingIPAddress: "192.0.2.7",
      ...overrides,
    }),
  );

test.each<{ why: string; overrides: Record<string, Json>; entities: unknown[] }>([
  {
    why: "two accounts and an address, each as the rule maps it",
    overrides: {},
    entities: [
      { $id: "1", Type: "account", FullName: "alex@fabrikam.example", Name: "alex", UPNSuffix: "fabrikam.example" },
      { $id: "2", Type: "account", AadUserId: "u-1" },
      { $id: "3", Type: "ip", Address: "192.0.2.7" },
    ],
  },
  {
    why: "an entity without any identifier is left out",
    overrides: { InitiatingAadUserId: "" },
    entities: [
      { $id: "1", Type: "account", FullName: "alex@fabrikam.example", Name: "alex", UPNSuffix: "fabrikam.example" },
      { $id: "2", Type: "ip", Address: "192.0.2.7" },
    ],
  },
  {
    why: "an identifier without a value is left out",
    overrides: { InitiatingAccountUPNSuffix: null, InitiatingIPAddress: null, InitiatingAadUserId: 17 },
    entities: [
      { $id: "1", Type: "account", FullName: "alex@fabrikam.example", Name: "alex" },
      { $id: "2", Type: "account", AadUserId: "17" },
    ],
  },
])("$why", ({ overrides, entities }) => {
  expect(entitiesOf(CHANGES_TO_PIM_SETTINGS.entityMappings, columns(overrides))).toEqual(entities);
});

test("a column that is not in the result makes no entity", () => {
  expect(entitiesOf(CHANGES_TO_PIM_SETTINGS.entityMappings, new Map())).toEqual([]);
});
