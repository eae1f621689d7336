import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  incidentEntity,
  recordEntity,
  rowOfEntity,
  textOfRecordEntity,
} from "../../../src/azure/incidents/incident-entity.ts";
import { outboxEntity } from "../../../src/azure/incidents/outbox-entity.ts";
import { assertWithinTableLimits } from "../../../src/azure/tables/table-limits.ts";
import { INCIDENT_COLUMNS } from "../../../src/core/incident/incident-columns.ts";
import { type StoredIncident, toStoredIncident } from "../../../src/core/incident/incident-row.ts";
import type { Json } from "../../../src/kql/run/values.ts";
import { anySettingsChange, hardText, settingsChange } from "../../samples.ts";
import { CHANGES_TO_PIM_SETTINGS, incidentOf } from "../../shipped-rule.ts";

const stored = (...change: Parameters<typeof settingsChange>): StoredIncident =>
  toStoredIncident(incidentOf(settingsChange(...change)), "created");

/** The four entities of an incident as the store writes them, with keys of the longest kind. */
function entitiesOf({ row, record }: StoredIncident) {
  const keys = { partitionKey: CHANGES_TO_PIM_SETTINGS.id, rowKey: `outbox|log-analytics|${"f".repeat(64)}|1000000` };
  return [
    incidentEntity(keys, row),
    incidentEntity(keys, row, "listed"),
    recordEntity(keys, record),
    outboxEntity(keys, row),
  ];
}

/** Bytes of the entities in the body of a transaction: JSON in UTF-8, longs as text, with the frame of each part. */
function transactionBytes(entities: readonly object[]): number {
  const json = (entity: object) =>
    JSON.stringify(entity, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value));
  return entities.reduce((sum, entity) => sum + Buffer.byteLength(json(entity)) + 2_000, 0);
}

function assertStorable(incident: StoredIncident): void {
  const entities = entitiesOf(incident);
  for (const entity of entities) assertWithinTableLimits(entity);
  expect(transactionBytes(entities)).toBeLessThan(4 * 1_048_576);
  const sent = JSON.stringify([incident.row]);
  expect(Buffer.byteLength(sent)).toBeLessThan(900_000);
  expect(sent).not.toMatch(/(?<!\\)(?:\\\\)*\\ud[89a-f]/);
  for (const { name, type } of INCIDENT_COLUMNS) {
    const value = incident.row[name] ?? null;
    const text = type === "dynamic" ? JSON.stringify(value) : value;
    // Log Analytics silently cuts a field at 64 KB.
    if (typeof text === "string") expect(Buffer.byteLength(text)).toBeLessThan(65_536);
  }
  expect(rowOfEntity(entities[0] ?? {})).toEqual(incident.row);
  expect(textOfRecordEntity(entities[2] ?? {})).toBe(incident.record);
}

test("a row has every column once, in order and with its type", () => {
  const { row, record } = stored();

  expect(Object.keys(row)).toEqual(INCIDENT_COLUMNS.map(({ name }) => name));
  expect(row).toMatchObject({
    TimeGenerated: "2026-03-04T09:14:01.000Z",
    Revision: 1,
    RowKind: "created",
    IncidentTitle: "Changes to PIM Settings",
    Severity: "High",
    Status: "New",
    Tactics: ["PrivilegeEscalation"],
    ActivityDateTime: "2026-03-04T09:12:41.7904180Z",
    InitiatedBy: "alex.rivera@fabrikam.example",
    InitiatedByIpAddress: "192.0.2.7",
    ClientIpAddress: "203.0.113.24",
    RoleName: "Global Administrator",
    EventHubPartitionId: "3",
    EventHubSequenceNumber: 42,
    EventHubEnqueuedTime: "2026-03-04T09:14:00.5000000Z",
    Truncated: false,
  });
  expect(JSON.parse(record)).toEqual(settingsChange());
  assertStorable({ row, record });
});

test("an update of an incident is a row of the kind updated", () => {
  expect(toStoredIncident(incidentOf(settingsChange()), "updated").row).toMatchObject({ RowKind: "updated" });
});

test("columns have unique names that Log Analytics accepts", () => {
  const names = INCIDENT_COLUMNS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[A-Za-z][A-Za-z0-9_]{0,44}$/);
  const reserved = new Set([
    "BilledSize",
    "IsBillable",
    "InvalidTimeGenerated",
    "TenantId",
    "Title",
    "Type",
    "UniqueId",
    "id",
  ]);
  expect(names.filter((name) => reserved.has(name) || name.startsWith("_"))).toEqual([]);
});

