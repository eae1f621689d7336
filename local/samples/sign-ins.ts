import { sevenDigits, type SampleRecord } from "./audit-record.ts";
import type { Chance } from "./chance.ts";
import { EMPLOYEES, OFFICE_ADDRESSES, TENANT_ID } from "./tenant.ts";

/** Categories that share the hub with AuditLogs, listed as often as they are drawn. */
const CATEGORIES = [
  "NonInteractiveUserSignInLogs",
  "NonInteractiveUserSignInLogs",
  "NonInteractiveUserSignInLogs",
  "SignInLogs",
  "SignInLogs",
  "ManagedIdentitySignInLogs",
  "ServicePrincipalSignInLogs",
  "ProvisioningLogs",
] as const;

const APPS = [
  { id: "04b07795-8ddb-461a-bbee-02f9e1bf7b46", name: "Microsoft Azure CLI" },
  { id: "1fec8e78-bce4-4aaf-ab1b-5451cc387264", name: "Microsoft Teams" },
  { id: "c44b4083-3bb0-49c1-b47d-974e53cbdf3c", name: "Azure Portal" },
] as const;

/** A random record of another category. It can never match a rule on AuditLogs. */
export function otherCategoryRecord(time: Date, draw: Chance): SampleRecord {
  const category = draw.pick(CATEGORIES);
  const correlationId = draw.guid();
  const address = draw.pick(OFFICE_ADDRESSES);
  return {
    time: sevenDigits(time, draw),
    resourceId: `/tenants/${TENANT_ID}/providers/Microsoft.aadiam`,
    operationName: category === "ProvisioningLogs" ? "Provisioning activity" : "Sign-in activity",
    operationVersion: "1.0",
    category,
    tenantId: TENANT_ID,
    resultType: "0",
    resultSignature: "SUCCESS",
    durationMs: 0,
    callerIpAddress: address,
    correlationId,
    Level: 4,
    properties: { id: draw.guid(), correlationId, ...details(category, { time, address }, draw) },
  };
}

function details(category: (typeof CATEGORIES)[number], at: { time: Date; address: string }, draw: Chance): object {
  const createdDateTime = `${at.time.toISOString().slice(0, 19)}+00:00`;
  const app = draw.pick(APPS);
  if (category === "ProvisioningLogs") {
    return {
      activityDateTime: createdDateTime,
      provisioningAction: "update",
      provisioningStatusInfo: { status: "success" },
      servicePrincipal: { id: draw.guid(), name: "HR connector" },
      durationInMilliseconds: draw.between(40, 2_000),
    };
  }
  if (category === "ManagedIdentitySignInLogs" || category === "ServicePrincipalSignInLogs") {
    return {
      createdDateTime,
      ipAddress: category === "ManagedIdentitySignInLogs" ? "" : at.address,
      servicePrincipalName: "nightly-backup",
      servicePrincipalId: draw.guid(),
      appId: draw.guid(),
      resourceDisplayName: "Azure Storage",
      status: { errorCode: 0 },
      // Real scopes contain the rule's category as a word, so a search for that word alone finds too much.
      authenticationProcessingDetails: [{ key: "Oauth Scope Info", value: '["RoleManagement.Read.Directory"]' }],
    };
  }
  const user = draw.pick(EMPLOYEES);
  return {
    createdDateTime,
    userId: user.id,
    userDisplayName: user.displayName,
    userPrincipalName: user.userPrincipalName,
    userType: "Member",
    ipAddress: at.address,
    appId: app.id,
    appDisplayName: app.name,
    clientAppUsed: "Browser",
    isInteractive: category === "SignInLogs",
    authenticationRequirement: "multiFactorAuthentication",
    conditionalAccessStatus: "success",
    appliedConditionalAccessPolicies: [
      { id: draw.guid(), displayName: "Require MFA for all users", enforcedGrantControls: ["Mfa"], result: "success" },
      {
        id: draw.guid(),
        displayName: "Block legacy authentication",
        enforcedGrantControls: ["Block"],
        result: "notApplied",
      },
    ],
    deviceDetail: { deviceId: draw.guid(), operatingSystem: "Windows 11", browser: "Edge 140" },
    location: {
      city: "Lisbon",
      state: "Lisboa",
      countryOrRegion: "PT",
      geoCoordinates: { latitude: 38.7, longitude: -9.1 },
    },
    status: { errorCode: 0, additionalDetails: "MFA requirement satisfied by claim in the token" },
    riskLevelDuringSignIn: "none",
    tokenIssuerType: "AzureAD",
    uniqueTokenIdentifier: draw.guid(),
  };
}
