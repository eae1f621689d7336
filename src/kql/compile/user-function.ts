import type { Expression } from "../plan.ts";
import { elements, kindOf, listOf, optionalPart, part, textOf, type Syntax } from "./kusto-parser.ts";
import type { ScalarType } from "../run/values.ts";
import { bindLet } from "./let-statement.ts";
import { CANONICAL_TYPES, isScalarType, refusal, type Binding, type Environment, type Table } from "./scope.ts";

/** A call of a function that the query defines with `let`, where a value is expected. */
export function lowerScalarCall(node: Syntax, body: Syntax, environment: Environment): Expression {
  const inside = environmentOfBody(node, body, environment);
  return inside.lower.expression(part(body, "Expression"), inside);
}

/** The same, where a table is expected. */
export function lowerTabularCall(node: Syntax, body: Syntax, environment: Environment): Table {
  const inside = environmentOfBody(node, body, environment);
  return inside.lower.table(part(body, "Expression"), inside);
}

/**
 * What names mean inside the body: the query's own `let`s, the arguments under the parameters' names, and the body's
 * own `let`s. The parser binds a copy of the body for each call; its offsets count from the blanks
 * before the body's opening brace.
 */
function environmentOfBody(node: Syntax, body: Syntax, environment: Environment): Environment {
  // a function without parameters may be named without parentheses
  const name = kindOf(node) === "NameReference" ? node : part(node, "Name");
  const signature = listOf(name.ReferencedSymbol?.Signatures)[0];
  const declaration = signature?.Declaration;
  if (!declaration)
    throw refusal(node, environment, "unsupported-function", `pimwatch cannot see the body of ${textOf(node)}`);
  const names = new Map(environment.names);
  const parameters = listOf(signature.Parameters);
  const declared = elements(part(part(parentOf(declaration), "Parameters"), "Parameters"));
  const given = name === node ? [] : elements(part(part(node, "ArgumentList"), "Expressions"));
  for (const [position, parameter] of parameters.entries()) {
    const argument = argumentFor(parameter.Name, position, given) ?? defaultOf(declared[position]);
    if (argument) names.set(parameter.Name, bindArgument(argument, declaredType(declared[position]), environment));
  }
  let inside: Environment = {
    lower: environment.lower,
    source: environment.source,
    columns: [],
    names,
    base: declaration.TextStart - body.TextStart,
  };
  for (const statement of elements(part(body, "Statements"))) inside = bindLet(statement, inside);
  return inside;
}

function parentOf(declaration: Syntax): Syntax {
  return declaration.Parent ?? declaration;
}

function argumentFor(name: string, position: number, given: readonly Syntax[]): Syntax | undefined {
  const isNamed = (argument: Syntax) => kindOf(argument) === "SimpleNamedExpression";
  const named = given.find((argument) => isNamed(argument) && part(argument, "Name").SimpleName === name);
  const positional = given[position];
  return named ?? (positional && !isNamed(positional) ? positional : undefined);
}

function defaultOf(parameter: Syntax | undefined): Syntax | undefined {
  const value = parameter && optionalPart(parameter, "DefaultValue");
  return value ? part(value, "Value") : undefined;
}

/** The scalar type that a parameter declares; undefined for tables and `dynamic`, which take what is given. */
function declaredType(parameter: Syntax | undefined): ScalarType | undefined {
  if (parameter === undefined) return undefined;
  const written = textOf(part(part(parameter, "NameAndType"), "Type"));
  const type = CANONICAL_TYPES[written] ?? written;
  return isScalarType(type) && type !== "dynamic" ? type : undefined;
}

/** An argument of another type is converted to the parameter's, as the body was bound with that type. */
function bindArgument(argument: Syntax, type: ScalarType | undefined, environment: Environment): Binding {
  if (argument.ResultType?.Columns) return { kind: "table", table: environment.lower.table(argument, environment) };
  const value = environment.lower.expression(argument, environment);
  if (type === undefined || type === value.type) return { kind: "scalar", value };
  return { kind: "scalar", value: { kind: "call", type, name: `to${type}`, arguments: [value] } };
}
