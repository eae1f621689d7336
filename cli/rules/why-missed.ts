import { toAuditLogRow } from "../../src/core/event/audit-log.ts";
import type { DiagnosticRecord } from "../../src/core/event/event-body.ts";
import type { Rule } from "../../src/core/incident/rule.ts";
import { toJson } from "../../src/core/json/column-json.ts";
import { jsonText } from "../../src/kql/run/dynamic-text.ts";
import { prepare, preparePlan } from "../../src/kql/run/evaluate.ts";
import type { Step } from "../../src/kql/plan.ts";
import type { Row } from "../../src/kql/run/values.ts";
import type { SourcedRule } from "../../src/sentinel/compile-rules.ts";
import { exclusionsOf, readOverlay } from "../../src/sentinel/overlay/overlay.ts";
import type { RuleCondition } from "../../src/sentinel/rule-conditions.ts";

/** Longer values are cut. */
const MAX_VALUE = 200;

/**
 * Why a rule finds nothing in a record, as lines for a person: which exclusion of the overlay removes its rows, or which
 * conditions are false and of which values. Empty if the rule finds something.
 */
export function whyMissed(
  { rule, files }: SourcedRule,
  record: DiagnosticRecord,
  conditions: readonly RuleCondition[],
): string[] {
  const row = toAuditLogRow(record);
  const after = (steps: readonly Step[]): Row[] => prepare({ ...rule.plan, steps })(row);
  if (after(rule.plan.steps).length > 0) return exclusionLines(rule, files.overlay, row);
  const index = rule.plan.steps.findIndex((_, at) => after(rule.plan.steps.slice(0, at + 1)).length === 0);
  const before = rule.plan.steps.slice(0, index);
  const here = conditions.filter(({ step }) => step === index);
  if (here.length === 0) return [`    ${rule.plan.steps[index]?.step} leaves no row`];
  const isFalse = ({ predicate }: RuleCondition) => after([...before, { step: "where", predicate }]).length === 0;
  const wrong = here.filter(isFalse);
  // Each row may meet some of the conditions, and none of them all.
  return (wrong.length > 0 ? wrong : here).flatMap((condition) => [
    `    ${wrong.length > 0 ? "false" : "never true with the others"}: ${condition.text}`,
    ...valueLines(
      condition,
      after([...before, { step: "project", values: condition.operands.map(({ value }) => value) }]),
    ),
  ]);
}

function valueLines({ operands }: RuleCondition, rows: readonly Row[]): string[] {
  return operands.map(({ text, value: { type } }, at) => {
    const values = new Set(rows.map((row) => jsonText(toJson(row[at] ?? null, type))));
    const shown = [...values].join(", ");
    return `        ${text} is ${shown.length > MAX_VALUE ? `${shown.slice(0, MAX_VALUE)}…` : shown}`;
  });
}

function exclusionLines(rule: Rule, overlay: SourcedRule["files"]["overlay"], row: Row): string[] {
  const read = overlay && readOverlay(overlay).read;
  const written = read === undefined ? [] : exclusionsOf(read);
  return (rule.exclusions ?? []).flatMap((exclusion, index) => {
    const { evaluate, isTrue } = preparePlan(rule.plan, { conditions: [exclusion] });
    if (!evaluate(row).some((resultRow) => isTrue(resultRow))) return [];
    const { condition = `exclusion ${index + 1}`, because } = written[index] ?? {};
    const reason = because === undefined ? "" : ` (because: ${because})`;
    return [`    excluded by ${overlay?.name ?? "the overlay"}: ${condition}${reason}`];
  });
}
