import type { DiagnosticRecord } from "../event/event-body.ts";
import { type Prepared, preparePlan } from "../../kql/run/evaluate.ts";
import type { Row } from "../../kql/run/values.ts";
import type { Literal } from "../scan/literal.ts";
import { necessaryLiterals } from "../scan/necessary-literals.ts";
import { quickFilter } from "../scan/quick-filter.ts";
import { type EvaluateWindow, prepareWindow } from "../../kql/run/evaluate-window.ts";
import type { Rule, RuleWindow } from "./rule.ts";

/** A rule that is ready to run. */
export interface ReadyRule {
  readonly rule: Rule;
  /**
   * The result rows of the rule's query for one AuditLogs row. The plan is prepared at first access: after most starts of the
   * app no record gets this far.
   *
   * Access throws CallProblem if the plan names something that this version does not know, which the compiler rules out.
   */
  readonly evaluate: (row: Row) => readonly Row[];
  /** Whether a record can have result rows, checked without making its row. Undefined: always possible. */
  readonly mayMatch?: ((record: DiagnosticRecord) => boolean) | undefined;
  /** A record that matches holds one of these. Undefined: nothing is known of what it holds. Derived when first asked for. */
  readonly literals?: readonly Literal[] | undefined;
  /** Present if the rule needs several events; `evaluate` then says whether its window must keep the row. */
  readonly window?: ReadyWindow | undefined;
  /**
   * Whether the overlay excludes a result row of the last evaluated record. Not part of `evaluate`: an incident's identity
   * counts all rows of the query, so that a new exclusion does not change it.
   */
  readonly excludes?: ((resultRow: Row) => boolean) | undefined;
}

/** A window that is ready to be evaluated; it is prepared at first access. */
export interface ReadyWindow extends Pick<RuleWindow, "schedule"> {
  /** The rows of the result that no exclusion of the overlay meets. */
  readonly evaluate: EvaluateWindow;
}

export function readyRule(rule: Rule): ReadyRule {
  // Over a window, exclusions are about the rows of the result, and the plan for one record has no result.
  const exclusions = rule.window === undefined ? (rule.exclusions ?? []) : [];
  let prepared: Prepared | undefined;
  let literals: [readonly Literal[] | undefined] | undefined;
  const whole = () => (prepared ??= preparePlan(rule.plan, { conditions: exclusions }));
  return {
    rule,
    get evaluate() {
      return whole().evaluate;
    },
    get literals() {
      return (literals ??= [necessaryLiterals(rule.plan)])[0];
    },
    mayMatch: quickFilter(rule.plan),
    window: rule.window && readyWindow(rule.window, rule.exclusions),
    excludes: exclusions.length === 0 ? undefined : (resultRow) => whole().isTrue(resultRow),
  };
}

function readyWindow({ plan, schedule }: RuleWindow, exclusions: Rule["exclusions"] = []): ReadyWindow {
  let prepared: EvaluateWindow | undefined;
  return {
    schedule,
    get evaluate() {
      return (prepared ??= prepareWindow(plan, { exclusions }));
    },
  };
}
