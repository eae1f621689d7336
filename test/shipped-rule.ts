import { fileURLToPath } from "node:url";
import { compileRules } from "../src/sentinel/compile-rules.ts";
import { toAuditLogRow } from "../src/core/event/audit-log.ts";
import type { DiagnosticRecord, ReadRecord } from "../src/core/event/event-body.ts";
import { type Incident, toIncident } from "../src/core/incident/incident.ts";
import { jsonText } from "../src/kql/run/dynamic-text.ts";
import { prepare } from "../src/kql/run/evaluate.ts";
import type { Rule } from "../src/core/incident/rule.ts";
import type { ReadyRule } from "../src/workflows/detection/detect-batch.ts";
import { bytes, POSITION } from "./samples.ts";

const { rules } = await compileRules(fileURLToPath(new URL("../rules", import.meta.url)));

/** The rule of this repository, compiled from its file. */
export const CHANGES_TO_PIM_SETTINGS: Rule = ruleOf("0ed0fe7c-af29-4990-af7f-bb5ccb231198");

function ruleOf(id: string): Rule {
  const rule = rules.find((candidate) => candidate.id === id);
  if (rule === undefined) throw new Error(`no rule ${id} in rules/`);
  return rule;
}

export function readyRule(rule: Rule = CHANGES_TO_PIM_SETTINGS): ReadyRule {
  return { rule, evaluate: prepare(rule.plan) };
}

/** The incident of a record, as detection makes it. The record must match the rule. */
export function incidentOf(
  record: DiagnosticRecord,
  {
    rule = CHANGES_TO_PIM_SETTINGS,
    position = POSITION,
    ordinal = 0,
    detectedAt = new Date("2026-03-04T09:14:01Z"),
  } = {},
): Incident {
  const row = toAuditLogRow(record);
  const [resultRow] = readyRule(rule).evaluate(row);
  if (resultRow === undefined) throw new Error("the record does not match the rule");
  const source: ReadRecord = { record, bytes: () => bytes(jsonText(record)) };
  return toIncident({ rule, source, row, resultRow, ordinal, position }, detectedAt);
}
