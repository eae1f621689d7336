/*
 * The invented tenant of all samples. Names and addresses are reserved (RFC 2606, RFC 5737); the template ids of the
 * roles are Microsoft's real, public ones.
 */

export const TENANT_ID = "aaaaaaaa-1111-4222-8333-444444444444";
export const TENANT_NAME = "Fabrikam";

/** Microsoft's template ids of directory roles. https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference */
export const ROLE_TEMPLATES = {
  "Global Administrator": "62e90394-69f5-4237-9190-012177145e10",
  "Privileged Role Administrator": "e8611ab8-c189-46e8-94e1-60213ab1f814",
  "Security Administrator": "194ae4cb-b126-40b2-bd5b-6091b380977d",
  "User Administrator": "fe930be7-5e62-47db-91af-98c3a49a38b1",
  "Exchange Administrator": "29232cdf-9323-42fd-ade2-1d097af3e4de",
  "SharePoint Administrator": "f28a1f50-f6e7-4571-818b-6a12f2af6b6c",
  "Application Administrator": "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
  "Cloud Application Administrator": "158c047a-c907-4556-b7ef-446551a6b5f7",
  "Hybrid Identity Administrator": "8ac3fc64-6eca-42ea-9e69-59f4c7b60eb2",
  "Conditional Access Administrator": "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9",
  "Reports Reader": "4a5d8f65-41da-4de4-8968-e035b65339cf",
} as const;

export type RoleName = keyof typeof ROLE_TEMPLATES;

/** Who made a change, as `initiatedBy` and the details beside it describe them. */
export type Actor =
  | {
      readonly kind: "user";
      readonly id: string;
      readonly displayName: string | null;
      readonly userPrincipalName: string | null;
      /** `initiatedBy.user.ipAddress`, which the rule maps. */
      readonly ipAddress: string | null;
      /** `ipaddr` in additionalDetails: the address in the actor's token. */
      readonly tokenAddress?: string;
    }
  | { readonly kind: "app"; readonly servicePrincipalId: string; readonly displayName: string };

/** A change made in the portal: no address in `initiatedBy`, one in the details. */
export const ALEX = {
  kind: "user",
  id: "0b1c2d3e-4f50-4617-8283-94a5b6c7d8e9",
  displayName: "Alex Rivera",
  userPrincipalName: "alex.rivera@fabrikam.example",
  ipAddress: null,
  tokenAddress: "203.0.113.24",
} as const satisfies Actor;

export const SAM = {
  kind: "user",
  id: "1c2d3e4f-5061-4728-9394-a5b6c7d8e9f0",
  displayName: "Sam Okafor",
  userPrincipalName: "sam.okafor@fabrikam.example",
  ipAddress: "198.51.100.77",
  tokenAddress: "198.51.100.77",
} as const satisfies Actor;

export const BREAK_GLASS = {
  kind: "user",
  id: "2d3e4f50-6172-4839-a4a5-b6c7d8e9f0a1",
  displayName: "Break Glass 1",
  userPrincipalName: "breakglass1@fabrikam.example",
  ipAddress: "192.0.2.200",
  tokenAddress: "192.0.2.200",
} as const satisfies Actor;

/** A service principal that manages role settings as code, like EasyPIM or Terraform. */
export const PIM_AUTOMATION = {
  kind: "app",
  servicePrincipalId: "3e4f5061-7283-494a-b5b6-c7d8e9f0a1b2",
  displayName: "pim-automation",
} as const satisfies Actor;

/** PIM itself, which has neither a sign-in name nor an address. */
export const PIM_SERVICE = {
  kind: "user",
  id: "4f506172-8394-4a5b-86c7-d8e9f0a1b2c3",
  displayName: "Azure AD PIM",
  userPrincipalName: null,
  ipAddress: null,
} as const satisfies Actor;

export interface Employee {
  readonly id: string;
  readonly displayName: string;
  readonly userPrincipalName: string;
}

export const EMPLOYEES: readonly Employee[] = [
  {
    id: "50617283-94a5-4b6c-97d8-e9f0a1b2c3d4",
    displayName: "Dana Kowalski",
    userPrincipalName: "dana.kowalski@fabrikam.example",
  },
  {
    id: "61728394-a5b6-4c7d-a8e9-f0a1b2c3d4e5",
    displayName: "Noor Haddad",
    userPrincipalName: "noor.haddad@fabrikam.example",
  },
  {
    id: "728394a5-b6c7-4d8e-b9f0-a1b2c3d4e5f6",
    displayName: "Jun Tanaka",
    userPrincipalName: "jun.tanaka@fabrikam.example",
  },
  {
    id: "8394a5b6-c7d8-4e9f-8a01-b2c3d4e5f607",
    displayName: "Émile Fournier",
    userPrincipalName: "emile.fournier@fabrikam.example",
  },
  {
    id: "94a5b6c7-d8e9-4f0a-9b12-c3d4e5f60718",
    displayName: "Priya Nair",
    userPrincipalName: "priya.nair@fabrikam.example",
  },
];

export const OFFICE_ADDRESSES = ["203.0.113.24", "203.0.113.25", "198.51.100.77", "192.0.2.14"] as const;
