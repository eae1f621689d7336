import type { Chance } from "./chance.ts";
import { TENANT_ID, type Actor } from "./tenant.ts";

/** A record of a diagnostic export in the samples. */
export interface SampleRecord {
  readonly properties: { readonly id: string; readonly [name: string]: unknown };
  readonly [field: string]: unknown;
}

/** The fields that differ between audit events; all others are constant. */
export interface AuditEvent {
  readonly operationName: string;
  /** `properties.category`, such as RoleManagement. The record's own category is always AuditLogs. */
  readonly category: string;
  readonly service: "PIM" | "Core Directory" | "Self-service Password Management" | "Conditional Access";
  readonly operationType: string;
  readonly by: Actor;
  readonly result?: "success" | "failure";
  readonly reason?: string | null;
  readonly targets: readonly object[];
  readonly details: readonly { readonly key: string; readonly value: string }[];
}

/**
 * An audit event as Entra ID's diagnostic export writes it. README.md in this folder says which parts of this shape are
 * confirmed, and by whom.
 */
export function auditRecord(event: AuditEvent, time: Date, draw: Chance): SampleRecord {
  const correlationId = draw.guid();
  return {
    time: sevenDigits(time, draw),
    resourceId: `/tenants/${TENANT_ID}/providers/Microsoft.aadiam`,
    operationName: event.operationName,
    operationVersion: "1.0",
    category: "AuditLogs",
    tenantId: TENANT_ID,
    resultSignature: "None",
    durationMs: 0,
    ...(event.by.kind === "user" && event.by.ipAddress !== null ? { callerIpAddress: event.by.ipAddress } : {}),
    correlationId,
    ...(event.by.displayName === null ? {} : { identity: event.by.displayName }),
    Level: 4,
    properties: {
      id: recordId(event, time, draw),
      category: event.category,
      correlationId,
      result: event.result ?? "success",
      resultReason: event.reason === undefined ? "" : event.reason,
      activityDisplayName: event.operationName,
      activityDateTime: `${time.toISOString().slice(0, -1)}${draw.between(0, 999).toString().padStart(3, "0")}+00:00`,
      loggedByService: event.service,
      operationType: event.operationType,
      userAgent: null,
      initiatedBy: initiatedBy(event.by),
      targetResources: event.targets,
      additionalDetails: event.details,
    },
  };
}

/** `PIM_<guid>_<tenant>_<ticks>` for PIM, `Directory_<guid>_<5 letters>_<number>` for the directory. */
function recordId(event: AuditEvent, time: Date, draw: Chance): string {
  const guid = draw.guid();
  if (event.service === "PIM") {
    // .NET's Windows file time: 100 ns units since 1601.
    const ticks = (BigInt(time.getTime()) + 11_644_473_600_000n) * 10_000n;
    return `PIM_${guid}_${TENANT_ID}_${ticks}`;
  }
  const letters = Array.from({ length: 5 }, () => draw.pick(["A", "K", "L", "U", "Y", "5"])).join("");
  return `Directory_${guid}_${letters}_${draw.between(10_000_000, 99_999_999)}`;
}

function initiatedBy(actor: Actor): object {
  if (actor.kind === "app") {
    const { displayName, servicePrincipalId } = actor;
    return { app: { appId: null, displayName, servicePrincipalId, servicePrincipalName: null } };
  }
  const { id, displayName, userPrincipalName, ipAddress } = actor;
  return { user: { id, displayName, userPrincipalName, ipAddress, roles: [] } };
}

/** Exports write 7 decimals: `2026-03-04T09:12:41.7904180Z`. */
export function sevenDigits(time: Date, draw: Chance): string {
  return `${time.toISOString().slice(0, -1)}${draw.between(0, 9999).toString().padStart(4, "0")}Z`;
}
