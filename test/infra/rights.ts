import { at, ofType, variant } from "./predicted-resources.ts";

/** https://learn.microsoft.com/azure/role-based-access-control/built-in-roles */
const ROLES: Readonly<Record<string, string>> = {
  "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
  "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
  "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
  "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
  "76199698-9eea-4c19-bc75-cec21354c6b6": "Storage Table Data Reader",
  "a638d3c7-ab3a-418d-83e6-5f17a39d4fde": "Azure Event Hubs Data Receiver",
  "2b629674-e913-4c01-ae53-ef4638d8f975": "Azure Event Hubs Data Sender",
  "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
};

export interface Right {
  /** Type and name of the scope, without the unique part of the name. */
  readonly scope: string;
  readonly role: string;
  readonly principalType: string;
}

/** The role assignments of a variant. */
export function rightsIn(name: string): Right[] {
  return ofType(variant(name), "Microsoft.Authorization/roleAssignments").map(({ id, properties }) => {
    const scope = id.split("/providers/Microsoft.Authorization/")[0]?.split("/").slice(-2).join("/") ?? "";
    const roleId = String(at(properties, "roleDefinitionId")).split("/").at(-1) ?? "";
    return {
      scope: scope.replace(/-?[a-z0-9]{13}(?=-|$)/, ""),
      role: ROLES[roleId] ?? `unknown role ${roleId}`,
      principalType: String(at(properties, "principalType")),
    };
  });
}
