import type { Expression } from "../../plan.ts";
import { bindExpression } from "../../run/bind-expression.ts";
import { DEFAULT_LIMITS, newEvaluation } from "../../run/evaluation.ts";
import { isVolatile } from "../../run/function-table.ts";
import type { Value } from "../../run/values.ts";
import { expressionText } from "./expression-text.ts";

/**
 * What can become of a value of a row, at one instant, when more events come:
 *
 *     fixed        nothing
 *     instant      nothing, but it is another value at another instant
 *     optional     it is `empty` until a partner for the row comes, and never changes again
 *     growing      it is null at first, and then never becomes less
 *     shrinking    it is null at first, and then never becomes more
 *     list         the array gains elements and loses none
 *     staysTrue    it stays true once it is true
 *     staysFalse   it stays false once it is false
 *     anything     all else
 */
export type Trend =
  | { readonly kind: "fixed" | "instant" | "growing" | "shrinking" | "list" | "staysTrue" | "staysFalse" }
  | {
      readonly kind: "optional";
      /** The join whose partner it waits for. Values that wait for the same one change at once. */
      readonly join: string;
      /** Reads no column. */
      readonly empty: Expression;
    }
  | {
      readonly kind: "anything";
      /** Which expression makes it so. */
      readonly why: string;
    };

type Optional = Extract<Trend, { kind: "optional" }>;
type Call = Extract<Expression, { kind: "call" }>;

export interface Column {
  readonly trend: Trend;
  /** What it is computed from, in KQL. */
  readonly text: string;
}

export interface Scope {
  readonly columns: readonly Column[];
  /** The trend of a shared table of the plan. */
  readonly shared: (index: number) => Trend;
}

export const FIXED: Trend = { kind: "fixed" };
const INSTANT: Trend = { kind: "instant" };
export const GROWING: Trend = { kind: "growing" };
export const SHRINKING: Trend = { kind: "shrinking" };
export const LIST: Trend = { kind: "list" };
const STAYS_TRUE: Trend = { kind: "staysTrue" };
const STAYS_FALSE: Trend = { kind: "staysFalse" };

export function textIn(expression: Expression, { columns }: Scope): string {
  return expressionText(
    expression,
    columns.map(({ text }) => text),
  );
}

export function trendOf(expression: Expression, scope: Scope): Trend {
  switch (expression.kind) {
    case "column":
      return scope.columns[expression.index]?.trend ?? FIXED;
    case "shared":
      return scope.shared(expression.index);
    case "call":
      return trendOfCall(expression, scope);
    case "literal":
    default:
      return FIXED;
  }
}

/** The value of an optional column while its partner is missing. */
export function emptyValue({ empty }: Optional): Value {
  return bindExpression(empty, newEvaluation(DEFAULT_LIMITS)).compute([]);
}

/** They depend on the instant as its time does: no step from one value to the next lies between two instants. */
const STEADY = new Set(["now", "ago", "+", "-", "<", "<=", ">", ">=", "between", "!between", "and", "or", "not"]);

function trendOfCall(call: Call, scope: Scope): Trend {
  const { name } = call;
  const operands = call.arguments.map((each) => trendOf(each, scope));
  const unclear = operands.find(({ kind }) => kind === "anything");
  if (unclear !== undefined) return unclear;
  const are = (...kinds: readonly Trend["kind"][]) => operands.every(({ kind }) => kinds.includes(kind));
  if (are("fixed") && !isVolatile(name)) return FIXED;
  if (are("fixed", "instant") && STEADY.has(name)) return INSTANT;
  if (are("fixed", "instant")) return { kind: "anything", why: `${textIn(call, scope)} changes with time` };
  return (
    trendOfOptional(call, operands) ??
    trendOfLogic(name, operands) ??
    trendOfOrder(name, operands) ??
    trendOfList(name, operands) ?? {
      kind: "anything",
      why: `a later event can change ${textIn(call, scope)}`,
    }
  );
}

/** Null if one operand is. */
const STRICT = new Set(["<", "<=", ">", ">=", "between", "+", "-", "*", "/"]);

