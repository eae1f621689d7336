/**
 * The power of a role. `critical`: any change of its settings needs an alert, in either direction. `controlPlane`: has, or
 * may have, a path to the whole tenant. `standard`: any other.
 */
export type RoleTier = "critical" | "controlPlane" | "standard";

export interface KnownRole {
  readonly name: string;
  /** The same in all tenants. */
  readonly templateId: string;
  readonly tier: "critical" | "controlPlane";
  /** Among CISA's highly privileged roles. */
  readonly highlyPrivileged: boolean;
  readonly source: RoleSource;
  /** Its name in Graph or older portals. */
  readonly formerly?: string;
}

/** Why a role is in the list. */
const ROLE_SOURCES = {
  secOps: "https://learn.microsoft.com/entra/architecture/security-operations-privileged-identity-management",
  cisa: "https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/aad.md#highly-privileged-roles",
  privilegedLabel: "https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference",
  attackPaths: "https://github.com/emiliensocchi/azure-tiering",
} as const;
type RoleSource = keyof typeof ROLE_SOURCES;

type Row = readonly [name: string, templateId: string, source: RoleSource, formerly?: string];

/** Microsoft: "always alert for any changes" to these two. */
const CRITICAL: readonly Row[] = [
  ["Global Administrator", "62e90394-69f5-4237-9190-012177145e10", "secOps", "Company Administrator"],
  ["Privileged Role Administrator", "e8611ab8-c189-46e8-94e1-60213ab1f814", "secOps"],
];

/** The other roles of CISA's list of highly privileged roles. */
const HIGHLY_PRIVILEGED: readonly Row[] = [
  ["User Administrator", "fe930be7-5e62-47db-91af-98c3a49a38b1", "cisa", "User Account Administrator"],
  ["SharePoint Administrator", "f28a1f50-f6e7-4571-818b-6a12f2af6b6c", "cisa", "SharePoint Service Administrator"],
  ["Exchange Administrator", "29232cdf-9323-42fd-ade2-1d097af3e4de", "cisa", "Exchange Service Administrator"],
  ["Hybrid Identity Administrator", "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2", "cisa"],
  ["Application Administrator", "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "cisa"],
  ["Cloud Application Administrator", "158c047a-c907-4556-b7ef-446551a6b5f7", "cisa"],
];

/*
 * Roles that Microsoft labels privileged, or that have a known path to Global Administrator. Reader roles and roles of a
 * single service are left out: a change there is also an incident, but with a lower priority.
 */
const CONTROL_PLANE: readonly Row[] = [
  ["Privileged Authentication Administrator", "7be44c8a-adaf-4e2a-84d6-ab2649e08a13", "privilegedLabel"],
  ["Security Administrator", "194ae4cb-b126-40b2-bd5b-6091b380977d", "secOps"],
  ["Conditional Access Administrator", "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9", "privilegedLabel"],
  ["Authentication Administrator", "c4e39bd9-1100-46d3-8c65-fb160da0071f", "privilegedLabel"],
  ["Authentication Extensibility Administrator", "25a516ed-2fa0-40ea-a2d0-12923a21473a", "privilegedLabel"],
  ["Authentication Policy Administrator", "0526716b-113d-4c15-b2c8-68e3c22b9f80", "attackPaths"],
  ["Directory Synchronization Accounts", "d29b2b05-8046-44ba-8758-1e26182fcf32", "attackPaths"],
  ["Directory Writers", "9360feb5-f418-4baa-8175-e2a00bac4301", "privilegedLabel"],
  ["Domain Name Administrator", "8329153b-31d0-4727-b945-745eb3bc5f31", "privilegedLabel"],
  ["External Identity Provider Administrator", "be2f45a1-457d-42af-a067-6ec1fa63bc45", "privilegedLabel"],
  ["Groups Administrator", "fdd7a751-b60b-444a-984c-02652fe8fa1c", "attackPaths"],
  ["Helpdesk Administrator", "729827e3-9c14-49f7-bb1b-9608f156bbb8", "privilegedLabel"],
  ["Identity Governance Administrator", "45d8d3c5-c802-45c6-b32a-1d70b5e1e86e", "attackPaths"],
  ["Intune Administrator", "3a2c62db-5318-420d-8d74-23affee5d9d5", "privilegedLabel", "Intune Service Administrator"],
  ["Lifecycle Workflows Administrator", "59d46f88-662b-457b-bceb-5c3809e5908f", "privilegedLabel"],
  ["Partner Tier1 Support", "4ba39ca4-527c-499a-b93d-d9b492c50246", "privilegedLabel"],
  ["Partner Tier2 Support", "e00e864a-17c5-4a4b-9c06-f5b95a8d5bd8", "privilegedLabel"],
  ["Password Administrator", "966707d0-3269-4727-9be2-8c3a10f19b9d", "privilegedLabel"],
];

/** The most important directory roles, in order of importance. */
export const KNOWN_ROLES: readonly KnownRole[] = [
  ...CRITICAL.map((row) => known(row, "critical", true)),
  ...HIGHLY_PRIVILEGED.map((row) => known(row, "controlPlane", true)),
  ...CONTROL_PLANE.map((row) => known(row, "controlPlane", false)),
];

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

function known(
  [name, templateId, source, formerly]: Row,
  tier: KnownRole["tier"],
  highlyPrivileged: boolean,
): KnownRole {
  return { name, templateId, tier, highlyPrivileged, source, ...(formerly === undefined ? {} : { formerly }) };
}
