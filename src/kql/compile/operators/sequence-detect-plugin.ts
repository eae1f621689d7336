import type { Expression } from "../../plan.ts";
import { elements, listOf, part, textOf, type Syntax } from "../kusto-parser.ts";
import { columnOf, refusal, type Environment, type ScopeColumn } from "../scope.ts";
import { over, refuseAtTableLevel, refuseUnavailable, withStep, type LowerOperator } from "./operator.ts";

/**
 * `evaluate sequence_detect(time, stepWindow, span, step = predicate, …, dimension, …)`: one row for each sequence of rows that
 * meet the predicates one after the other.
 *
 * @see https://learn.microsoft.com/kusto/query/sequence-detect-plugin
 */
export const lowerSequenceDetect: LowerOperator = (node, input, environment) => {
  refuseAtTableLevel("sequence_detect", node, input, environment);
  const scope = over(input, environment);
  const [timeNode, stepNode, spanNode, ...others] = elements(
    part(part(part(node, "FunctionCall"), "ArgumentList"), "Expressions"),
  );
  if (timeNode === undefined || stepNode === undefined || spanNode === undefined)
    throw refusal(node, environment, "invalid-call", "sequence_detect takes a time, two timespans and predicates");
  const time = environment.lower.expression(timeNode, scope);
  if (time.type !== "datetime")
    throw refusal(timeNode, environment, "invalid-type", `${textOf(timeNode)} is ${time.type}, not a datetime`);
  const values = others.map((each) => environment.lower.expression(each, scope));
  refuseUnavailable([time, ...values], node, input, environment);
  // As in the binder: the first argument and the booleans behind it are steps, the rest are dimensions.
  const firstDimension = values.findIndex(({ type }, index) => index > 0 && type !== "bool");
  const end = firstDimension < 0 ? values.length : firstDimension;
  const [predicates, dimensions] = [values.slice(0, end), values.slice(end)];
  const names = listOf(part(node, "FunctionCall").ResultType?.Columns).map(({ Name }) => Name);
  const columns: ScopeColumn[] = [
    ...dimensions.map((value, index) => columnOf(names[index] ?? "", value, input.columns)),
    ...predicates.map((_, index): ScopeColumn => ({ name: names[dimensions.length + index] ?? "", type: "datetime" })),
    { name: "Duration", type: "timespan" },
  ];
  const stepWindow = constantTimespan(stepNode, scope);
  const span = constantTimespan(spanNode, scope);
  return withStep(input, { step: "sequence", time, stepWindow, span, predicates, dimensions }, columns);
};

function constantTimespan(node: Syntax, environment: Environment): Expression {
  const value = environment.lower.expression(node, environment);
  if (value.kind === "literal" && value.type === "timespan" && value.value !== null) return value;
  throw refusal(node, environment, "invalid-call", `sequence_detect: ${textOf(node)} must be a constant timespan`);
}
