import type { DiagnosticRecord } from "../event/event-body.ts";
import { type Prepared, preparePlan } from "../../kql/run/evaluate.ts";
import type { Row } from "../../kql/run/values.ts";
import { quickFilter } from "../scan/quick-filter.ts";
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
   * Whether the overlay excludes a result row of the record that was evaluated last. Apart from `evaluate`: an incident's
   * identity counts the rows of the query, and must not change because an exclusion was added.
   */
  readonly excludes?: ((resultRow: Row) => boolean) | undefined;
}

export function readyRule(rule: Rule): ReadyRule {
  const { exclusions = [] } = rule;
  let prepared: Prepared | undefined;
  const whole = () => (prepared ??= preparePlan(rule.plan, { conditions: exclusions }));
  return {
    rule,
    get evaluate() {
      return whole().evaluate;
    },
    mayMatch: quickFilter(rule.plan),
    excludes: exclusions.length === 0 ? undefined : (resultRow) => whole().isTrue(resultRow),
  };
}
