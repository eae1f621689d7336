/** The roles that a requirement covers. `privileged`: CISA's highly privileged roles. */
export type BaselineScope = "all" | "privileged" | "globalAdministrator" | "privilegedRoleAdministrator" | "others";

/** A published requirement on role settings. */
export interface Baseline {
  readonly id: string;
  readonly link: string;
}

interface ScopedBaseline extends Baseline {
  readonly scope: BaselineScope;
}

const SCUBA = "https://github.com/cisagov/ScubaGear/blob/main/PowerShell/ScubaGear/baselines/aad.md";
const CIS = "https://www.cisecurity.org/benchmark/microsoft_365";

/** The published requirements that a setting can violate, each with the roles that it covers. */
const BASELINES = {
  secOps: {
    id: "Microsoft SecOps guide for PIM",
    link: "https://learn.microsoft.com/entra/architecture/security-operations-privileged-identity-management",
    scope: "all",
  },
  pimSettings: {
    id: "Microsoft PIM role settings",
    link: "https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-how-to-change-default-settings",
    scope: "all",
  },
  pimMfaAlert: {
    id: "Microsoft PIM alert: no MFA on activation",
    link: "https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-how-to-configure-security-alerts",
    scope: "all",
  },
  cisa74: { id: "CISA MS.AAD.7.4", link: `${SCUBA}#msaad74v1`, scope: "privileged" },
  cisa76: { id: "CISA MS.AAD.7.6", link: `${SCUBA}#msaad76v1`, scope: "globalAdministrator" },
  cisa77: { id: "CISA MS.AAD.7.7", link: `${SCUBA}#msaad77v1`, scope: "privileged" },
  cisa78: { id: "CISA MS.AAD.7.8", link: `${SCUBA}#msaad78v1`, scope: "globalAdministrator" },
  cisa79: { id: "CISA MS.AAD.7.9", link: `${SCUBA}#msaad79v1`, scope: "others" },
  cis534: { id: "CIS Microsoft 365 5.3.4", link: CIS, scope: "globalAdministrator" },
  cis535: { id: "CIS Microsoft 365 5.3.5", link: CIS, scope: "privilegedRoleAdministrator" },
  cippFloor: { id: "CIPP PIM settings floor", link: "https://github.com/KelvinTegelaar/CIPP-API", scope: "all" },
} as const satisfies Readonly<Record<string, ScopedBaseline>>;

export type BaselineKey = keyof typeof BASELINES;

const SCOPES: ReadonlyMap<string, BaselineScope> = new Map(
  Object.values(BASELINES).map(({ id, scope }) => [id, scope]),
);

export function baseline(key: BaselineKey): Baseline {
  const { id, link } = BASELINES[key];
  return { id, link };
}

/** The roles that a baseline covers; all roles if it is not in this table. */
export function scopeOfBaseline(id: string): BaselineScope {
  return SCOPES.get(id) ?? "all";
}
