import type { Expression } from "../../plan.ts";
import { elements, kindOf, listOf, part, resultName, textOf, type Syntax } from "../kusto-parser.ts";
import {
  columnExpression,
  columnOf,
  columnsReadBy,
  refusal,
  type Environment,
  type ScopeColumn,
  type Table,
} from "../scope.ts";
import { withLeftCondition } from "./left-condition.ts";
import { refuseEarlierEvents } from "./earlier-events.ts";
import { lowerColumns } from "../lower-expression.ts";
import { acrossRows } from "./row-functions.ts";
import { over, projected, refuseUnavailable, withStep, type LowerOperator } from "./operator.ts";

export const lowerWhere: LowerOperator = (node, input, environment) => {
  const condition = part(node, "Condition");
  const { table, result: predicate } = acrossRows(condition, input, environment, (inside) =>
    inside.lower.expression(condition, over(input, inside)),
  );
  refuseUnavailable([predicate], condition, table, environment);
  refusePerEvent(predicate, condition, table, environment);
  refuseEarlierEvents(predicate, condition, table, environment);
  const found = withStep({ ...table, steps: withLeftCondition(table.steps, predicate) }, { step: "where", predicate });
  return table === input ? found : keeping(found, [...input.columns.keys()]);
};

/** Refuses to test a value of `summarize`: here it covers one event, in Kusto all events of a window. */
export function refusePerEvent(tested: Expression, node: Syntax, input: Table, environment: Environment): void {
  const column = columnsReadBy(tested)
    .map((index) => input.columns[index])
    .find((each) => each?.perEvent);
  if (column === undefined) return;
  const message = `"${column.name}" is an aggregate; a step that tests it needs the rows of all events`;
  throw refusal(node, environment, "not-event-local", message);
}

/** `Name = value`, or a value with the name that Kusto gives it. */
export interface NamedValue extends ScopeColumn {
  readonly value: Expression;
}

export const lowerProject: LowerOperator = (node, input, environment) => {
  const { table, result } = acrossRows(node, input, environment, (inside) => namedValues(node, input, inside));
  const named = distinctlyNamed(node, result);
  return projected(
    table,
    columnsOfNamed(named),
    named.map(({ value }) => value),
  );
};

/** Existing columns are removed and appended with their new values, as Kusto's page on extend says. */
export const lowerExtend: LowerOperator = (node, input, environment) => {
  const { table, result: all } = acrossRows(node, input, environment, (inside) => namedValues(node, input, inside));
  // If values have the same name, the last one wins.
  const named = all.filter(({ name }, index) => all.findLastIndex((each) => each.name === name) === index);
  const replaced = new Set(named.map(({ name }) => name));
  const kept = input.columns.flatMap(({ name }, index) => (replaced.has(name) ? [] : [index]));
  return projected(
    table,
    [...pick(input.columns, kept), ...columnsOfNamed(named)],
    [...kept.map((index) => columnExpression(input.columns, index)), ...named.map(({ value }) => value)],
  );
};

/** Says that the order of the rows is certain, and may add columns as `extend` does. */
export const lowerSerialize: LowerOperator = (node, input, environment, isFirst) => {
  const serialized: Table = { ...input, isSerialized: true };
  if (elements(part(node, "Expressions")).length === 0) return serialized;
  return lowerExtend(node, serialized, environment, isFirst);
};

/** If expressions have the same derived name, as in `bin(t, 1h), startofday(t)`, the binder numbers them: `t`, `t1`. */
export function distinctlyNamed(node: Syntax, named: readonly NamedValue[]): readonly NamedValue[] {
  const bound = listOf(node.ResultType?.Columns);
  if (new Set(named.map(({ name }) => name)).size === named.length || bound.length !== named.length) return named;
  return named.map((each, index) => ({ ...each, name: bound[index]?.Name ?? each.name }));
}

export function columnsOfNamed(named: readonly NamedValue[]): ScopeColumn[] {
  return named.map(({ value: _value, ...column }) => column);
}

/**
 * The values with their names. If a name is neither written nor derived from the expression, the binder generated it
 * (`Column1`): the generated names are found in the binder's result, in order.
 */
