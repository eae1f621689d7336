import { additionalDetail, roleOf } from "../event/audit-activity.ts";
import { propertiesOf } from "../event/audit-log.ts";
import { valueText } from "../value-text.ts";
import { type DiagnosticRecord, isRecord } from "../event/event-body.ts";
import type { RoleTier } from "./role-tiers.ts";
import { CONTROL_PLANE_AZURE_ROLES, knownRole } from "./roles.ts";

type ScopeKind = "directory" | "group" | "azure";

/** The role whose settings were changed: a directory role, a group's Member or Owner, or an Azure role at a scope. */
export interface RoleScope {
  readonly kind: ScopeKind;
  /** Name of the role with that template id, if known, or the name in the event; "" if there is none. */
  readonly role: string;
  /** From the list of known roles, or from the event; "" if it has none. */
  readonly templateId: string;
  /** The group, or the path of the Azure scope; "" for a directory role. */
  readonly scope: string;
  /** `Global Administrator`, `Member of group X`, `Owner on /subscriptions/…`; never empty. */
  readonly label: string;
  readonly tier: RoleTier;
  readonly highlyPrivileged: boolean;
  /** Why it has this tier, in plain words. */
  readonly tierReason: string;
}

interface Target {
  readonly type: string;
  readonly name: string;
  readonly id: string;
}

const AZURE_SCOPE = /^\/(?:subscriptions\/|providers\/microsoft\.management\/managementgroups\/)/i;
const AZURE_TYPES = new Set(["subscription", "resourcegroup", "managementgroup", "resource"]);

/** Other types of targets in an event about a group's role. */
const NO_GROUPS = new Set(["role", "request", "directory", "user", "serviceprincipal"]);

/**
 * Finds the role and its scope. Targets are found by type, since their order varies between events.
 *
 * @param record an audit record of PIM; for any other record the scope is as complete as possible
 */
export function roleScopeOf(record: DiagnosticRecord): RoleScope {
  const targets = targetsOf(record);
  const category = valueText(propertiesOf(record)["category"]).toLowerCase();
  const group =
    targets.find(({ type }) => type === "group") ??
    (category === "groupmanagement"
      ? targets.find(({ type, name }) => !NO_GROUPS.has(type) && name !== "")
      : undefined);
  const azure = azureScope(targets);
  const role = roleOf(record);
  if (azure !== "" && category !== "groupmanagement" && category !== "rolemanagement") {
    return azureRole(role.name, [role.id, role.templateId], azure);
  }
  if (category === "groupmanagement" || (group !== undefined && category !== "rolemanagement")) {
    return groupRole(role.name, group);
  }
  if (category === "resourcemanagement") return azureRole(role.name, [role.id, role.templateId], "");
  return directoryRole(record, role.name, [role.templateId, role.id]);
}

function directoryRole(record: DiagnosticRecord, name: string, ids: readonly string[]): RoleScope {
  const all = [...ids, additionalDetail(record, "RoleDefinitionOriginId")];
  const found = knownRole(all, name);
  const common = { kind: "directory", scope: "" } as const;
  if (found !== undefined) {
    const { name: role, templateId, tier, highlyPrivileged } = found;
    const tierReason =
      tier === "critical"
        ? "Microsoft recommends an alert on any change to this role."
        : "The role is on the list of highly privileged and control plane roles.";
    return { ...common, role, templateId, label: role, tier, highlyPrivileged, tierReason };
  }
  const templateId = ids[0] ?? "";
  if (name === "" && all.every((id) => id === "")) {
    const tierReason = "The event names no role: it may be any.";
    return {
      ...common,
      role: "",
      templateId,
      label: "an unnamed role",
      tier: "controlPlane",
      highlyPrivileged: false,
      tierReason,
    };
  }
  const label = name || `role ${all.find((id) => id !== "") ?? ""}`;
  const tierReason = "The role is not on the list of highly privileged and control plane roles.";
  return { ...common, role: name, templateId, label, tier: "standard", highlyPrivileged: false, tierReason };
}

function groupRole(role: string, group: Target | undefined): RoleScope {
  const scope = group?.name || group?.id || "";
  const named = scope === "" ? "an unnamed group" : `group ${scope}`;
  return {
    kind: "group",
    role,
    templateId: "",
    scope,
    label: role === "" ? named : `${role} of ${named}`,
    tier: "controlPlane",
    highlyPrivileged: false,
    tierReason: "The event does not say which roles the group holds: it may be any.",
  };
}

function azureRole(role: string, ids: readonly string[], scope: string): RoleScope {
  const isControlPlane = CONTROL_PLANE_AZURE_ROLES.some(
    ({ name, id }) =>
      name.toLowerCase() === role.trim().toLowerCase() || ids.some((roleId) => roleId.toLowerCase().endsWith(id)),
  );
  const where = scope === "" ? "an unnamed Azure scope" : scope;
  const unknown = role === "" && ids.every((id) => id === "");
  return {
    kind: "azure",
    role,
    templateId: "",
    scope,
    label: role === "" ? where : `${role} on ${where}`,
    tier: isControlPlane || unknown ? "controlPlane" : "standard",
    highlyPrivileged: false,
    tierReason: isControlPlane
      ? "A holder of the role can give others access to the scope."
      : unknown
        ? "The event names no role: it may be any."
        : "The role cannot give others access to the scope.",
  };
}

/** The first path in an id or name of a target, or else the name of a target of an Azure type. */
function azureScope(targets: readonly Target[]): string {
  const others = targets.filter(({ type }) => type !== "role").flatMap(({ id, name }) => [id, name]);
  // The id of a role definition is a path too, which begins with the scope.
  const definitions = targets.map(({ id }) => id.replace(/\/providers\/microsoft\.authorization\/.*$/is, ""));
  const path = [...others, ...definitions].find((candidate) => AZURE_SCOPE.test(candidate));
  if (path !== undefined) return path;
  const target = targets.find(({ type }) => AZURE_TYPES.has(type));
  if (target === undefined) return "";
  if (target.type === "subscription" && /^[0-9a-f-]{36}$/i.test(target.id)) return `/subscriptions/${target.id}`;
  return `${target.type} ${target.name || target.id}`.trim();
}

function targetsOf(record: DiagnosticRecord): Target[] {
  const all = propertiesOf(record)["targetResources"];
  if (!Array.isArray(all)) return [];
  return all.filter(isRecord).map((target) => ({
    type: valueText(target["type"]).toLowerCase(),
    name: valueText(target["displayName"]).trim(),
    id: valueText(target["id"]).trim(),
  }));
}
