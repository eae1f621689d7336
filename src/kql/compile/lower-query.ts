import type { SharedTable, SourceTable, Step } from "../plan.ts";
import { lowerDataTable } from "./constants/data-table.ts";
import { lowerExternalData } from "./constants/external-data.ts";
import { unknownTable } from "./diagnostics.ts";
import { calledBody, elements, kindOf, optionalPart, part, textOf, type Syntax } from "./kusto-parser.ts";
import { bindLet } from "./let-statement.ts";
import { lowerExpression } from "./lower-expression.ts";
import { lowerOperator } from "./operator-table.ts";
import { refusal, type Environment, type Table } from "./scope.ts";
import { lowerTabularCall } from "./user-function.ts";

/**
 * Turns a parsed and bound query into the table that its last statement returns.
 *
 * @param shared given if the query runs over all rows of a window: gets the tables that its expressions read
 * @throws {QueryRefused} at the first thing that pimwatch does not support
 */
// eslint-disable-next-line max-params -- the query, what it reads, what reads it, and the mode
export function lowerQuery(
  block: Syntax,
  source: SourceTable,
  { columnsRead, lists }: Pick<Environment, "columnsRead" | "lists">,
  shared?: SharedTable[],
): Table {
  const table = sourceTable(source);
  const steps: Step[] = shared ? [{ step: "read", table: source.name }] : [];
  let environment: Environment = {
    lower: { expression: lowerExpression, table: lowerTable },
    columns: [],
    names: new Map(),
    source: { name: source.name, table: { ...table, steps } },
    ...(shared && { shared }),
    base: 0,
    columnsRead,
    lists,
  };
  for (const statement of elements(part(block, "Statements"))) {
    if (kindOf(statement) === "ExpressionStatement") return lowerTable(part(statement, "Expression"), environment);
    environment = bindLet(statement, environment);
  }
  throw refusal(block, environment, "no-query", "the query has no tabular statement");
}

/** A tabular expression as steps. */
function lowerTable(node: Syntax, environment: Environment): Table {
  const kind = kindOf(node);
  switch (kind) {
    case "PipeExpression": {
      const input = lowerTable(part(node, "Expression"), environment);
      return lowerOperator(part(node, "Operator"), input, withNamed(input, environment));
    }
    case "ParenthesizedExpression":
    case "MaterializeExpression":
      return lowerTable(part(node, "Expression"), environment);
    case "DataTableExpression":
      return lowerDataTable(node, environment);
    case "ExternalDataExpression":
      return lowerExternalData(node, environment);
    case "NameReference":
      return lowerTableName(node, environment);
    case "FunctionCallExpression": {
      const body = calledBody(node);
      if (body) return lowerTabularCall(node, body, environment);
      if (part(node, "Name").SimpleName === "table") return lowerTableCall(node, environment);
      break;
    }
    default:
      if (kind.endsWith("Operator")) return lowerOperator(node, environment.subqueryInput, environment);
  }
  const name = optionalPart(node, "Name")?.SimpleName ?? textOf(node);
  throw refusal(node, environment, "unsupported-table", `pimwatch reads only ${environment.source.name}, not ${name}`);
}

/** The environment with the names that `as` gave in the pipeline. */
function withNamed({ named = [] }: Table, environment: Environment): Environment {
  if (named.length === 0) return environment;
  const names = new Map(environment.names);
  for (const [name, table] of named) names.set(name, { kind: "table", table });
  return { ...environment, names };
}

function sourceTable({ name, columns, timeColumn }: SourceTable): Table {
  return {
    name,
    steps: [],
    columns: columns.map((column) => (column.name === timeColumn ? { ...column, eventTime: true } : column)),
    readsEvent: true,
  };
}

function lowerTableName(node: Syntax, environment: Environment): Table {
  const name = node.SimpleName ?? textOf(node);
  const binding = environment.names.get(name);
  if (binding?.kind === "table") return { ...binding.table, name };
  const body = binding === undefined ? calledBody(node) : undefined;
  if (body) return { ...lowerTabularCall(node, body, environment), name };
  if (binding === undefined && name === environment.source.name) return sourceAt(node, environment);
  throw refusal(node, environment, "unknown-table", unknownTable(name, environment.source.name));
}

function sourceAt(node: Syntax, { source, subqueryInput, ...environment }: Environment): Table {
  if (subqueryInput === undefined) return source.table;
  const message = `${source.name} inside a subquery means all events, not the current one`;
  throw refusal(node, { ...environment, source }, "not-event-local", message);
}

/** `table("AuditLogs")`: the table of a name that is known at build time. */
function lowerTableCall(node: Syntax, environment: Environment): Table {
  const [argument, second] = elements(part(part(node, "ArgumentList"), "Expressions"));
  const name = argument && environment.lower.expression(argument, { ...environment, columns: [] });
  if (name?.kind !== "literal" || typeof name.value !== "string" || second !== undefined)
    throw refusal(
      node,
      environment,
      "unsupported-table",
      `${textOf(node)}: table() takes the name of a table, as text`,
    );
  if (name.value === environment.source.name) return sourceAt(node, environment);
  throw refusal(node, environment, "unknown-table", unknownTable(name.value, environment.source.name));
}