describe("a value that is too long is cut, and the row is marked", () => {
  const long = "字".repeat(50_000);
  test.each<{ column: string; fields?: Record<string, Json>; properties?: Record<string, Json>; length: number }>([
    { column: "ResultReason", properties: { resultReason: long }, length: 16_000 },
    { column: "CorrelationId", fields: { correlationId: long }, length: 1_000 },
    { column: "InitiatedBy", properties: { initiatedBy: { app: { displayName: long } } }, length: 1_000 },
    { column: "AuditLogId", properties: { id: long }, length: 1_000 },
  ])("$column at $length characters", ({ column, fields, properties, length }) => {
    const incident = stored(fields, properties);
    expect(incident.row[column]).toHaveLength(length);
    expect(incident.row["Truncated"]).toBe(true);
    assertStorable(incident);
  });

  test("a dynamic column at the members that fit", () => {
    const details = Array.from({ length: 5_000 }, (_, index) => ({ key: `k${index}`, value: "字😀" }));
    const incident = stored({}, { additionalDetails: details });
    const kept = incident.row["AdditionalDetails"] as Json[];
    expect(kept).toEqual(details.slice(0, kept.length));
    expect(kept.length).toBeGreaterThan(700);
    expect(incident.row["Truncated"]).toBe(true);
    assertStorable(incident);
  });

  test("the record below the limits of its row, without a split pair", () => {
    const incident = stored({ identity: `x${"😀".repeat(450_000)}` });
    expect(incident.record.length).toBeGreaterThan(240_000);
    expect(incident.record.isWellFormed()).toBe(true);
    expect(incident.row["Truncated"]).toBe(true);
    assertStorable(incident);
  });

  test("a rule's own long texts", () => {
    const rule = { ...CHANGES_TO_PIM_SETTINGS, name: long, description: long, tactics: [long], version: long };
    const incident = toStoredIncident(incidentOf(settingsChange(), { rule }), "created");
    expect(incident.row["Truncated"]).toBe(true);
    assertStorable(incident);
  });
});

test("a record nested 100,000 levels deep is stored, cut", () => {
  const deep = JSON.parse('[{"a":'.repeat(50_000) + "1" + "}]".repeat(50_000)) as Json;
  const incident = incidentOf(
    settingsChange({}, { additionalDetails: deep, targetResources: [{ type: "Role", id: deep }] }),
  );
  const cut = toStoredIncident(incident, "created");
  expect(cut.row["Truncated"]).toBe(true);
  assertStorable(cut);
});

describe("any record is stored within all limits", () => {
  test("small ones, and Truncated is true exactly if something was cut", () => {
    fc.assert(
      fc.property(anySettingsChange(), (record) => {
        const incident = incidentOf(record);
        const kept = toStoredIncident(incident, "created");
        assertStorable(kept);
        const isWhole = INCIDENT_COLUMNS.filter(({ name }) => name !== "Truncated").every(
          (column) => JSON.stringify(kept.row[column.name]) === wellFormed(column.value(incident, "created")),
        );
        expect(kept.row["Truncated"]).toBe(!isWhole);
      }),
      { numRuns: 200 },
    );
  });

  test("large ones cut", () => {
    fc.assert(
      fc.property(anySettingsChange(hardText(120_000)), (record) =>
        assertStorable(toStoredIncident(incidentOf(record), "created")),
      ),
      { numRuns: 20 },
    );
  });

  test.each(["字", "\u0001", "😀", "\ud800", '"', "\\", "a"])("even if every field is full of %j", (unit) => {
    const text = unit.repeat(200_000 / unit.length);
    const item = {
      id: text,
      displayName: text,
      type: "Role",
      modifiedProperties: [{ displayName: "TemplateId", newValue: text }],
    };
    const small = { key: unit.repeat(20), value: unit.repeat(20) };
    const many = Array.from({ length: 2_000 }, () => small);
    const fields = Object.fromEntries(
      ["operationVersion", "resultSignature", "correlationId", "identity", "Level", "resultDescription"].map((name) => [
        name,
        text,
      ]),
    );
    const full = stored(fields, {
      resultReason: text,
      loggedByService: text,
      result: text,
      id: text,
      initiatedBy: {
        user: { userPrincipalName: `${text}@${text}`, id: text, ipAddress: text },
        app: { displayName: text, appId: text, servicePrincipalId: text },
      },
      targetResources: [{ ...item, modifiedProperties: many }, ...many],
      additionalDetails: many,
    });
    expect(full.row["Truncated"]).toBe(true);
    assertStorable(full);
  });
});

/** The JSON text of a value, each lone surrogate replaced. */
function wellFormed(value: Json): string {
  return JSON.stringify(value).replaceAll(/(?<!\\)((?:\\\\)*)\\ud[89a-f]../g, "$1\ufffd");
}
