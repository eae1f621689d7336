// Records of our category whose fields do not have the shape of an export: read as the table would show them, or kept.
import { describe, expect, test } from "vitest";
import { readyRule as ready } from "../../../src/core/incident/ready-rule.ts";
import type { DiagnosticRecord } from "../../../src/core/event/event-body.ts";
import { ruleScan } from "../../../src/core/scan/rule-scan.ts";
import { detectBatch } from "../../../src/workflows/detection/detect-batch.ts";
import { shippedRules } from "../../core/scan/shipped-literals.ts";
import { planOf } from "../../kql/query.ts";
import { CHANGES_TO_PIM_SETTINGS } from "../../shipped-rule.ts";
import { bytes, eventBody, settingsChange } from "../../samples.ts";
import { memoryStores } from "../memory-stores.ts";
import { events, NOTHING } from "./batch-events.ts";

/** The literal stands in properties alone. */
const byActivity = ready({
  ...CHANGES_TO_PIM_SETTINGS,
  id: "11111111-2222-4333-8444-555555555555",
  plan: planOf('AuditLogs | where ActivityDisplayName == "Update role setting in PIM"'),
});
const rules = [...shippedRules(), byActivity];
const { scan } = ruleScan(rules.map(({ rule }) => rule));

const change = settingsChange();
const properties = JSON.stringify(change["properties"]);
/** The same without the literal of a rule. */
const other = settingsChange({ operationName: "Add member" }, { activityDisplayName: "Add member", resultReason: "" });
const otherProperties = other["properties"] ?? null;

/** In JSON text, each character of the rules' literals as an escape: it is escaped once more where the text is a string. */
function escapedText(text: string): string {
  return text.replaceAll("Update role setting in PIM", (literal) =>
    Array.from(literal, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`).join(""),
  );
}

const padding = { padding: "x".repeat(40_000) };

describe.each([
  { how: "with the scan", with: { scan } },
  { how: "read in full", with: {} },
])("$how", ({ with: search }) => {
  const detected = async (body: Uint8Array) => {
    const { deps, stored, letters } = memoryStores();
    const { figures } = await detectBatch(events(body), { ...deps, rules, ...search });
    return { figures, incidents: stored(), reasons: letters.map(({ reason }) => reason) };
  };

  test.each<{ what: string; record: DiagnosticRecord }>([
    { what: "properties as JSON text", record: settingsChange({ properties }) },
    {
      what: "properties as JSON text, in which the rule's literal is escaped",
      record: settingsChange({ operationName: "another", properties: escapedText(properties) }),
    },
    {
      what: "properties as JSON text, in which the rule's literal is escaped, in a large body",
      record: settingsChange({ ...padding, operationName: "another", properties: escapedText(properties) }),
    },
    {
      what: "inner fields as JSON text",
      record: settingsChange(
        {},
        Object.fromEntries(
          ["initiatedBy", "targetResources", "additionalDetails"].map((name) => [
            name,
            JSON.stringify((change["properties"] as DiagnosticRecord)[name]),
          ]),
        ),
      ),
    },
  ])("$what give the incident of the record as exported, actor and role included", async ({ record }) => {
    const plain = await detected(
      eventBody(record["operationName"] === "another" ? settingsChange({ operationName: "another" }) : change),
    );
    const { figures, incidents, reasons } = await detected(eventBody(record));
    expect(reasons).toEqual([]);
    expect(figures).toMatchObject({ matched: 1, stored: plain.incidents.length });
    const shown = ({ row }: (typeof incidents)[number]) => ({
      id: row["IncidentId"],
      by: row["InitiatedBy"],
      role: row["RoleName"],
      changes: row["Changes"],
    });
    expect(incidents.map(shown)).toEqual(plain.incidents.map(shown));
    expect(incidents[0]?.row).toMatchObject({ InitiatedBy: "alex.rivera@fabrikam.example" });
  });

  test.each<{ what: string; record: DiagnosticRecord; reason: string }>([
    { what: "an array", record: settingsChange({ properties: [] }), reason: '"properties" is an array' },
    { what: "null", record: settingsChange({ properties: null }), reason: '"properties" is null' },
    {
      what: "an array in which the literal is escaped in JSON text",
      record: settingsChange({ operationName: "x", properties: [escapedText(properties)] }),
      reason: '"properties" is an array',
    },
    {
      what: "cut text with the literal",
      record: settingsChange({ properties: properties.slice(0, -9) }),
      reason: '"properties" is JSON text that is cut off or damaged',
    },
    {
      what: "cut text that ends before the literal",
      record: settingsChange({ operationName: "x", properties: properties.slice(0, 40) }),
      reason: '"properties" is JSON text that is cut off or damaged',
    },
  ])("a record with a literal and properties that are $what is a dead letter", async ({ record, reason }) => {
    const { figures, reasons } = await detected(lastProperties(record));
    expect(reasons).toEqual([reason]);
    expect(figures).toEqual({ ...NOTHING, events: 1, received: 1, deadLettered: 1 });
  });

  test("a record without a literal is of no interest, whatever its shape", async () => {
    const { reasons } = await detected(
      eventBody({ ...other, properties: [otherProperties] }, { ...other, properties: null }),
    );
    expect(reasons).toEqual([]);
  });
});

/** A body in which `properties` is the record's last key, as in every export. */
function lastProperties({ properties: last, ...rest }: DiagnosticRecord): Uint8Array {
  return bytes(JSON.stringify({ records: [{ ...rest, properties: last }] }));
}
