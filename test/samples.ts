import fc from "fast-check";
import type { DiagnosticRecord } from "../src/core/event/event-body.ts";
import type { HubPosition } from "../src/core/incident/incident.ts";
import type { Json } from "../src/kql/run/values.ts";

export const TENANT = "aaaaaaaa-1111-4222-8333-444444444444";
const GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"; // the public template id, the same everywhere
const USER = "0b1c2d3e-4f50-4617-8283-94a5b6c7d8e9";

/** Fields to replace; `undefined` takes a field away. */
type Fields = Readonly<Record<string, Json | undefined>>;

/** A valid record of a PIM settings change with fields replaced, at the top and within its properties. */
export function settingsChange(fields: Fields = {}, properties: Fields = {}): DiagnosticRecord {
  return present({ ...RECORD, properties: present({ ...PROPERTIES, ...properties }), ...fields });
}

const PROPERTIES: Fields = {
  id: `PIM_1f2e3d4c-5b6a-4978-8a9b-0c1d2e3f4a5b_${TENANT}_134331936526770240`,
  category: "RoleManagement",
  correlationId: "5d0c2f3e-6a7b-4c8d-9e0f-a1b2c3d4e5f6",
  result: "success",
  resultReason: "Setting changes in this session: MFA on activation requirement disabled. Approval disabled.",
  activityDisplayName: "Update role setting in PIM",
  activityDateTime: "2026-03-04T09:12:41.790418+00:00",
  loggedByService: "PIM",
  operationType: "Update",
  userAgent: null,
  initiatedBy: {
    user: {
      id: USER,
      displayName: "Alex Rivera",
      userPrincipalName: "alex.rivera@fabrikam.example",
      ipAddress: "192.0.2.7",
      roles: [],
    },
  },
  targetResources: [
    {
      id: "7a6b5c4d-3e2f-4102-9384-756473829100",
      displayName: "Global Administrator",
      type: "Role",
      modifiedProperties: [
        { displayName: "TemplateId", oldValue: '""', newValue: `"${GLOBAL_ADMINISTRATOR}"` },
        { displayName: "RoleDefinitionOriginType", oldValue: '""', newValue: '"BuiltInRole"' },
      ],
      administrativeUnits: [],
    },
    { id: "c0ffee00-0000-4000-8000-000000000001", type: "Request", administrativeUnits: [] },
    { id: TENANT, displayName: "Fabrikam", type: "Directory", administrativeUnits: [] },
  ],
  additionalDetails: [
    { key: "AuditType", value: "UpdatePolicy" },
    { key: "TemplateId", value: GLOBAL_ADMINISTRATOR },
    { key: "ipaddr", value: "203.0.113.24" },
  ],
};

const RECORD: Fields = {
  time: "2026-03-04T09:12:41.7904180Z",
  resourceId: `/tenants/${TENANT}/providers/Microsoft.aadiam`,
  operationName: "Update role setting in PIM",
  operationVersion: "1.0",
  category: "AuditLogs",
  tenantId: TENANT,
  resultSignature: "None",
  durationMs: 0,
  callerIpAddress: "198.51.100.9",
  correlationId: "5d0c2f3e-6a7b-4c8d-9e0f-a1b2c3d4e5f6",
  identity: "Alex Rivera",
  Level: 4,
};

function present(fields: Fields): DiagnosticRecord {
  const entries = Object.entries(fields).filter((entry): entry is [string, Json] => entry[1] !== undefined);
  return Object.fromEntries(entries);
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** An event's body as Azure Monitor writes it. */
export function eventBody(...records: readonly Json[]): Uint8Array {
  return bytes(JSON.stringify({ records }));
}

export const POSITION: HubPosition = {
  partitionId: "3",
  sequenceNumber: 42,
  enqueuedTime: "2026-03-04T09:14:00.5Z",
};

/** Text of any size up to `maxLength` from what is hard to store: CJK, controls, lone surrogates, astral, escapes. */
export function hardText(maxLength = 40): fc.Arbitrary<string> {
  const unit = fc.constantFrom(
    "a",
    "é",
    "字",
    "\u0000",
    "\u001f",
    "\u0085",
    "\ud800",
    "\udc00",
    "😀",
    '"',
    "\\",
    "\u2028",
    "/",
  );
  const repeated = fc.tuple(fc.string({ unit, minLength: 1, maxLength: 7 }), fc.nat({ max: maxLength }));
  return repeated.map(([text, length]) => text.repeat(Math.ceil(length / text.length)).slice(0, length));
}

/** JSON of any shape, with keys that fields of records have and keys that are dangerous to copy. */
export function anyJson(text: fc.Arbitrary<string> = hardText()): fc.Arbitrary<Json> {
  const key = fc.oneof(fc.constantFrom("__proto__", "constructor", "key", "value", "type", "user", "id", "0"), text);
  const { json } = fc.letrec<{ json: Json }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 4 },
      fc.oneof(text, fc.double(), fc.maxSafeInteger(), fc.boolean(), fc.constant(null)) as fc.Arbitrary<Json>,
      fc.array(tie("json"), { maxLength: 5 }),
      fc.array(fc.tuple(key, tie("json")), { maxLength: 5 }).map((entries): Json => Object.fromEntries<Json>(entries)),
    ),
  }));
  return json.map((value): Json => JSON.parse(JSON.stringify(value)) as Json);
}

const FIELDS = Object.keys(RECORD);
const PROPERTY_FIELDS = Object.keys(PROPERTIES);

/** Records that match the rule, with any JSON in every other field. */
export function anySettingsChange(text?: fc.Arbitrary<string>): fc.Arbitrary<DiagnosticRecord> {
  const fieldsOf = (names: readonly string[]) =>
    fc.array(fc.tuple(fc.constantFrom(...names), fc.option(anyJson(text), { nil: undefined })), { maxLength: 6 });
  const open = (names: readonly string[], fixed: readonly string[]) => names.filter((name) => !fixed.includes(name));
  return fc
    .tuple(
      fieldsOf(
        open([...FIELDS, "resultDescription", "level"], ["category", "operationName", "tenantId", "resourceId"]),
      ),
      fieldsOf(open(PROPERTY_FIELDS, ["category"])),
    )
    .map(([fields, properties]) => settingsChange(Object.fromEntries(fields), Object.fromEntries(properties)));
}
