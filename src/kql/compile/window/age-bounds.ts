import type { Expression } from "../../plan.ts";
import { literalValue } from "../../run/bind-expression.ts";

/** How old the records that rows are made of are at an instant, in ticks of 100 ns. */
export interface AgeBounds {
  /** None is older. */
  readonly oldest: number;
  /** None is younger. */
  readonly youngest: number;
}

/** The window bounds them. */
export const ANY_AGE: AgeBounds = { oldest: Infinity, youngest: 0 };

export function within(one: AgeBounds, other: AgeBounds): AgeBounds {
  return { oldest: Math.min(one.oldest, other.oldest), youngest: Math.max(one.youngest, other.youngest) };
}

export function withinBoth(one: AgeBounds, other: AgeBounds): AgeBounds {
  return { oldest: Math.max(one.oldest, other.oldest), youngest: Math.min(one.youngest, other.youngest) };
}

/**
 * The bounds that a condition on the time of a record sets: `TimeGenerated > ago(1d)`.
 *
 * @param times the columns that hold the time of the record
 */
export function ageBounds(condition: Expression, times: readonly number[]): AgeBounds {
  if (condition.kind !== "call") return ANY_AGE;
  const [first, second, third] = condition.arguments;
  const isTime = (each: Expression | undefined) => each?.kind === "column" && times.includes(each.index);
  const [oneAge, otherAge, thirdAge] = [ageOf(first), ageOf(second), ageOf(third)];
  switch (condition.name) {
    case ">":
    case ">=":
      if (isTime(first) && otherAge !== undefined) return { ...ANY_AGE, oldest: otherAge };
      return isTime(second) && oneAge !== undefined ? { ...ANY_AGE, youngest: oneAge } : ANY_AGE;
    case "<":
    case "<=":
      if (isTime(first) && otherAge !== undefined) return { ...ANY_AGE, youngest: otherAge };
      return isTime(second) && oneAge !== undefined ? { ...ANY_AGE, oldest: oneAge } : ANY_AGE;
    case "between":
      return isTime(first) ? { oldest: otherAge ?? Infinity, youngest: thirdAge ?? 0 } : ANY_AGE;
    default:
      return ANY_AGE;
  }
}

/** How long before the instant the value of an expression lies: of `now()`, `ago(1d)`, `ago(1d) - 1h`. */
function ageOf(expression: Expression | undefined): number | undefined {
  if (expression?.kind !== "call") return undefined;
  const { name, arguments: operands } = expression;
  const [first, second] = operands;
  if (name === "now") return first === undefined ? 0 : negative(span(first));
  if (name === "ago") return span(first);
  const age = ageOf(first);
  const shift = span(second);
  if (age === undefined || shift === undefined) return undefined;
  if (name === "-") return age + shift;
  return name === "+" ? age - shift : undefined;
}

function negative(ticks: number | undefined): number | undefined {
  return ticks === undefined ? undefined : -ticks;
}

function span(expression: Expression | undefined): number | undefined {
  if (expression?.kind !== "literal" || expression.type !== "timespan") return undefined;
  const ticks = literalValue(expression.value, "timespan");
  return typeof ticks === "bigint" ? Number(ticks) : undefined;
}
