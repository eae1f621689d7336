import type { ParsePart, StepOf } from "../../plan.ts";
import { children, kindOf, part, textOf, type Syntax } from "../kusto-parser.ts";
import { lowerLiteral } from "../literals.ts";
import {
  columnExpression,
  isScalarType,
  refusal,
  runnable,
  type Environment,
  type ScopeColumn,
  type Table,
  CANONICAL_TYPES,
} from "../scope.ts";
import {
  checkStep,
  markedAs,
  over,
  parameterOf,
  projected,
  refuseUnavailable,
  withStep,
  type LowerOperator,
} from "./operator.ts";
import { refusePerEvent } from "./row-operators.ts";

const MODES = ["simple", "regex", "relaxed"] as const;

function lowerParseLike(mustMatch: boolean): LowerOperator {
  return (node, input, environment) => {
    const kind = parameterOf(node, "kind");
    const mode = MODES.find((each) => each === (kind ? textOf(kind) : "simple"));
    if (mode === undefined)
      throw refusal(node, environment, "unsupported-operator", `parse kind=${textOf(node)} is not supported`);
    const flags = parameterOf(node, "flags");
    const expression = part(node, "Expression");
    const source = environment.lower.expression(expression, over(input, environment));
    if (mustMatch) refuseUnavailable([source], expression, input, environment);
    if (mustMatch) refusePerEvent(source, expression, input, environment);
    const patterns = children(part(node, "Patterns")).map((each) => patternPart(each, environment));
    const added = patterns.flatMap(({ column }) => (column ? [column] : []));
    const step: ParseStep = {
      step: "parse",
      source,
      mode,
      flags: flags ? textOf(flags) : "",
      parts: patterns.map((each) => each.part),
      mustMatch,
    };
    return withParsed(input, step, added, (runs) => checkStep(runs, node, environment));
  };
}

type ParseStep = StepOf<"parse" | "parse-kv">;

/** A step that appends columns. As with extend, an existing column is removed and appended with its new value. */
// eslint-disable-next-line max-params -- a table, what is done to it, what that adds, and the check of it
export function withParsed(
  input: Table,
  step: ParseStep,
  added: readonly ScopeColumn[],
  check: (step: ParseStep) => void,
): Table {
  const marked = added.map((column) => markedAs(column, step.source, input.columns));
  const runs = { ...step, source: runnable(step.source) };
  check(runs);
  const parsed = withStep(input, runs, [...input.columns, ...marked]);
  const names = new Set(added.map(({ name }) => name));
  const kept = parsed.columns.flatMap(({ name }, index) =>
    index < input.columns.length && names.has(name) ? [] : [index],
  );
  return projected(
    parsed,
    kept.flatMap((index) => parsed.columns[index] ?? []),
    kept.map((index) => columnExpression(parsed.columns, index)),
  );
}

export const lowerParse = lowerParseLike(false);
export const lowerParseWhere = lowerParseLike(true);

function patternPart(
  node: Syntax,
  environment: Environment,
): { readonly part: ParsePart; readonly column?: ScopeColumn } {
  switch (kindOf(node)) {
    case "StarExpression":
      return { part: { kind: "skip" } };
    case "NameDeclaration":
      return columnPart(node.SimpleName ?? "", "string", node, environment);
    case "NameAndTypeDeclaration": {
      const type = textOf(part(node, "Type"));
      return columnPart(part(node, "Name").SimpleName ?? "", CANONICAL_TYPES[type] ?? type, node, environment);
    }
    default: {
      const literal = lowerLiteral(node, environment.base);
      if (literal?.kind === "literal" && typeof literal.value === "string") {
        return { part: { kind: "text", text: literal.value } };
      }
      throw refusal(node, environment, "unsupported-expression", `${textOf(node)} is not allowed in a parse pattern`);
    }
  }
}

function columnPart(name: string, type: string, node: Syntax, environment: Environment) {
  if (!isScalarType(type))
    throw refusal(node, environment, "unsupported-type", `pimwatch has no values of type ${type}`);
  return { part: { kind: "column", type } as const, column: { name, type } };
}
