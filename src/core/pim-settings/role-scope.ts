import { additionalDetail, roleOf } from "../event/audit-activity.ts";
import { propertiesOf, text } from "../event/audit-log.ts";
import { type DiagnosticRecord, isRecord } from "../event/event-body.ts";
import { CONTROL_PLANE_AZURE_ROLES, knownRole, type RoleTier } from "./roles.ts";

type ScopeKind = "directory" | "group" | "azure";

/** Whose settings were changed: a directory role, a group's Member or Owner, an Azure role at a scope. */
export interface RoleScope {
  readonly kind: ScopeKind;
  /** The role by its template id where that is known, else as the event names it; "" where it names none. */
  readonly role: string;
  /** Of the list of known roles, or as the event has it; "" where it has none. */
  readonly templateId: string;
  /** Group or path of the Azure scope; "" for a directory role. */
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

/** What else stands beside the group's role in such an event. */
const NO_GROUPS = new Set(["role", "request", "directory", "user", "serviceprincipal"]);

/**
 * Names the role and its scope. Targets are looked up by type, since their order differs between events.
 *
 * @param record an audit record of PIM; of any other, a scope that says as much as it can
 */
export function roleScopeOf(record: DiagnosticRecord): RoleScope {
  const targets = targetsOf(record);
  const category = text(propertiesOf(record)["category"]).toLowerCase();
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
        ? "Microsoft asks to alert on any change to this role."
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
      name.toLowerCase() === role.trim().toLowerCase() || ids.some((given) => given.toLowerCase().endsWith(id)),
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
      ? "Who holds the role can give access to the scope away."
      : unknown
        ? "The event names no role: it may be any."
        : "The role cannot give access to the scope away.",
  };
}

/** A path where any target has one in its id or name, else the name of a target of an Azure type. */
function azureScope(targets: readonly Target[]): string {
  const others = targets.filter(({ type }) => type !== "role").flatMap(({ id, name }) => [id, name]);
  // A role definition's id is a path too: the scope is what it begins with.
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
    type: text(target["type"]).toLowerCase(),
    name: text(target["displayName"]).trim(),
    id: text(target["id"]).trim(),
  }));
}
