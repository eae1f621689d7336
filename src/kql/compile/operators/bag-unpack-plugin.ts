import { toText } from "../../run/conversion.ts";
import { isArray } from "../../run/dynamic-text.ts";
import type { Expression } from "../../plan.ts";
import type { Json } from "../../run/values.ts";
import { elements, kindOf, optionalPart, part, rootOf, textOf, walk, type Syntax } from "../kusto-parser.ts";
import { stringLiteral } from "../literals.ts";
import {
  CANONICAL_TYPES,
  columnExpression,
  columnOf,
  isScalarType,
  refusal,
  type Environment,
  type ScopeColumn,
  type Table,
} from "../scope.ts";
import { over, projected, type LowerOperator } from "./operator.ts";

/**
 * `evaluate bag_unpack(…)` makes each row from one row. Without a schema, its columns depend on the data; here they are those
 * that the rest of the query or the rule names.
 *
 * @see https://learn.microsoft.com/kusto/query/bag-unpack-plugin
 */
export const lowerBagUnpack: LowerOperator = (node, input, environment) => {
  const plugin = part(node, "FunctionCall");
  const schema = optionalPart(node, "Schema");
  return unpacked(readUnpacking(plugin, schema && part(schema, "Schema"), input, environment), input);
};

const CONFLICTS = new Set(["error", "replace_source", "keep_source"]);

interface Unpacking {
  readonly bag: Expression;
  /** Index of the bag's column, which is not in the result; -1 if the bag is not a column. */
  readonly bagIndex: number;
  readonly prefix: string;
  readonly keepsSource: boolean;
  readonly ignored: readonly string[];
  readonly withStar: boolean;
  readonly columns: readonly ScopeColumn[];
}

// eslint-disable-next-line max-params -- the call, its schema, and where they stand
function readUnpacking(plugin: Syntax, schema: Syntax | undefined, input: Table, environment: Environment): Unpacking {
  const args = elements(part(part(plugin, "ArgumentList"), "Expressions"));
  const at = (position: number, name: string): Syntax | undefined => {
    const isNamed = (each: Syntax) => kindOf(each) === "SimpleNamedExpression";
    const named = args.find((each) => isNamed(each) && part(each, "Name").SimpleName === name);
    const positional = args[position];
    return named ?? (positional && !isNamed(positional) ? positional : undefined);
  };
  const constant = (node: Syntax, type: ScopeColumn["type"]): Json => {
    const value = environment.lower.expression(node, over(input, environment));
    if (value.kind === "literal" && value.type === type) return value.value;
    throw refusal(node, environment, "invalid-call", `bag_unpack: ${textOf(node)} must be a constant of type ${type}`);
  };
  const text = (node: Syntax | undefined): string =>
    node === undefined ? "" : toText(constant(node, "string"), "string");
  const conflictNode = at(2, "columnsConflict");
  const conflict = text(conflictNode);
  if (conflictNode && !CONFLICTS.has(conflict)) {
    const message = `bag_unpack: columnsConflict is one of ${[...CONFLICTS].join(", ")}, not "${conflict}"`;
    throw refusal(conflictNode, environment, "invalid-call", message);
  }
  const ignoredNode = at(3, "ignoredProperties");
  const names = ignoredNode && constant(ignoredNode, "dynamic");
  const [bagNode, , , , surplus] = args;
  if (bagNode === undefined || surplus !== undefined) {
    throw refusal(surplus ?? plugin, environment, "invalid-call", "bag_unpack takes one to four arguments");
  }
  const bag = environment.lower.expression(bagNode, over(input, environment));
  if (bag.type !== "dynamic") {
    throw refusal(
      bagNode,
      environment,
      "invalid-type",
      `${textOf(bagNode)} is ${bag.type}; only dynamic values can be unpacked`,
    );
  }
  if (schema === undefined && conflict === "replace_source") {
    const message = "bag_unpack: replace_source needs declared columns: evaluate bag_unpack(…) : (*, name: type, …)";
    throw refusal(conflictNode ?? plugin, environment, "invalid-call", message);
  }
  const reading: Omit<Unpacking, "columns"> = {
    bag,
    bagIndex: bag.kind === "column" ? bag.index : -1,
    prefix: text(at(1, "OutputColumnPrefix")),
    keepsSource: conflict === "keep_source",
    ignored: isArray(names) ? names.map((each) => toText(each, "dynamic")) : [],
    withStar: schema === undefined || optionalPart(schema, "AsteriskToken") !== undefined,
  };
  const columns = schema
    ? elements(part(schema, "Columns")).map((each) => declaredColumn(each, environment))
    : undeclaredColumns([...namesReadAfter(plugin), ...environment.columnsRead], reading, input);
  const unpacking: Unpacking = { ...reading, columns };
  const twice = unpacking.columns.find(({ name }) => unpacking.withStar && sourceOf(name, unpacking, input) >= 0);
  if (schema !== undefined && twice !== undefined && conflict !== "keep_source" && conflict !== "replace_source") {
    const message = `the input also has a column "${twice.name}"; choose one of them with columnsConflict`;
    throw refusal(schema, environment, "duplicate-column", message);
  }
  return unpacking;
}