function trendOfOptional({ name, type, arguments: written }: Call, operands: readonly Trend[]): Trend | undefined {
  const optional = operands.filter((each) => each.kind === "optional");
  const joins = new Set(optional.map(({ join }) => join));
  if (optional.length === 0 || !operands.every(({ kind }) => kind === "fixed" || kind === "optional")) return undefined;
  const join = [...joins].toSorted().join();
  const others = operands.flatMap(({ kind }, index) => (kind === "fixed" ? [written[index]] : []));
  if (joins.size === 1 && others.every((each) => each?.kind === "literal")) {
    const values = written.map((each, index) => {
      const operand = operands[index];
      return operand?.kind === "optional" ? operand.empty : each;
    });
    return { kind: "optional", join, empty: { kind: "call", type, name, arguments: values } };
  }
  if (!optional.every((each) => emptyValue(each) === null)) return undefined;
  if (STRICT.has(name)) return { kind: "optional", join, empty: { kind: "literal", type, value: null } };
  return name === "==" ? STAYS_TRUE : undefined;
}

function trendOfLogic(name: string, operands: readonly Trend[]): Trend | undefined {
  if (name === "not") return operands[0] && negated(operands[0]);
  if (name !== "and" && name !== "or") return undefined;
  const moving = operands.map(conditionTrend).filter(({ kind }) => kind !== "fixed" && kind !== "instant");
  return [STAYS_TRUE, STAYS_FALSE].find(({ kind }) => moving.every((each) => each.kind === kind));
}

function conditionTrend(trend: Trend): Trend {
  if (trend.kind !== "optional") return trend;
  return emptyValue(trend) === true ? STAYS_FALSE : STAYS_TRUE;
}

function negated({ kind }: Trend): Trend | undefined {
  if (kind === "staysTrue") return STAYS_FALSE;
  return kind === "staysFalse" ? STAYS_TRUE : undefined;
}

/** A function of one value that keeps the order of values. */
const ORDERLY = new Set(["bin", "floor", "tolong", "toreal"]);
const HAS_VALUE = new Set(["isnotempty", "isnotnull"]);
const HAS_NONE = new Set(["isempty", "isnull"]);

function trendOfOrder(name: string, [first = FIXED, second = FIXED]: readonly Trend[]): Trend | undefined {
  if (first.kind === "growing" || first.kind === "shrinking") {
    if (HAS_VALUE.has(name)) return STAYS_TRUE;
    if (HAS_NONE.has(name)) return STAYS_FALSE;
    if (ORDERLY.has(name) && second.kind === "fixed") return first;
  }
  switch (name) {
    case "+":
      return sumOf(first, second);
    case "-":
      return sumOf(first, turned(second));
    case ">":
    case ">=":
      return comparisonOf(sumOf(first, turned(second)));
    case "<":
    case "<=":
      return comparisonOf(sumOf(turned(first), second));
    default:
      return undefined;
  }
}

function turned(trend: Trend): Trend {
  if (trend.kind === "growing") return SHRINKING;
  return trend.kind === "shrinking" ? GROWING : trend;
}

function comparisonOf(difference: Trend | undefined): Trend | undefined {
  return difference && (difference.kind === "growing" ? STAYS_TRUE : STAYS_FALSE);
}

function sumOf(first: Trend, second: Trend): Trend | undefined {
  const moving = [first, second].filter((each) => !isStill(each));
  return [GROWING, SHRINKING].find(({ kind }) => moving.every((each) => each.kind === kind));
}

/** Whether it never changes once it is not null. */
function isStill(trend: Trend): boolean {
  if (trend.kind === "optional") return emptyValue(trend) === null;
  return trend.kind === "fixed" || trend.kind === "instant";
}

const IS_MEMBER = new Set(["in", "in~", "has_any"]);
const IS_NO_MEMBER = new Set(["!in", "!in~"]);

function trendOfList(name: string, [first = FIXED, ...others]: readonly Trend[]): Trend | undefined {
  const isOf = (...kinds: readonly Trend["kind"][]) => others.every(({ kind }) => kinds.includes(kind));
  if (first.kind === "fixed" && isOf("fixed", "list")) {
    if (IS_MEMBER.has(name)) return STAYS_TRUE;
    if (IS_NO_MEMBER.has(name)) return STAYS_FALSE;
  }
  if (first.kind !== "list" || !isOf("fixed")) return undefined;
  if (name === "array_length") return GROWING;
  return name === "set_has_element" ? STAYS_TRUE : undefined;
}
