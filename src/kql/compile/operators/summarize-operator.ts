import type { Aggregate, Expression } from "../../plan.ts";
import { elements, kindOf, listOf, optionalPart, part, type Syntax } from "../kusto-parser.ts";
import {
  columnOf,
  refusal,
  runnable,
  unavailableIn,
  type Environment,
  type ScopeColumn,
  type Table,
} from "../scope.ts";
import { over, projected, refuseAtTableLevel, refuseUnavailable, withStep, type LowerOperator } from "./operator.ts";

/** Aggregates with several columns: the key, and one for each further argument. */
const WITH_ROW = new Set(["arg_max", "arg_min"]);
const OF_ROW = new Set(["take_any", "any"]);

/**
 * Groups the rows. At table level these are the rows of only one event, so the aggregates are marked and no later step may
 * test them. Inside a subquery they are all rows.
 */
export const lowerSummarize: LowerOperator = (node, input, environment) => {
  const byClause = optionalPart(node, "ByClause");
  const keys = byClause ? elements(part(byClause, "Expressions")) : [];
  if (keys.length === 0) refuseAtTableLevel("summarize without by", node, input, environment);
  const scope = over(input, environment);
  const by = keys.map((key) => environment.lower.expression(key, scope));
  if (byClause) refuseUnavailable(by, byClause, input, environment);
  const names = listOf(node.ResultType?.Columns).map(({ Name }) => Name);
  const byColumns = by.map((value, index) => columnOf(names[index] ?? `Column${index + 1}`, value, input.columns));

  const aggregates: Aggregate[] = [];
  const marks: Pick<ScopeColumn, "unavailable">[] = [];
  const inside: Environment = {
    ...scope,
    aggregate(call) {
      const unavailable = call.arguments
        .map((each) => unavailableIn(each, input.columns))
        .find((each) => each !== undefined);
      marks.push(unavailable === undefined ? {} : { unavailable });
      aggregates.push({ ...call, arguments: call.arguments.map(runnable) });
      return { kind: "column", type: call.type, index: by.length + aggregates.length - 1 };
    },
  };
  const items = elements(part(node, "Aggregates"));
  const values = items.flatMap((item) => lowerAggregate(item, inside, { input, keys: by }));
  const perEvent = environment.subqueryInput === undefined && environment.shared === undefined && input.readsEvent;
  const columns = values.map((value, index): ScopeColumn => {
    const name = names[by.length + index] ?? `Column${index + 1}`;
    return perEvent ? { name, type: value.type, perEvent } : { name, type: value.type };
  });
  const wide = [
    ...byColumns,
    ...aggregates.map(({ name, type }, index): ScopeColumn => ({ name, type, ...marks[index] })),
  ];
  const summarized = withStep(input, { step: "summarize", by, aggregates }, wide);
  const keyValues = by.map(({ type }, index): Expression => ({ kind: "column", type, index }));
  return projected(summarized, [...byColumns, ...columns], [...keyValues, ...values]);
};

interface Grouping {
  readonly input: Table;
  readonly keys: readonly Expression[];
}

/** One aggregate expression: one value, or several for an aggregate that takes a whole row. */
function lowerAggregate(item: Syntax, environment: Environment, grouping: Grouping): Expression[] {
  const isNamed = kindOf(item) === "SimpleNamedExpression" || kindOf(item) === "CompoundNamedExpression";
  const expression = isNamed ? part(item, "Expression") : item;
  const name = kindOf(expression) === "FunctionCallExpression" ? (part(expression, "Name").SimpleName ?? "") : "";
  const args = name === "" ? [] : elements(part(part(expression, "ArgumentList"), "Expressions"));
  const isOfRow = OF_ROW.has(name) && (args.length > 1 || args.some(isStar));
  const { aggregate, ...plain } = environment;
  if (aggregate === undefined || !(WITH_ROW.has(name) || isOfRow))
    return [environment.lower.expression(item, environment)];
  const values = (nodes: readonly Syntax[], key?: Expression) =>
    nodes.flatMap((each) => (isStar(each) ? starColumns(grouping, key) : [plain.lower.expression(each, plain)]));
  if (isOfRow) {
    // All columns must come from one row: arg_max with a constant key takes the first.
    const same: Expression = { kind: "literal", type: "bool", value: true };
    return values(args).map((value) => aggregate({ name: "arg_max", type: value.type, arguments: [same, value] }));
  }
  const [keyNode, ...rest] = args;
  if (keyNode === undefined) throw refusal(expression, environment, "invalid-call", `${name} needs an argument`);
  const key = plain.lower.expression(keyNode, plain);
  return [key, ...values(rest, key)].map((value) => aggregate({ name, type: value.type, arguments: [key, value] }));
}

function isStar(node: Syntax): boolean {
  return kindOf(node) === "StarExpression";
}

/** All columns except the key and those that the rows are grouped by. */
function starColumns({ input, keys }: Grouping, key?: Expression): Expression[] {
  const used = new Set([...keys, ...(key ? [key] : [])].map((each) => (each.kind === "column" ? each.index : -1)));
  return input.columns.flatMap(({ type }, index): Expression[] =>
    used.has(index) ? [] : [{ kind: "column", type, index }],
  );
}
