import type { Expression } from "../plan.ts";
import { elements, kindOf, listOf, optionalPart, part, textOf, type Syntax } from "./kusto-parser.ts";
import type { ScalarType } from "../run/values.ts";
import { bindLet } from "./let-statement.ts";
import { CANONICAL_TYPES, isScalarType, refusal, type Binding, type Environment, type Table } from "./scope.ts";

/** A call, as a value, of a function that the query defines with `let`. */
export function lowerScalarCall(node: Syntax, body: Syntax, environment: Environment): Expression {
  const inside = environmentOfBody(node, body, environment);
  return inside.lower.expression(resultOf(node, body, environment), inside);
}

/** A call of such a function as a table. */
export function lowerTabularCall(node: Syntax, body: Syntax, environment: Environment): Table {
  const inside = environmentOfBody(node, body, environment);
  return inside.lower.table(resultOf(node, body, environment), inside);
}

/** Kusto accepts a body without a result until the function is called. */
function resultOf(node: Syntax, body: Syntax, environment: Environment): Syntax {
  const result = optionalPart(body, "Expression");
  if (result) return result;
  throw refusal(node, environment, "unsupported-function", `${textOf(node)} calls a function whose body has no result`);
}

/**
 * The names in scope inside the body: the query's own `let`s, the arguments under the parameters' names, and the body's
 * own `let`s. The parser binds a copy of the body for each call; its offsets count from the whitespace before the body's
 * opening brace.
 */
function environmentOfBody(node: Syntax, body: Syntax, environment: Environment): Environment {
  // A call without arguments can omit the parentheses.
  const name = kindOf(node) === "NameReference" ? node : part(node, "Name");
  const signature = listOf(name.ReferencedSymbol?.Signatures)[0];
  const declaration = signature?.Declaration;
  if (!declaration)
    throw refusal(node, environment, "unsupported-function", `pimwatch cannot read the body of ${textOf(node)}`);
  const names = new Map(environment.names);
  const parameters = listOf(signature.Parameters);
  const declared = elements(part(part(parentOf(declaration), "Parameters"), "Parameters"));
  const args = name === node ? [] : elements(part(part(node, "ArgumentList"), "Expressions"));
  for (const [position, parameter] of parameters.entries()) {
    const argument = argumentFor(parameter.Name, position, args) ?? defaultOf(declared[position]);
    if (argument) names.set(parameter.Name, bindArgument(argument, declaredType(declared[position]), environment));
  }
  let inside: Environment = {
    lower: environment.lower,
    source: environment.source,
    ...(environment.shared && { shared: environment.shared }),
    columns: [],
    columnsRead: environment.columnsRead,
    lists: environment.lists,
    names,
    base: declaration.TextStart - body.TextStart,
  };
  for (const statement of elements(part(body, "Statements"))) inside = bindLet(statement, inside);
  return inside;
}

function parentOf(declaration: Syntax): Syntax {
  return declaration.Parent ?? declaration;
}

function argumentFor(name: string, position: number, args: readonly Syntax[]): Syntax | undefined {
  const isNamed = (argument: Syntax) => kindOf(argument) === "SimpleNamedExpression";
  const named = args.find((argument) => isNamed(argument) && part(argument, "Name").SimpleName === name);
  const positional = args[position];
  return named ?? (positional && !isNamed(positional) ? positional : undefined);
}

function defaultOf(parameter: Syntax | undefined): Syntax | undefined {
  const value = parameter && optionalPart(parameter, "DefaultValue");
  return value ? part(value, "Value") : undefined;
}

/** The scalar type that a parameter declares; undefined for tables and `dynamic`, which accept any argument. */
function declaredType(parameter: Syntax | undefined): ScalarType | undefined {
  if (parameter === undefined) return undefined;
  const written = textOf(part(part(parameter, "NameAndType"), "Type"));
  const type = CANONICAL_TYPES[written] ?? written;
  return isScalarType(type) && type !== "dynamic" ? type : undefined;
}

/** Converts an argument to the parameter's type, with which the body was bound. */
function bindArgument(argument: Syntax, type: ScalarType | undefined, environment: Environment): Binding {
  if (argument.ResultType?.Columns) return { kind: "table", table: environment.lower.table(argument, environment) };
  const value = environment.lower.expression(argument, environment);
  if (type === undefined || type === value.type) return { kind: "scalar", value };
  return { kind: "scalar", value: { kind: "call", type, name: `to${type}`, arguments: [value] } };
}
