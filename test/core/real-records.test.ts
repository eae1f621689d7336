import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isAuditLog, toAuditLogRow } from "../../src/core/event/audit-log.ts";
import { AUDIT_LOG_COLUMNS } from "../../src/core/event/audit-log-columns.ts";
import { type DiagnosticRecord, readEventBody } from "../../src/core/event/event-body.ts";
import { toIncident } from "../../src/core/incident/incident.ts";
import { toStoredIncident } from "../../src/core/incident/incident-row.ts";
import { detectBatch } from "../../src/workflows/detection/detect-batch.ts";
import { POSITION } from "../samples.ts";
import { CHANGES_TO_PIM_SETTINGS } from "../shipped-rule.ts";
import { memoryStores } from "../workflows/memory-stores.ts";

/** A folder of export records as NDJSON, in any depth. Records of others are not part of this repository. */
const folder = process.env["REAL_RECORDS"] ?? "";
const files =
  folder === ""
    ? []
    : readdirSync(folder, { recursive: true, encoding: "utf8" })
        .map((name) => join(folder, name))
        .filter((path) => path.endsWith(".ndjson") && statSync(path).isFile());

/** A rule that every record matches, so that each goes all the way to an incident. */
const everything = {
  ...CHANGES_TO_PIM_SETTINGS,
  plan: { ...CHANGES_TO_PIM_SETTINGS.plan, columns: [...AUDIT_LOG_COLUMNS] },
};

describe.skipIf(folder === "")("public export records (folder REAL_RECORDS)", () => {
  test("the folder holds some", () => {
    expect(files).not.toEqual([]);
  });

  test.each(files)("%s", async (file) => {
    const lines = readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line.trim() !== "");
    const events = lines.map((line) => ({ body: Buffer.from(line), position: POSITION }));

    for (const { body } of events) {
      const { records, unreadable } = readEventBody(body);
      expect(unreadable).toEqual([]);
      for (const source of records) {
        expect(JSON.parse(Buffer.from(source.bytes()).toString())).toEqual(source.record);
        const row = toAuditLogRow(source.record);
        const match = { rule: everything, source, row, resultRow: row, ordinal: 0, position: POSITION };
        const { actor, activityDateTime } = toIncident(match, new Date(0));
        expect(actor.label).not.toBe("");
        if (isAuditLog(source.record) && hasTime(source.record)) expect(activityDateTime).not.toMatch(/^1970/);
        expect(toStoredIncident(toIncident(match, new Date(0)), "created").row["Truncated"]).toBe(false);
      }
    }

    const { deps, letters } = memoryStores();
    const { figures } = await detectBatch(events, deps);
    expect(figures.received).toBe(lines.length);
    expect(letters).toEqual([]);
  });
});

function hasTime(record: DiagnosticRecord): boolean {
  return typeof record["time"] === "string" && record["time"] !== "";
}
