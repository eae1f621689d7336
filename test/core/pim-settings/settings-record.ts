import type { DiagnosticRecord } from "../../../src/core/event/event-body.ts";
import type { Json } from "../../../src/kql/run/values.ts";

interface Overrides {
  readonly operationName?: string;
  readonly resultDescription?: string;
  readonly properties?: { readonly [key: string]: Json };
}

export const GLOBAL_ADMINISTRATOR: Json = {
  id: "7a6b5c4d-3e2f-4102-9384-756473829100",
  displayName: "Global Administrator",
  type: "Role",
  modifiedProperties: [
    { displayName: "TemplateId", oldValue: '""', newValue: '"62e90394-69f5-4237-9190-012177145e10"' },
  ],
};

/** The record of a PIM settings change on Global Administrator, unless overridden. */
export function settingsRecord(resultReason: Json, overrides: Overrides = {}): DiagnosticRecord {
  return {
    time: "2026-03-04T09:12:41.7904180Z",
    category: "AuditLogs",
    operationName: "Update role setting in PIM",
    tenantId: "aaaaaaaa-1111-4222-8333-444444444444",
    ...overrides,
    properties: {
      id: "PIM_1f2e3d4c-5b6a-4978-8a9b-0c1d2e3f4a5b_aaaaaaaa-1111-4222-8333-444444444444_134331936526770240",
      category: "RoleManagement",
      result: "success",
      resultReason,
      activityDateTime: "2026-03-04T09:12:41.790418+00:00",
      initiatedBy: {
        user: {
          id: "0b1c2d3e-4f50-4617-8283-94a5b6c7d8e9",
          displayName: "Alex Rivera",
          userPrincipalName: "alex.rivera@fabrikam.example",
        },
      },
      targetResources: [GLOBAL_ADMINISTRATOR],
      additionalDetails: [{ key: "ipaddr", value: "203.0.113.24" }],
      ...overrides.properties,
    },
  };
}
