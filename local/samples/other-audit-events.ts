import { auditRecord, type AuditEvent, type SampleRecord } from "./audit-record.ts";
import type { Chance } from "./chance.ts";
import { actorDetails, roleDetails, roleTargets } from "./settings-change-record.ts";
import {
  ALEX,
  EMPLOYEES,
  OFFICE_ADDRESSES,
  PIM_AUTOMATION,
  PIM_SERVICE,
  SAM,
  type Actor,
  type RoleName,
} from "./tenant.ts";

/** An audit event with another operation than the rule looks for. */
type OtherEvent = (draw: Chance) => AuditEvent;

/** Operations that fill a directory's audit log on an ordinary day. */
const ORDINARY: readonly OtherEvent[] = [
  (draw) => directory("Update user", "UserManagement", draw, { type: "User", changed: ["Department", "Finance"] }),
  (draw) =>
    directory("Update user", "UserManagement", draw, { type: "User", changed: ["StrongAuthenticationMethod", "6"] }),
  (draw) =>
    directory("Add member to group", "GroupManagement", draw, {
      type: "User",
      changed: ["Group.DisplayName", "sg-finance"],
    }),
  (draw) =>
    directory("Remove member from group", "GroupManagement", draw, {
      type: "User",
      changed: ["Group.DisplayName", "sg-project-x"],
    }),
  (draw) =>
    directory("Update service principal", "ApplicationManagement", draw, {
      type: "ServicePrincipal",
      changed: ["TargetId.ServicePrincipalNames", "billing"],
    }),
  (draw) =>
    directory("Consent to application", "ApplicationManagement", draw, {
      type: "ServicePrincipal",
      changed: ["ConsentContext.IsAdminConsent", "False"],
    }),
  (draw) => directory("Update device", "Device", draw, { type: "Device", changed: ["IsCompliant", "true"] }),
  (draw) =>
    directory("Add registered owner to device", "Device", draw, {
      type: "Device",
      changed: ["Device.DisplayName", "LAPTOP-0417"],
    }),
  (draw) => ({
    ...directory("Reset password (self-service)", "UserManagement", draw, {
      type: "User",
      changed: ["PasswordReset", "true"],
    }),
    service: "Self-service Password Management",
    reason: "Successfully completed reset.",
  }),
  (draw) => pim("Add member to role completed (PIM activation)", "Create", "Reports Reader", draw),
  (draw) => pim("Remove member from role (PIM activation expired)", "Delete", "Reports Reader", draw),
];

/** An event that the rule on PIM settings does not find, with the rules of this repository that do. */
interface NearMiss {
  readonly event: OtherEvent;
  /** Names of the rules' folders. */
  readonly foundBy: readonly string[];
}

/** Near misses of a change to PIM settings: same category, similar operations, or its words elsewhere. */
const NEAR_MISSES: readonly NearMiss[] = [
  ...[
    (draw: Chance) => pim("Add member to role requested (PIM activation)", "Create", "Global Administrator", draw),
    (draw: Chance) => pim("Add member to role completed (PIM activation)", "Create", "Global Administrator", draw),
    (draw: Chance) => pim("Add member to role in PIM completed (permanent)", "Create", "Security Administrator", draw),
    (draw: Chance) =>
      pim("Add eligible member to role in PIM completed (timebound)", "Create", "User Administrator", draw),
    (draw: Chance) => pim("PIM policy removed", "Delete", "Reports Reader", draw),
    (draw: Chance) => pim("Update PIM alert setting", "Update", "Global Administrator", draw),
    (draw: Chance) => ({
      ...pim("Add member to role completed (PIM activation)", "Create", "Exchange Administrator", draw),
      // The words of a match in a place where the rule does not look: a justification is free text.
      reason: "Update role setting in PIM, ticket 4711",
    }),
  ].map((event) => ({ event, foundBy: [] })),
  {
    event: (draw) => pim("Disable PIM alert", "Update", "Global Administrator", draw),
    foundBy: ["pim-alert-disabled"],
  },
  {
    event: (draw) => pim("Add member to role outside of PIM (permanent)", "Update", "User Administrator", draw),
    foundBy: ["role-assigned-outside-of-pim"],
  },
  {
    event: (draw) => ({
      ...directory("Update conditional access policy", "Policy", draw, {
        type: "Policy",
        changed: ["ConditionalAccessPolicy", "RoleManagement"],
      }),
      service: "Conditional Access",
    }),
    foundBy: ["conditional-access-policy-changed"],
  },
  {
    event: (draw) =>
      directory("Update application – Certificates and secrets management", "ApplicationManagement", draw, {
        type: "Application",
        changed: ["KeyDescription", `KeyIdentifier=${draw.guid()},KeyType=Password,KeyUsage=Verify,DisplayName=deploy`],
      }),
    foundBy: ["credential-added-to-application"],
  },
];

/** One random ordinary record. */
export function ordinaryAuditRecord(time: Date, draw: Chance): SampleRecord {
  return auditRecord(draw.pick(ORDINARY)(draw), time, draw);
}

/** Number of different near misses. */
export const NEAR_MISS_KINDS = NEAR_MISSES.length;

/** The near miss with that index. */
export function nearMissRecord(kind: number, time: Date, draw: Chance): SampleRecord {
  return auditRecord(nearMiss(kind).event(draw), time, draw);
}

/** Folders of this repository's rules that find the near miss with that index. */
export function nearMissFinders(kind: number): readonly string[] {
  return nearMiss(kind).foundBy;
}

function nearMiss(kind: number): NearMiss {
  const found = NEAR_MISSES[kind];
  if (!found) throw new RangeError(`There are ${NEAR_MISS_KINDS} near misses, no number ${kind}`);
  return found;
}

function directory(
  operationName: string,
  category: string,
  draw: Chance,
  target: { readonly type: string; readonly changed: readonly [name: string, value: string] },
): AuditEvent {
  const [displayName, value] = target.changed;
  const subject = draw.pick(EMPLOYEES);
  const named =
    target.type === "User"
      ? { ...subject, displayName: null }
      : { id: draw.guid(), displayName: `${target.type.toLowerCase()}-${draw.between(1, 99)}` };
  return {
    operationName,
    category,
    service: "Core Directory",
    operationType: operationName.startsWith("Add") ? "Assign" : "Update",
    by: draw.between(0, 3) === 0 ? PIM_AUTOMATION : employee(draw),
    targets: [
      {
        ...named,
        type: target.type,
        modifiedProperties: [{ displayName, oldValue: null, newValue: JSON.stringify(value) }],
        administrativeUnits: [],
      },
    ],
    details: [{ key: "User-Agent", value: "Mozilla/5.0" }],
  };
}

function pim(operationName: string, operationType: string, role: RoleName, draw: Chance): AuditEvent {
  const member = draw.pick(EMPLOYEES);
  const by = operationName.includes("expired") ? PIM_SERVICE : draw.pick<Actor>([ALEX, SAM]);
  return {
    operationName,
    category: "RoleManagement",
    service: "PIM",
    operationType,
    by,
    reason: draw.pick(["Monthly report", "Incident 20417", "Mailbox migration"]),
    targets: roleTargets(role, draw, { id: member.id, displayName: member.displayName }),
    details: [...roleDetails(role), { key: "Justification", value: "Monthly report" }, ...actorDetails(by)],
  };
}

function employee(draw: Chance): Actor {
  const address = draw.pick(OFFICE_ADDRESSES);
  return { kind: "user", ...draw.pick(EMPLOYEES), ipAddress: address, tokenAddress: address };
}
