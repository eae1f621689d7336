import { bindExpression, constantExpression } from "../run/bind-expression.ts";
import { toDynamic } from "../run/conversion.ts";
import { CallProblem, DEFAULT_LIMITS, EvaluationLimitError, newEvaluation } from "../run/evaluation.ts";
import { FUNCTIONS } from "../run/function-table.ts";
import { isArray } from "../run/dynamic-text.ts";
import { flattened } from "../run/scalars/comparison.ts";
import { ROW_FUNCTIONS } from "../run/row-functions.ts";
import type { Expression, SharedTable } from "../plan.ts";
import { unsupportedFunction } from "../run/refused.ts";
import type { ScalarType, Value } from "../run/values.ts";
import { constantRows } from "./constants/constant-rows.ts";
import { calledBody, elements, kindOf, listOf, part, resultName, textOf, type Syntax } from "./kusto-parser.ts";
import { lowerLiteral, lowerNegativeLiteral, stringLiteral } from "./literals.ts";
import { suggestion } from "./nearest-name.ts";
import { QueryRefused } from "./problem.ts";
import { columnExpression, isScalarType, refusal, unavailableIn, type Environment, type Table } from "./scope.ts";
import { refuseUnavailable } from "./operators/operator.ts";
import { lowerAggregateCall } from "./aggregate-call.ts";
import { lowerScalarCall } from "./user-function.ts";

/** The parser's kinds of operator expressions, with KQL's own names, which plans use. */
const OPERATOR_NAMES: Readonly<Record<string, string>> = {
  AndExpression: "and",
  OrExpression: "or",
  AddExpression: "+",
  SubtractExpression: "-",
  MultiplyExpression: "*",
  DivideExpression: "/",
  ModuloExpression: "%",
  EqualExpression: "==",
  NotEqualExpression: "!=",
  LessThanExpression: "<",
  LessThanOrEqualExpression: "<=",
  GreaterThanExpression: ">",
  GreaterThanOrEqualExpression: ">=",
  EqualTildeExpression: "=~",
  BangTildeExpression: "!~",
  InExpression: "in",
  InCsExpression: "in~",
  NotInExpression: "!in",
  NotInCsExpression: "!in~",
  BetweenExpression: "between",
  NotBetweenExpression: "!between",
  HasExpression: "has",
  HasCsExpression: "has_cs",
  NotHasExpression: "!has",
  NotHasCsExpression: "!has_cs",
  HasPrefixExpression: "hasprefix",
  HasPrefixCsExpression: "hasprefix_cs",
  NotHasPrefixExpression: "!hasprefix",
  NotHasPrefixCsExpression: "!hasprefix_cs",
  HasSuffixExpression: "hassuffix",
  HasSuffixCsExpression: "hassuffix_cs",
  NotHasSuffixExpression: "!hassuffix",
  NotHasSuffixCsExpression: "!hassuffix_cs",
  ContainsExpression: "contains",
  ContainsCsExpression: "contains_cs",
  NotContainsExpression: "!contains",
  NotContainsCsExpression: "!contains_cs",
  StartsWithExpression: "startswith",
  StartsWithCsExpression: "startswith_cs",
  NotStartsWithExpression: "!startswith",
  NotStartsWithCsExpression: "!startswith_cs",
  EndsWithExpression: "endswith",
  EndsWithCsExpression: "endswith_cs",
  NotEndsWithExpression: "!endswith",
  NotEndsWithCsExpression: "!endswith_cs",
  MatchesRegexExpression: "matches regex",
  HasAnyExpression: "has_any",
  HasAllExpression: "has_all",
  UnaryMinusExpression: "negate",
  UnaryPlusExpression: "identity",
};

/**
 * Turns an expression of the syntax tree into one of a plan, with the types that Microsoft's binder found.
 *
 * @throws {QueryRefused} at the first thing that pimwatch does not support
 */
