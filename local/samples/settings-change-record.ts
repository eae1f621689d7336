import { auditRecord, type SampleRecord } from "./audit-record.ts";
import type { Chance } from "./chance.ts";
import type { SettingsChange } from "./settings-changes.ts";
import { ROLE_TEMPLATES, TENANT_ID, TENANT_NAME, type Actor, type RoleName } from "./tenant.ts";

/** The event that PIM writes when somebody saves the settings of a role. */
export function settingsChangeRecord(change: SettingsChange, role: RoleName, time: Date, draw: Chance): SampleRecord {
  const record = auditRecord(
    {
      operationName: "Update role setting in PIM",
      category: "RoleManagement",
      service: "PIM",
      operationType: "Update",
      by: change.by,
      result: change.result ?? "success",
      reason: change.reason,
      targets: roleTargets(role, draw),
      details: [{ key: "AuditType", value: "UpdatePolicy" }, ...roleDetails(role), ...actorDetails(change.by)],
    },
    time,
    draw,
  );
  return {
    ...record,
    ...change.record,
    properties: { ...record.properties, ...change.properties },
  };
}

/** The targets of a PIM event about a directory role, in the order of exports. */
export function roleTargets(role: RoleName, draw: Chance, member?: { id: string; displayName: string }): object[] {
  const template = ROLE_TEMPLATES[role];
  const property = (displayName: string, value: string) => ({
    displayName,
    oldValue: '""',
    newValue: JSON.stringify(value),
  });
  return [
    {
      id: draw.guid(),
      displayName: role,
      type: "Role",
      modifiedProperties: [
        property("RoleDefinitionOriginId", template),
        property("RoleDefinitionOriginType", "BuiltInRole"),
        property("TemplateId", template),
      ],
      administrativeUnits: [],
    },
    { id: draw.guid(), type: "Request", administrativeUnits: [] },
    ...(member ? [{ ...member, type: "User", administrativeUnits: [] }] : []),
    { id: TENANT_ID, displayName: TENANT_NAME, type: "Directory", administrativeUnits: [] },
    { id: draw.guid(), type: "Other", administrativeUnits: [] },
  ];
}

export function roleDetails(role: RoleName): { key: string; value: string }[] {
  return [
    { key: "RoleDefinitionOriginId", value: ROLE_TEMPLATES[role] },
    { key: "RoleDefinitionOriginType", value: "BuiltInRole" },
    { key: "TemplateId", value: ROLE_TEMPLATES[role] },
  ];
}

/** Details from the actor's token; none for an app. */
export function actorDetails(actor: Actor): { key: string; value: string }[] {
  if (actor.kind === "app") return [];
  return [
    { key: "oid", value: actor.id },
    { key: "tid", value: TENANT_ID },
    { key: "wids", value: `${ROLE_TEMPLATES["Privileged Role Administrator"]},${ROLE_TEMPLATES["Reports Reader"]}` },
    ...(actor.tokenAddress === undefined ? [] : [{ key: "ipaddr", value: actor.tokenAddress }]),
    { key: "UserAgent", value: "Mozilla/5.0" },
  ];
}
