import type { Expression } from "../../plan.ts";
import { literalValue } from "../../run/bind-expression.ts";
import { jsonText } from "../../run/dynamic-text.ts";
import { FUNCTIONS } from "../../run/function-table.ts";
import { formatDatetime, formatTimespan } from "../../run/time.ts";
import { toText } from "../../run/conversion.ts";

const MOST_CHARACTERS = 100;
const MOST_VALUES = 3;

/**
 * An expression in KQL, shortened to about a line. For people: a plan has no names for columns between its steps, so a
 * computed column is written as what it is computed from.
 *
 * @param columns the text of each column
 */
export function expressionText(expression: Expression, columns: readonly string[]): string {
  return shortened(textOf(expression, columns), MOST_CHARACTERS);
}

export function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}

function textOf(expression: Expression, columns: readonly string[]): string {
  switch (expression.kind) {
    case "column":
      return columns[expression.index] ?? `column ${expression.index}`;
    case "shared":
      return "another table";
    case "literal":
      return literalText(expression);
    case "call":
    default:
      return callText(
        expression.name,
        expression.arguments.map((each) => operandText(each, textOf(each, columns))),
      );
  }
}

/** An `or` stands in parentheses among the operands of a call, or the conditions that are joined by `and`. */
export function operandText(operand: Expression, text: string): string {
  return operand.kind === "call" && operand.name === "or" ? `(${text})` : text;
}

function literalText({ value, type }: Extract<Expression, { kind: "literal" }>): string {
  const exact = literalValue(value, type);
  if (type === "string" || exact === null) return JSON.stringify(exact);
  if (type === "timespan" && typeof exact === "bigint") return `timespan(${formatTimespan(exact)})`;
  if (type === "datetime" && typeof exact === "bigint") return `datetime(${formatDatetime(exact)})`;
  return type === "dynamic" ? jsonText(exact) : toText(exact, type);
}

/** In the form that the table of functions shows: `a has b`, `a in (b, …)`, `a between (b .. c)`, `a.name`, `name(a)`. */
function callText(name: string, [first = "", ...others]: readonly string[]): string {
  const form = FUNCTIONS[name]?.form ?? "";
  const list = others.length > MOST_VALUES ? [...others.slice(0, MOST_VALUES), "…"] : others;
  if (form === "a.name") return `${first}.${(others[0] ?? "").replaceAll('"', "")}`;
  if (form === "a[index]") return `${first}[${others.join()}]`;
  if (form.endsWith(" (b, …)")) return `${first} ${name} (${list.join(", ")})`;
  if (form.endsWith(" (b .. c)")) return `${first} ${name} (${others.join(" .. ")})`;
  if (form.startsWith("a ")) return `${first} ${name} ${others.join()}`;
  return `${name}(${[first, ...others].join(", ")})`;
}
