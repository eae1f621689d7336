import { AUDIT_LOG_COLUMNS } from "./audit-log-columns.ts";
import type { DiagnosticRecord } from "./event-body.ts";
import { prepare } from "./kql/evaluate.ts";
import { DEFAULT_LIMITS, newEvaluation } from "./kql/evaluation.ts";
import { bindExpression } from "./kql/bind-expression.ts";
import type { Row } from "./kql/values.ts";
import { quickFilter } from "./quick-filter.ts";
import type { Rule } from "./rule.ts";

/** A rule that is ready to run: its plan made into functions once. */
export interface ReadyRule {
  readonly rule: Rule;
  /**
   * The rows that the rule's query yields for one AuditLogs row. Its functions are made when it is first asked for: most
   * starts of the app see no record that gets so far.
   *
   * Asking for it throws CallProblem when the plan names what this version does not know; the compiler has looked at that.
   */
  readonly evaluate: (row: Row) => readonly Row[];
  /** Whether a record can give rows, told without its row. Undefined: it always may. */
  readonly mayMatch?: ((record: DiagnosticRecord) => boolean) | undefined;
  /**
   * Whether the overlay excludes a result row. Apart from `evaluate`: an incident's identity counts the rows of the
   * query, and must not change because an exclusion was added.
   */
  readonly excludes?: ((resultRow: Row, row: Row) => boolean) | undefined;
}

const TIME_GENERATED = AUDIT_LOG_COLUMNS.findIndex(({ name }) => name === "TimeGenerated");

export function readyRule(rule: Rule): ReadyRule {
  let evaluate: ReadyRule["evaluate"] | undefined;
  return {
    rule,
    get evaluate() {
      return (evaluate ??= prepare(rule.plan));
    },
    mayMatch: quickFilter(rule.plan),
    excludes: excluder(rule.exclusions ?? []),
  };
}

function excluder(exclusions: NonNullable<Rule["exclusions"]>): ReadyRule["excludes"] {
  if (exclusions.length === 0) return undefined;
  const evaluation = newEvaluation(DEFAULT_LIMITS);
  const tests = exclusions.map((exclusion) => bindExpression(exclusion, evaluation).compute);
  return (resultRow, row) => {
    const time = row[TIME_GENERATED];
    evaluation.begin(row, typeof time === "bigint" ? time : null);
    return tests.some((test) => test(resultRow) === true);
  };
}