export function namedValues(
  node: Syntax,
  input: Table,
  environment: Environment,
  generated = /^Column\d+$/,
): NamedValue[] {
  const expressions = elements(part(node, "Expressions"));
  const written = expressions.map(nameOf);
  const known = new Set([...written, ...input.columns.map(({ name }) => name)]);
  const generatedNames = listOf(node.ResultType?.Columns)
    .map(({ Name }) => Name)
    .filter((name) => generated.test(name) && !known.has(name));
  return expressions.flatMap((each, index) => {
    const isNamed = kindOf(each) === "SimpleNamedExpression" || kindOf(each) === "CompoundNamedExpression";
    const expression = isNamed ? part(each, "Expression") : each;
    const values = lowerColumns(expression, over(input, environment));
    const first = written[index] || (values.length > 1 ? "" : (generatedNames.shift() ?? `Column${index + 1}`));
    const names = namesOf(each, first, expression);
    if (names.length > values.length) {
      const message = `${textOf(expression)} returns ${values.length} values for ${names.length} names`;
      throw refusal(each, environment, "unsupported-expression", message);
    }
    return values.map((value, at) => ({ ...columnOf(names[at] ?? `Column${at + 1}`, value, input.columns), value }));
  });
}

/** The names of an expression's columns: the written ones, then the binder's. */
function namesOf(node: Syntax, first: string, expression: Syntax): string[] {
  const written =
    kindOf(node) === "CompoundNamedExpression"
      ? elements(part(part(node, "Names"), "Names")).map((name) => name.SimpleName ?? textOf(name))
      : first === ""
        ? []
        : [first];
  const bound = listOf(expression.ResultType?.Columns).map(({ Name }) => Name);
  return [...written, ...bound.slice(written.length)];
}

export function nameOf(node: Syntax): string {
  return kindOf(node) === "SimpleNamedExpression" ? (part(node, "Name").SimpleName ?? "") : resultName(node);
}

export const lowerProjectAway: LowerOperator = (node, input) => {
  const away = new Set(elements(part(node, "Expressions")).flatMap((each) => matching(each, input.columns)));
  return keeping(
    input,
    input.columns.flatMap((_, index) => (away.has(index) ? [] : [index])),
  );
};

export const lowerProjectKeep: LowerOperator = (node, input) => {
  const kept = new Set(elements(part(node, "Expressions")).flatMap((each) => matching(each, input.columns)));
  return keeping(
    input,
    input.columns.flatMap((_, index) => (kept.has(index) ? [index] : [])),
  );
};

export const lowerProjectRename: LowerOperator = (node, input) => {
  const names = new Map<string, string>();
  for (const each of elements(part(node, "Expressions"))) {
    names.set(part(each, "Expression").SimpleName ?? "", part(each, "Name").SimpleName ?? "");
  }
  return {
    ...input,
    columns: input.columns.map((column) => ({ ...column, name: names.get(column.name) ?? column.name })),
  };
};

/** Columns come in the order of the first name or pattern that matches them; the others follow in their old order. */
export const lowerProjectReorder: LowerOperator = (node, input) => {
  const order = new Set<number>();
  for (const each of elements(part(node, "Expressions"))) {
    const isOrdered = kindOf(each) === "OrderedExpression";
    const found = matching(isOrdered ? part(each, "Expression") : each, input.columns);
    const direction = isOrdered ? textOf(part(each, "Ordering")).toLowerCase() : "";
    for (const index of sortedByName(found, input.columns, direction)) order.add(index);
  }
  for (const index of input.columns.keys()) order.add(index);
  return keeping(input, [...order]);
};

function sortedByName(found: readonly number[], columns: readonly ScopeColumn[], direction: string): readonly number[] {
  if (direction === "") return found;
  const isGranny = direction.startsWith("granny");
  const collator = new Intl.Collator("en", { numeric: isGranny });
  const compare = isGranny
    ? (left: string, right: string) => collator.compare(left, right)
    : (left: string, right: string) => (left < right ? -1 : Number(left > right));
  const sign = direction.endsWith("desc") ? -1 : 1;
  return found.toSorted((left, right) => sign * compare(columns[left]?.name ?? "", columns[right]?.name ?? ""));
}

/** The columns that a name, or a pattern with `*`, matches. */
function matching(node: Syntax, columns: readonly ScopeColumn[]): number[] {
  const name = node.SimpleName ?? textOf(node);
  const pattern = new RegExp(`^${name.replaceAll(/[\\^$.|?+()[\]{}]/g, String.raw`\$&`).replaceAll("*", ".*")}$`, "s");
  return columns.flatMap((column, index) => (pattern.test(column.name) ? [index] : []));
}

/** The table with some of its columns. */
export function keeping(input: Table, indexes: readonly number[]): Table {
  return projected(
    input,
    pick(input.columns, indexes),
    indexes.map((index) => columnExpression(input.columns, index)),
  );
}

function pick(columns: readonly ScopeColumn[], indexes: readonly number[]): ScopeColumn[] {
  return indexes.flatMap((index) => columns[index] ?? []);
}
