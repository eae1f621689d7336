import type { RoleTier } from "./role-tiers.ts";
import privilegedRoles from "../entra-lists/privileged-roles.json" with { type: "json" };

export interface KnownRole {
  readonly name: string;
  /** The same in all tenants. */
  readonly templateId: string;
  readonly tier: Exclude<RoleTier, "standard">;
  /** Among CISA's highly privileged roles. */
  readonly highlyPrivileged: boolean;
  /** Its name in Graph or older portals. */
  readonly formerly: string | undefined;
}

/**
 * Control plane roles that `privileged-roles.json` does not have, by template id, each with its source:
 * [CISA](https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/aad.md#highly-privileged-roles),
 * [known paths to Global Administrator](https://github.com/emiliensocchi/azure-tiering), or Microsoft's label in the role's
 * own page, which is newer than the list.
 */
const UNLABELLED: Readonly<Record<string, string>> = {
  "f28a1f50-f6e7-4571-818b-6a12f2af6b6c": "SharePoint Administrator", // CISA
  "29232cdf-9323-42fd-ade2-1d097af3e4de": "Exchange Administrator", // CISA
  "0526716b-113d-4c15-b2c8-68e3c22b9f80": "Authentication Policy Administrator", // path
  "d29b2b05-8046-44ba-8758-1e26182fcf32": "Directory Synchronization Accounts", // path
  "fdd7a751-b60b-444a-984c-02652fe8fa1c": "Groups Administrator", // path
  "58f930cc-fcf4-4152-852c-1d7dbf502139": "Entra SOC Identity Responder", // label, entra-docs a9a9bab5
};

/**
 * Global Administrator and Privileged Role Administrator. Microsoft: "always alert for any changes" to these two.
 * https://learn.microsoft.com/entra/architecture/security-operations-privileged-identity-management
 */
const CRITICAL: ReadonlySet<string> = new Set([
  "62e90394-69f5-4237-9190-012177145e10",
  "e8611ab8-c189-46e8-94e1-60213ab1f814",
]);

/** CISA's list of highly privileged roles. */
const HIGHLY_PRIVILEGED: ReadonlySet<string> = new Set([
  ...CRITICAL,
  "fe930be7-5e62-47db-91af-98c3a49a38b1", // User Administrator
  "f28a1f50-f6e7-4571-818b-6a12f2af6b6c", // SharePoint Administrator
  "29232cdf-9323-42fd-ade2-1d097af3e4de", // Exchange Administrator
  "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2", // Hybrid Identity Administrator
  "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", // Application Administrator
  "158c047a-c907-4556-b7ef-446551a6b5f7", // Cloud Application Administrator
]);

const FORMER_NAMES: Readonly<Record<string, string>> = {
  "62e90394-69f5-4237-9190-012177145e10": "Company Administrator",
  "fe930be7-5e62-47db-91af-98c3a49a38b1": "User Account Administrator",
  "f28a1f50-f6e7-4571-818b-6a12f2af6b6c": "SharePoint Service Administrator",
  "29232cdf-9323-42fd-ade2-1d097af3e4de": "Exchange Service Administrator",
  "3a2c62db-5318-420d-8d74-23affee5d9d5": "Intune Service Administrator",
};

/** The directory roles with Microsoft's label PRIVILEGED, and those with another reason to count as control plane. */
export const KNOWN_ROLES: readonly KnownRole[] = Object.entries({ ...UNLABELLED, ...privilegedRoles.roles }).map(
  ([templateId, name]) => ({
    name,
    templateId,
    tier: CRITICAL.has(templateId) ? "critical" : "controlPlane",
    highlyPrivileged: HIGHLY_PRIVILEGED.has(templateId),
    formerly: FORMER_NAMES[templateId],
  }),
);

/** Azure roles that can give others access. Microsoft's SecOps guide names the first two. */
export const CONTROL_PLANE_AZURE_ROLES: readonly { readonly name: string; readonly id: string }[] = [
  { name: "Owner", id: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635" },
  { name: "User Access Administrator", id: "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9" },
  { name: "Role Based Access Control Administrator", id: "f58310d9-a9f6-439a-9e8d-f62e7b41a168" },
];

/**
 * Finds a role of the list by one of the ids, or else by name, ignoring case. A name is enough: an event without a template
 * id must not lower the tier of Global Administrator.
 */
export function knownRole(ids: readonly string[], name: string): KnownRole | undefined {
  const wanted = new Set(ids.map((id) => id.trim().toLowerCase()));
  const named = name.trim().toLowerCase();
  return (
    KNOWN_ROLES.find(({ templateId }) => wanted.has(templateId)) ??
    KNOWN_ROLES.find((role) => role.name.toLowerCase() === named || role.formerly?.toLowerCase() === named)
  );
}
