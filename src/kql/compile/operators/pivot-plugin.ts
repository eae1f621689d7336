import { AGGREGATES } from "../../run/aggregates.ts";
import type { Aggregate, Expression } from "../../plan.ts";
import { elements, optionalPart, part, textOf, type Syntax } from "../kusto-parser.ts";
import { stringLiteral } from "../literals.ts";
import { columnExpression, columnsReadBy, refusal, type Environment, type ScopeColumn, type Table } from "../scope.ts";
import { declaredColumn, namesReadAfter } from "./bag-unpack-plugin.ts";
import { keeping } from "./row-operators.ts";
import { over, refuseAtTableLevel, refuseUnavailable, withStep, type LowerOperator } from "./operator.ts";

/** Without one, pivot counts the rows. */
const COUNT: Aggregate = { name: "count", type: "long", arguments: [] };

/**
 * `evaluate pivot(column [, aggregate [, group, …]])` makes a column of each value of a column. They depend on the data; here
 * they are those that the rest of the query or the rule names.
 *
 * @see https://learn.microsoft.com/kusto/query/pivot-plugin
 */
export const lowerPivot: LowerOperator = (node, input, environment) => {
  refuseAtTableLevel("pivot", node, input, environment);
  const plugin = part(node, "FunctionCall");
  const schema = optionalPart(node, "Schema");
  const [columnNode, aggregateNode, ...groupNodes] = elements(part(part(plugin, "ArgumentList"), "Expressions"));
  if (columnNode === undefined) throw refusal(plugin, environment, "invalid-call", "pivot needs a column");
  const scope = over(input, environment);
  const column = environment.lower.expression(columnNode, scope);
  const aggregate = aggregateNode ? aggregateOf(aggregateNode, scope) : COUNT;
  const used = new Set([column, ...aggregate.arguments].flatMap(columnsReadBy));
  const by =
    groupNodes.length > 0
      ? groupNodes.map((each) => environment.lower.expression(each, scope))
      : [...input.columns.keys()]
          .filter((index) => !used.has(index))
          .map((index) => columnExpression(input.columns, index));
  refuseUnavailable([column, ...aggregate.arguments, ...by], node, input, environment);
  const groups = by.map((value) => groupColumn(value, input));
  const taken = new Set(groups.map(({ name }) => name));
  const declared = schema && elements(part(part(schema, "Schema"), "Columns"));
  const wanted = declared?.map((each) => part(each, "Name").SimpleName ?? "") ?? [
    ...namesReadAfter(plugin),
    ...environment.columnsRead,
  ];
  const names = [...new Set(wanted)].filter((name) => !taken.has(name));
  const value: Expression = { kind: "call", type: "string", name: "tostring", arguments: [column] };
  const aggregates = names.map((name) =>
    only(aggregate, { kind: "call", type: "bool", name: "==", arguments: [value, stringLiteral(name)] }),
  );
  const made = names.map((name): ScopeColumn => ({ name, type: aggregate.type }));
  const pivoted = withStep(input, { step: "summarize", by, aggregates }, [...groups, ...made]);
  return declared
    ? keeping(
        pivoted,
        declared.map((each) => indexOf(each, pivoted, environment)),
      )
    : pivoted;
};

/** The column of the result that the schema declares. */
function indexOf(declaration: Syntax, { columns }: Table, environment: Environment): number {
  const { name, type } = declaredColumn(declaration, environment);
  const index = columns.findIndex((each) => each.name === name);
  const found = columns[index]?.type ?? type;
  if (found === type) return index;
  throw refusal(declaration, environment, "invalid-type", `pivot: the column "${name}" is ${found}, not ${type}`);
}

function groupColumn(value: Expression, input: Table): ScopeColumn {
  const column = value.kind === "column" ? input.columns[value.index] : undefined;
  return column ?? { name: "", type: value.type };
}

/** The only aggregate of an argument. */
function aggregateOf(node: Syntax, scope: Environment): Aggregate {
  let found: Aggregate | undefined;
  const lowered = scope.lower.expression(node, {
    ...scope,
    aggregate(call) {
      found = call;
      return { kind: "column", type: call.type, index: -1 };
    },
  });
  if (found !== undefined && lowered.kind === "column" && conditional(found) !== undefined) return found;
  throw refusal(node, scope, "invalid-call", `pivot: ${textOf(node)} is not an aggregate that pimwatch can run here`);
}

/** The form of an aggregate that has a condition: `countif`, `make_set_if`. */
function conditional({ name }: Aggregate): string | undefined {
  return [`${name}if`, `${name}_if`].find((each) => Object.hasOwn(AGGREGATES, each));
}

function only(aggregate: Aggregate, condition: Expression): Aggregate {
  const [first, ...others] = aggregate.arguments;
  const values = first === undefined ? [condition] : [first, condition, ...others];
  return { ...aggregate, name: conditional(aggregate) ?? aggregate.name, arguments: values };
}