export function declaredColumn(node: Syntax, environment: Environment): ScopeColumn {
  const written = textOf(part(node, "Type"));
  const type = CANONICAL_TYPES[written] ?? written;
  if (isScalarType(type)) return { name: part(node, "Name").SimpleName ?? "", type };
  throw refusal(node, environment, "unsupported-type", `pimwatch has no values of type ${type}`);
}

/** Columns that are in the bag, by their names. In Kusto each has the type of its values; here all are dynamic. */
function undeclaredColumns(names: readonly string[], reading: Omit<Unpacking, "columns">, input: Table): ScopeColumn[] {
  return [...new Set(names)]
    .filter((name) => sourceOf(name, reading, input) < 0 && keyOf(name, reading) !== undefined)
    .map((name) => ({ name, type: "dynamic" }));
}

/**
 * The names of columns that something after the plugin reads, except those that the query has made by then, and those that are
 * read only after a later pivot, which makes them.
 */
export function namesReadAfter(plugin: Syntax): string[] {
  const end = laterPivot(plugin)?.End ?? Number.POSITIVE_INFINITY;
  const [read, made] = [new Map<string, number>(), new Map<string, number>()];
  walk(rootOf(plugin), (node) => {
    const name = node.SimpleName ?? "";
    if (node.TextStart < plugin.End || node.TextStart >= end || name === "") return;
    if (kindOf(node) === "NameReference" && isColumnOfUnknownType(node))
      read.set(name, read.get(name) ?? node.TextStart);
    if (kindOf(node) === "NameDeclaration") made.set(name, made.get(name) ?? node.Parent?.End ?? node.End);
  });
  return [...read].filter(([name, at]) => at < (made.get(name) ?? Number.POSITIVE_INFINITY)).map(([name]) => name);
}

/** The next pivot in the pipeline. Each operator's input is the pipeline before it, so later operators stand above. */
function laterPivot(plugin: Syntax): Syntax | undefined {
  for (let above = plugin.Parent?.Parent?.Parent; above; above = above.Parent) {
    const operator = kindOf(above) === "PipeExpression" ? part(above, "Operator") : undefined;
    const call = operator && kindOf(operator) === "EvaluateOperator" ? part(operator, "FunctionCall") : undefined;
    if (call && part(call, "Name").SimpleName === "pivot") return operator;
  }
  return undefined;
}

/** A name by itself: neither a function's nor a member's after a dot. */
function isColumnOfUnknownType(node: Syntax): boolean {
  if (node.ResultType?.Name !== "unknown" || !node.Parent) return false;
  const other = optionalPart(node.Parent, kindOf(node.Parent) === "PathExpression" ? "Selector" : "Name");
  return other?.TextStart !== node.TextStart;
}

/** The input's column of a name, except the bag's own column, which is unpacked. */
function sourceOf(name: string, { bagIndex }: Pick<Unpacking, "bagIndex">, input: Table): number {
  return input.columns.findIndex((column, index) => column.name === name && index !== bagIndex);
}

/** With `*`, the input's columns come first; without it, the result has only the columns of the schema, from input or bag. */
function unpacked(unpacking: Unpacking, input: Table): Table {
  const values = unpacking.columns.map((column) => valueOf(column, unpacking, input));
  const named = new Set(unpacking.columns.map(({ name }) => name));
  const before = unpacking.withStar
    ? input.columns.flatMap(({ name }, index) => (index === unpacking.bagIndex || named.has(name) ? [] : [index]))
    : [];
  return projected(
    input,
    [
      ...before.flatMap((index) => input.columns[index] ?? []),
      ...values.map((value, index) => columnOf(unpacking.columns[index]?.name ?? "", value, input.columns)),
    ],
    [...before.map((index) => columnExpression(input.columns, index)), ...values],
  );
}

/** The property of the bag that becomes a column; undefined if none does. */
function keyOf(name: string, { prefix, ignored }: Pick<Unpacking, "prefix" | "ignored">): string | undefined {
  const key = name.startsWith(prefix) ? name.slice(prefix.length) : undefined;
  return key === undefined || ignored.includes(key) ? undefined : key;
}

function valueOf({ name, type }: ScopeColumn, unpacking: Unpacking, input: Table): Expression {
  const { bag, withStar, keepsSource } = unpacking;
  const source = sourceOf(name, unpacking, input);
  const found = source >= 0 && (keepsSource || !withStar) ? columnExpression(input.columns, source) : undefined;
  if (found !== undefined) return found.type === type ? found : converted(found, type);
  const key = keyOf(name, unpacking);
  if (key === undefined) return { kind: "literal", type, value: type === "string" ? "" : null };
  const member: Expression = { kind: "call", type: "dynamic", name: ".", arguments: [bag, stringLiteral(key)] };
  return type === "dynamic" ? member : converted(member, type);
}

function converted(value: Expression, type: ScopeColumn["type"]): Expression {
  const name = type === "dynamic" ? "todynamic" : `to${type}`;
  return { kind: "call", type, name, arguments: [value] };
}
