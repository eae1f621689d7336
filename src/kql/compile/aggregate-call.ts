import { AGGREGATES } from "../run/aggregates.ts";
import type { Expression } from "../plan.ts";
import { elements, part, textOf, type Syntax } from "./kusto-parser.ts";
import { isScalarType, refusal, type Environment } from "./scope.ts";

/** A call of an aggregate inside an expression of `summarize`, e.g. the `count()` of `count() * 2`. */
export function lowerAggregateCall(name: string, node: Syntax, environment: Environment): Expression | undefined {
  const { aggregate, ...plain } = environment;
  if (aggregate === undefined || !Object.hasOwn(AGGREGATES, name)) return undefined;
  const bound = node.ResultType?.Name ?? "unknown";
  const type = bound === "unknown" ? "dynamic" : bound;
  if (!isScalarType(type)) {
    throw refusal(node, environment, "unsupported-type", `pimwatch has no values of type ${type}: ${textOf(node)}`);
  }
  const args = elements(part(part(node, "ArgumentList"), "Expressions"));
  return aggregate({ name, type, arguments: args.map((each) => plain.lower.expression(each, plain)) });
}