export function lowerExpression(node: Syntax, environment: Environment): Expression {
  const literal = lowerLiteral(node, environment.base);
  if (literal) return literal;
  const kind = kindOf(node);
  const operator = OPERATOR_NAMES[kind];
  if (operator !== undefined) return lowerOperator(operator, node, environment);
  switch (kind) {
    case "ParenthesizedExpression":
      return lowerExpression(part(node, "Expression"), environment);
    case "NameReference":
      return lowerName(node, environment);
    case "PathExpression":
      return lowerPath(node, environment);
    case "ElementExpression":
      return lowerElement(node, environment);
    case "FunctionCallExpression":
      return lowerFunctionCall(node, environment);
    case "SimpleNamedExpression":
      return lowerExpression(part(node, "Expression"), environment);
    case "TypeOfLiteralExpression":
      return stringLiteral(textOf(node));
    case "PipeExpression":
      throw refusal(node, environment, "not-event-local", "a subquery inside an expression reads other events");
    case "ToScalarExpression":
      return lowerToScalar(node, environment);
    default:
      throw refusal(
        node,
        environment,
        "unsupported-expression",
        `pimwatch does not run this expression: ${textOf(node)}`,
      );
  }
}

/** The binder's type of a call that returns several columns. */
const TUPLE = "tuple";

/** The scalar type that the binder gave a node. */
function typeOf(node: Syntax, environment: Environment): ScalarType {
  const name = node.ResultType?.Name ?? "unknown";
  if (isScalarType(name)) return name;
  // A column that bag_unpack makes without declaring it, or what is computed from it.
  if (name === "unknown") return "dynamic";
  // array_sort_asc(a, b) returns several arrays: here one array of arrays, which `namedValues` splits into columns
  if (name === TUPLE) return "dynamic";
  throw refusal(node, environment, "unsupported-type", `pimwatch has no values of type ${name}: ${textOf(node)}`);
}

/** The values of an expression: one, or several if its call returns several columns. */
export function lowerColumns(node: Syntax, environment: Environment): Expression[] {
  const value = environment.lower.expression(node, environment);
  if (node.ResultType?.Name !== TUPLE) return [value];
  return listOf(node.ResultType.Columns).map((_, index) =>
    call("[]", "dynamic", [value, { kind: "literal", type: "long", value: String(index) }], () =>
      refusal(node, environment, "", ""),
    ),
  );
}

/**
 * A call of the plan. It is bound at once, so that a call that cannot work is refused at its place; constants are folded. A
 * function that pimwatch cannot run is refused only where its value is used: see `refuseUnavailable`.
 */
function call(name: string, type: ScalarType, args: readonly Expression[], at: () => QueryRefused): Expression {
  const expression: Expression = { kind: "call", type, name, arguments: args };
  if (unavailableIn(expression) !== undefined) return expression;
  try {
    const { constant } = bindExpression(expression, newEvaluation(DEFAULT_LIMITS));
    return constant ? constantExpression(constant.value, type) : expression;
  } catch (error) {
    if (!(error instanceof CallProblem || error instanceof EvaluationLimitError)) throw error;
    const { problem } = at();
    throw new QueryRefused(problem.offset, "invalid-call", error.message);
  }
}

function lowerCall(name: string, node: Syntax, args: readonly Expression[], environment: Environment): Expression {
  if (!Object.hasOwn(FUNCTIONS, name) && kindOf(node) !== "FunctionCallExpression")
    throw refusal(part(node, "Operator"), environment, "unsupported-function", unsupportedFunction(name));
  return call(name, typeOf(node, environment), args, () => refusal(node, environment, "", ""));
}

function lowerOperator(name: string, node: Syntax, environment: Environment): Expression {
  const lower = (each: Syntax) => lowerExpression(each, environment);
  switch (kindOf(node)) {
    case "UnaryMinusExpression":
      return (
        lowerNegativeLiteral(node, environment.base) ??
        lowerCall(name, node, [lower(part(node, "Expression"))], environment)
      );
    case "UnaryPlusExpression":
      return lowerCall(name, node, [lower(part(node, "Expression"))], environment);
    case "InExpression":
    case "InCsExpression":
    case "NotInExpression":
    case "NotInCsExpression":
    case "HasAnyExpression":
    case "HasAllExpression": {
      const listed = elements(part(part(node, "Right"), "Expressions"));
      return lowerCall(
        name,
        node,
        [lower(part(node, "Left")), ...listed.map((each) => lowerListed(each, environment))],
        environment,
      );
    }
    case "BetweenExpression":
    case "NotBetweenExpression": {
      const couple = part(node, "Right");
      const args = [part(node, "Left"), part(couple, "First"), part(couple, "Second")].map(lower);
      return lowerCall(name, node, args, environment);
    }
    default: {
      const left = part(node, "Left");
      const right = lower(part(node, "Right"));
      if (kindOf(left) === "StarExpression") return lowerAnyColumn(name, node, right, environment);
      return lowerCall(name, node, [lower(left), right], environment);
    }
  }
}

