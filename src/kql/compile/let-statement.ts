import { kindOf, part, textOf, type Syntax } from "./kusto-parser.ts";
import { refusal, type Environment } from "./scope.ts";

/** The environment after a `let`. A `let` that defines a function adds nothing: the parser gives each call its body. */
export function bindLet(statement: Syntax, environment: Environment): Environment {
  if (kindOf(statement) !== "LetStatement") {
    throw refusal(
      statement,
      environment,
      "unsupported-statement",
      `pimwatch runs let statements and one query: ${textOf(statement)}`,
    );
  }
  const expression = part(statement, "Expression");
  if (kindOf(expression) === "FunctionDeclaration") return environment;
  const name = part(statement, "Name").SimpleName ?? "";
  const names = new Map(environment.names);
  if (expression.ResultType?.Columns)
    names.set(name, { kind: "table", table: environment.lower.table(expression, environment) });
  else names.set(name, { kind: "scalar", value: environment.lower.expression(expression, environment) });
  return { ...environment, names };
}
