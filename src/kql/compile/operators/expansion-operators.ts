import type { Expansion, Expression } from "../../plan.ts";
import type { ScalarType } from "../../run/values.ts";
import { elements, optionalPart, part, textOf, type Syntax } from "../kusto-parser.ts";
import {
  columnExpression,
  columnOf,
  isScalarType,
  refusal,
  type Environment,
  type ScopeColumn,
  type Table,
  CANONICAL_TYPES,
} from "../scope.ts";
import {
  constantCount,
  operatorName,
  over,
  parameterOf,
  projected,
  refuseUnavailable,
  withStep,
  type LowerOperator,
} from "./operator.ts";
import { nameOf } from "./row-operators.ts";

interface Expansions {
  readonly expansions: readonly Expansion[];
  readonly limit: number | null;
  /** The columns of the elements, and of their index if there is one. */
  readonly elementColumns: readonly ScopeColumn[];
  readonly withIndex: boolean;
}

/** Most rows that `mvexpand`, the operator's old name, makes of one. https://learn.microsoft.com/kusto/query/mv-expand-operator */
const LEGACY_ROW_LIMIT = 128;

/** The arguments that mv-expand and mv-apply share: named arrays, types, an index, a limit. */
function readExpansions(node: Syntax, input: Table, environment: Environment): Expansions {
  const scope = over(input, environment);
  const items = elements(part(node, "Expressions")).map((item) => {
    const expression = part(item, "Expression");
    const value = environment.lower.expression(expression, scope);
    if (value.type !== "dynamic") {
      throw refusal(
        expression,
        environment,
        "invalid-type",
        `${textOf(expression)} is ${value.type}, but only dynamic values can be expanded`,
      );
    }
    refuseUnavailable([value], expression, input, environment);
    const type = typeNamed(optionalPart(item, "ToTypeOf"), environment);
    const column = columnOf(nameOf(expression), value, input.columns);
    return { expansion: { value, type }, column: { ...column, type } };
  });
  const index = parameterOf(node, "with_itemindex");
  const rowLimit = optionalPart(node, "RowLimitClause");
  const isLegacy = operatorName(node) === "mvexpand";
  const taken = new Set([...input.columns, ...items.map(({ column }) => column)].map(({ name }) => name));
  const indexColumn: ScopeColumn[] = index
    ? [{ name: freeName(index.SimpleName ?? textOf(index), taken), type: "long" }]
    : [];
  return {
    expansions: items.map(({ expansion }) => expansion),
    limit: rowLimit ? constantCount(rowLimit, "RowLimit", environment) : isLegacy ? LEGACY_ROW_LIMIT : null,
    elementColumns: [...items.map(({ column }) => column), ...indexColumn],
    withIndex: index !== undefined,
  };
}

/** A name that no column has yet: `Name1` if there is a `Name`, as the binder does it. */
function freeName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted;
  for (let suffix = 1; taken.has(name); suffix += 1) name = `${wanted}${suffix}`;
  return name;
}

function typeNamed(clause: Syntax | undefined, environment: Environment): ScalarType {
  if (clause === undefined) return "dynamic";
  const [type] = elements(part(part(clause, "TypeOf"), "Types"));
  const name = CANONICAL_TYPES[type ? textOf(type) : ""] ?? (type ? textOf(type) : "");
  if (isScalarType(name)) return name;
  throw refusal(clause, environment, "unsupported-type", `pimwatch has no values of type ${name}`);
}

/** An expanded column keeps its place; new columns are appended, the index last. */
export const lowerMvExpand: LowerOperator = (node, input, environment) => {
  const { expansions, limit, elementColumns, withIndex } = readExpansions(node, input, environment);
  const kind = parameterOf(node, "kind") ?? parameterOf(node, "bagexpansion");
  const bags = kind && textOf(kind) === "array" ? "array" : "bag";
  const expanded = withStep(input, { step: "mv-expand", expansions, bags, limit, withIndex }, [
    ...input.columns,
    ...elementColumns,
  ]);
  return arranged(expanded, input.columns, elementColumns, input.columns.length);
};

/** Moves each added column to the place of the input's column of the same name; the others stay at the end. */
function arranged(table: Table, before: readonly ScopeColumn[], added: readonly ScopeColumn[], offset: number): Table {
  const order: { readonly column: ScopeColumn; readonly value: Expression }[] = [];
  const valueAt = (index: number) => ({
    column: added[index] ?? { name: "", type: "dynamic" as const },
    value: columnExpression(table.columns, offset + index),
  });
  for (const [index, column] of before.entries()) {
    const replacement = added.findIndex(({ name }) => name === column.name);
    order.push(replacement >= 0 ? valueAt(replacement) : { column, value: columnExpression(table.columns, index) });
  }
  for (const [index, { name }] of added.entries()) {
    if (before.every((column) => column.name !== name)) order.push(valueAt(index));
  }
  return projected(
    table,
    order.map(({ column }) => column),
    order.map(({ value }) => value),
  );
}

/**
 * The subquery reads the input's columns and the elements. Its columns are added to the input's, or replace those of the
 * same name. A column that was expanded under its own name is dropped unless the subquery returns it.
 */
export const lowerMvApply: LowerOperator = (node, input, environment) => {
  const context = optionalPart(node, "ContextIdClause");
  if (context) throw refusal(context, environment, "unsupported-operator", "mv-apply … id is not supported");
  const { expansions, limit, elementColumns, withIndex } = readExpansions(node, input, environment);
  const shadowed = new Set(elementColumns.map(({ name }) => name));
  const inner: Table = { steps: [], columns: [...input.columns, ...elementColumns], readsEvent: true };
  const visible = inner.columns.flatMap(({ name }, index) =>
    index < input.columns.length && shadowed.has(name) ? [] : [index],
  );
  const subqueryInput = projected(
    inner,
    visible.flatMap((index) => inner.columns[index] ?? []),
    visible.map((index) => columnExpression(inner.columns, index)),
  );
  const subquery = environment.lower.table(part(part(node, "Subquery"), "Expression"), {
    ...environment,
    subqueryInput,
  });
  const joined = withStep(input, { step: "mv-apply", expansions, limit, withIndex, steps: subquery.steps }, [
    ...input.columns,
    ...subquery.columns,
  ]);
  const kept = input.columns.flatMap(({ name }, index) => (shadowed.has(name) ? [] : [index]));
  return arrangedSubquery(joined, kept, input.columns, subquery.columns);
};

function arrangedSubquery(
  joined: Table,
  kept: readonly number[],
  before: readonly ScopeColumn[],
  added: readonly ScopeColumn[],
): Table {
  const valueOf = (name: string, index: number): Expression => {
    const replaced = added.findIndex((column) => column.name === name);
    return columnExpression(joined.columns, replaced >= 0 ? before.length + replaced : index);
  };
  const names = new Set(kept.map((index) => before[index]?.name));
  const fresh = added.flatMap(({ name }, index) => (names.has(name) ? [] : [before.length + index]));
  const values = [
    ...kept.map((index) => valueOf(before[index]?.name ?? "", index)),
    ...fresh.map((index) => columnExpression(joined.columns, index)),
  ];
  const columns = values.map((value) => {
    const column = value.kind === "column" ? joined.columns[value.index] : undefined;
    return column ?? { name: "", type: value.type };
  });
  return projected(joined, columns, values);
}