/** `* has "x"`: true if it is true of any column. */
function lowerAnyColumn(name: string, node: Syntax, right: Expression, environment: Environment): Expression {
  const at = () => refusal(node, environment, "", "");
  const tests = environment.columns.map((_, index) =>
    call(name, "bool", [columnExpression(environment.columns, index), right], at),
  );
  const [first, ...others] = tests;
  if (first === undefined) throw refusal(node, environment, "unsupported-expression", "* stands for no column here");
  return others.reduce((all, each) => call("or", "bool", [all, each], at), first);
}

/** A member of the list of `in` and similar operators: a value, never a query over events. */
function lowerListed(node: Syntax, environment: Environment): Expression {
  const table = tableWithin(node);
  if (table !== undefined) {
    const listed = environment.lower.table(table, outside(environment));
    const values = constantColumn(listed, table, environment);
    const type = listed.columns[0]?.type ?? "dynamic";
    if (values)
      return withoutNesting(
        constantExpression(
          values.map((each) => toDynamic(each, type)),
          "dynamic",
        ),
      );
    if (environment.shared) return sharedTable(listed, "list", table, environment);
    throw refusal(
      node,
      environment,
      "not-event-local",
      `${textOf(node)} is a table: its rows would come from other events`,
    );
  }
  return withoutNesting(lowerExpression(node, environment));
}

function lowerToScalar(node: Syntax, environment: Environment): Expression {
  const expression = part(node, "Expression");
  const table = environment.lower.table(expression, outside(environment));
  const values = constantColumn(table, expression, environment);
  if (values) return constantExpression(values[0] ?? null, table.columns[0]?.type ?? "dynamic");
  if (!environment.shared)
    throw refusal(node, environment, "not-event-local", "toscalar() reads events other than the current one");
  return sharedTable(table, "scalar", expression, environment);
}

/** The values of the first column of a table that is known at build time; undefined for any other table. */
function constantColumn(table: Table, node: Syntax, environment: Environment): readonly Value[] | undefined {
  const rows = constantRows(table);
  if (rows !== undefined) refuseUnavailable([columnExpression(table.columns, 0)], node, table, environment);
  return rows?.map(([value = null]) => value);
}

/** A table that one evaluation reads once. */
// eslint-disable-next-line max-params -- the table, its use, and where it stands
function sharedTable(table: Table, as: SharedTable["as"], node: Syntax, environment: Environment): Expression {
  const [first] = table.columns;
  if (environment.shared === undefined || first === undefined)
    throw refusal(node, environment, "unsupported-expression", `${textOf(node)} has no columns`);
  refuseUnavailable([columnExpression(table.columns, 0)], node, table, environment);
  const index = environment.shared.push({ steps: table.steps, type: first.type, as }) - 1;
  return { kind: "shared", type: as === "list" ? "dynamic" : first.type, index };
}

/** The environment of a table inside an expression, which reads neither the row nor the subquery around it. */
function outside(environment: Environment): Environment {
  const { subqueryInput: _input, aggregate: _aggregate, rowFunction: _rowFunction, ...around } = environment;
  return { ...around, columns: [] };
}

/** A constant list without arrays inside it, in which the scan can find the texts that a record must hold. */
function withoutNesting(listed: Expression): Expression {
  const isList = listed.kind === "literal" && listed.type === "dynamic" && isArray(listed.value);
  return isList ? constantExpression(flattened(listed.value), "dynamic") : listed;
}

/** The table in a list, without its parentheses. */
function tableWithin(node: Syntax): Syntax | undefined {
  if (kindOf(node) === "ParenthesizedExpression") return tableWithin(part(node, "Expression"));
  return node.ResultType?.Columns === undefined ? undefined : node;
}

