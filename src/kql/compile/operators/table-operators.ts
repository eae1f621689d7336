import type { Expression, OrderKey } from "../../plan.ts";
import { children, elements, kindOf, optionalPart, part, textOf, type Syntax } from "../kusto-parser.ts";
import { stringLiteral } from "../literals.ts";
import { columnExpression, refusal, type Environment, type ScopeColumn, type Table } from "../scope.ts";
import {
  constantCount,
  over,
  parameterOf,
  projected,
  refuseAtTableLevel,
  refuseUnavailable,
  withStep,
  type LowerOperator,
} from "./operator.ts";
import { namedValues, columnsOfNamed, distinctlyNamed } from "./row-operators.ts";

export const lowerSort: LowerOperator = (node, input, environment) => {
  const keys = elements(part(node, "Expressions")).map((each) => orderKey(each, input, environment));
  return withStep(input, { step: "order", keys });
};

/** Descending by default; nulls come last when descending, first when ascending. */
function orderKey(node: Syntax, input: Table, environment: Environment): OrderKey {
  const isOrdered = kindOf(node) === "OrderedExpression";
  const value = environment.lower.expression(isOrdered ? part(node, "Expression") : node, over(input, environment));
  refuseUnavailable([value], node, input, environment);
  const words = isOrdered ? textOf(part(node, "Ordering")).toLowerCase().split(/\s+/) : [];
  const descending = !words.includes("asc");
  const nullsFirst = words.includes("first") || (!descending && !words.includes("last"));
  return { value, descending, nullsFirst };
}

export const lowerTop: LowerOperator = (node, input, environment) => {
  refuseAtTableLevel("top", node, input, environment);
  const key = orderKey(part(node, "ByExpression"), input, environment);
  const count = constantCount(node, "Expression", environment);
  return withStep(withStep(input, { step: "order", keys: [key] }), { step: "take", count });
};

export const lowerTake: LowerOperator = (node, input, environment) => {
  refuseAtTableLevel(textOf(children(node)[0] ?? node), node, input, environment);
  return withStep(input, { step: "take", count: constantCount(node, "Expression", environment) });
};

export const lowerCount: LowerOperator = (node, input, environment) => {
  refuseAtTableLevel("count", node, input, environment);
  const named = optionalPart(node, "AsIdentifier");
  const name = (named && optionalPart(named, "Identifier")?.SimpleName) ?? "Count";
  const aggregates = [{ name: "count", type: "long", arguments: [] } as const];
  return withStep(input, { step: "summarize", by: [], aggregates }, [{ name, type: "long" }]);
};

export const lowerDistinct: LowerOperator = (node, input, environment) => {
  const [first] = elements(part(node, "Expressions"));
  if (first && kindOf(first) === "StarExpression") {
    refuseUnavailable(
      input.columns.map((_, index) => columnExpression(input.columns, index)),
      node,
      input,
      environment,
    );
    return withStep(input, { step: "distinct" });
  }
  const named = distinctlyNamed(node, namedValues(node, input, environment));
  refuseUnavailable(
    named.map(({ value }) => value),
    node,
    input,
    environment,
  );
  return withStep(
    projected(
      input,
      columnsOfNamed(named),
      named.map(({ value }) => value),
    ),
    { step: "distinct" },
  );
};

/** A name for `union withsource` and for later operators. The rows stay unchanged. */
export const lowerAs: LowerOperator = (node, input) => {
  const name = part(node, "Name").SimpleName ?? textOf(part(node, "Name"));
  return { ...input, name, named: [...(input.named ?? []), [name, { ...input, name }]] };
};

/**
 * All columns of all branches, the first branch's first. A name with several types becomes one column for each type, with
 * the type in its name.
 */
export const lowerUnion: LowerOperator = (node, input, environment, isFirst) => {
  if (environment.subqueryInput) {
    throw refusal(node, environment, "not-event-local", "union inside a subquery reads other events");
  }
  const sources = elements(part(node, "Expressions")).map((each) => environment.lower.table(each, environment));
  const branches = isFirst ? sources : [input, ...sources];
  const kind = parameterOf(node, "kind");
  const columns = kind && textOf(kind) === "inner" ? commonColumns(branches) : allColumns(branches);
  const source = parameterOf(node, "withsource") ?? parameterOf(node, "with_source");
  const steps = branches.map((branch, position) => [
    ...branch.steps,
    {
      step: "project",
      values: [
        ...(source ? [stringLiteral(branch.name ?? `union_arg${position}`)] : []),
        ...columns.map(({ from }) => valueFrom(branch, from)),
      ],
    } as const,
  ]);
  const sourceColumn: ScopeColumn[] = source ? [{ name: source.SimpleName ?? textOf(source), type: "string" }] : [];
  return {
    named: branches.flatMap(({ named = [] }) => named),
    steps: [{ step: "union", branches: steps }],
    columns: [...sourceColumn, ...columns.map(({ column }) => column)],
    // Over one event, the rows of a constant branch would be found with every event.
    readsEvent: environment.shared
      ? branches.some(({ readsEvent }) => readsEvent)
      : branches.every(({ readsEvent }) => readsEvent),
  };
};

interface UnionColumn {
  readonly column: ScopeColumn;
  /** Name and type in the branches. */
  readonly from: ScopeColumn;
}

function allColumns(branches: readonly Table[]): UnionColumn[] {
  const byName = new Map<string, ScopeColumn[]>();
  for (const column of branches.flatMap(({ columns }) => columns)) {
    const same = byName.get(column.name) ?? [];
    const known = same.findIndex(({ type }) => type === column.type);
    if (known < 0) same.push(column);
    else if (column.perEvent || column.unavailable !== undefined) same[known] = column;
    byName.set(column.name, same);
  }
  const taken = new Set(byName.keys());
  return [...byName.values()].flatMap((same) =>
    same.map((from) => {
      if (same.length === 1) return { column: from, from };
      let name = `${from.name}_${from.type}`;
      for (let suffix = 1; taken.has(name); suffix += 1) name = `${from.name}_${from.type}${suffix}`;
      taken.add(name);
      return { column: { ...from, name }, from };
    }),
  );
}

function commonColumns(branches: readonly Table[]): UnionColumn[] {
  const [first, ...others] = branches;
  return (first?.columns ?? [])
    .filter(({ name, type }) =>
      others.every(({ columns }) => columns.some((each) => each.name === name && each.type === type)),
    )
    .map((column) => ({ column, from: column }));
}

function valueFrom({ columns }: Table, { name, type }: ScopeColumn): Expression {
  const index = columns.findIndex((column) => column.name === name && column.type === type);
  return index >= 0 ? columnExpression(columns, index) : { kind: "literal", type, value: null };
}

/** One row of constants. */
export const lowerPrint: LowerOperator = (node, input, environment) => {
  const empty: Table = { steps: [], columns: [], readsEvent: false };
  const named = namedValues(node, empty, environment, /^print_\d+$/);
  const values = named.map(({ value }) => value);
  refuseUnavailable(values, node, empty, environment);
  const rows = [values];
  return { ...input, steps: [{ step: "table", rows }], columns: columnsOfNamed(named), readsEvent: false };
};