function lowerName(node: Syntax, environment: Environment): Expression {
  const name = node.SimpleName ?? textOf(node);
  const index = environment.columns.findIndex((column) => column.name === name);
  if (index >= 0) return columnExpression(environment.columns, index);
  const binding = environment.names.get(name);
  if (binding?.kind === "scalar") return binding.value;
  if (binding?.kind === "table") {
    throw refusal(node, environment, "not-event-local", `${name} is a table: its rows would come from other events`);
  }
  const known = [...environment.columns.map((column) => column.name), ...environment.names.keys()];
  throw refusal(node, environment, "unknown-column", `there is no column "${name}"${suggestion(name, known)}`);
}

function lowerPath(node: Syntax, environment: Environment): Expression {
  const of = lowerExpression(part(node, "Expression"), environment);
  const selector = part(node, "Selector");
  if (kindOf(selector) !== "NameReference" && kindOf(selector) !== "BracketedExpression") {
    throw refusal(
      selector,
      environment,
      "unsupported-expression",
      `pimwatch does not run ${textOf(selector)} after a dot`,
    );
  }
  const key =
    kindOf(selector) === "NameReference"
      ? stringLiteral(selector.SimpleName ?? textOf(selector))
      : lowerExpression(part(selector, "Expression"), environment);
  return lowerCall(".", node, [of, key], environment);
}

function lowerElement(node: Syntax, environment: Environment): Expression {
  const of = lowerExpression(part(node, "Expression"), environment);
  const selector = part(node, "Selector");
  const inner = kindOf(selector) === "BracketedExpression" ? part(selector, "Expression") : selector;
  return lowerCall("[]", node, [of, lowerExpression(inner, environment)], environment);
}

function lowerFunctionCall(node: Syntax, environment: Environment): Expression {
  const body = calledBody(node);
  const args = elements(part(part(node, "ArgumentList"), "Expressions"));
  if (body) return lowerScalarCall(node, body, environment);
  const name = part(node, "Name").SimpleName ?? "";
  const aggregated = lowerAggregateCall(name, node, environment);
  if (aggregated) return aggregated;
  if (Object.hasOwn(ROW_FUNCTIONS, name)) return lowerRowFunction(name, node, args, environment);
  if (name === "ingestion_time") return lowerIngestionTime(node, environment);
  if (name === "pack_all") return lowerPackAll(node, args, environment);
  if (name === "bag_pack_columns") return lowerPackColumns(node, args, environment);
  return lowerCall(
    name,
    node,
    args.map((each) => lowerExpression(each, environment)),
    environment,
  );
}

// eslint-disable-next-line max-params -- the call in its parts, and where it stands
function lowerRowFunction(name: string, node: Syntax, args: readonly Syntax[], environment: Environment): Expression {
  const { rowFunction } = environment;
  if (rowFunction === undefined) {
    const message = `${name}() can only be called in extend, project, where and serialize`;
    throw refusal(node, environment, "unsupported-function", message);
  }
  const operands = args.map((each) => lowerExpression(each, environment));
  return rowFunction({ name, type: typeOf(node, environment), arguments: operands }, node);
}

/** The event's own time: neither an archive nor a record knows when the record arrived. */
function lowerIngestionTime(node: Syntax, environment: Environment): Expression {
  const index = environment.columns.findIndex(({ eventTime }) => eventTime === true);
  if (index >= 0) return columnExpression(environment.columns, index);
  const message = "ingestion_time() is the event's own time here: call it before that column is changed or left out";
  throw refusal(node, environment, "unsupported-function", message);
}

/** bag_pack_columns() packs columns under their own names. */
function lowerPackColumns(node: Syntax, args: readonly Syntax[], environment: Environment): Expression {
  const pairs = args.flatMap((each) => {
    const value = lowerExpression(each, environment);
    if (kindOf(each) === "NameReference") return [stringLiteral(resultName(each)), value];
    throw refusal(each, environment, "invalid-call", `bag_pack_columns takes columns; ${textOf(each)} is not one`);
  });
  return lowerCall("bag_pack_columns", node, pairs, environment);
}

/** pack_all() packs all columns in scope: their names and values become arguments. */
function lowerPackAll(node: Syntax, args: readonly Syntax[], environment: Environment): Expression {
  const [ignore] = args;
  const columns = environment.columns.flatMap(({ name }, index) => [
    stringLiteral(name),
    columnExpression(environment.columns, index),
  ]);
  const ignored: Expression = ignore
    ? lowerExpression(ignore, environment)
    : { kind: "literal", type: "bool", value: false };
  return lowerCall("pack_all", node, [ignored, ...columns], environment);
}
