import type { KeyValueForm } from "../../plan.ts";
import { elements, optionalPart, part, textOf, type Syntax } from "../kusto-parser.ts";
import { CANONICAL_TYPES, isScalarType, refusal, type Environment, type ScopeColumn } from "../scope.ts";
import { checkStep, over, type LowerOperator } from "./operator.ts";
import { withParsed } from "./parse-operator.ts";

/** https://learn.microsoft.com/kusto/query/parse-kv-operator */
export const lowerParseKv: LowerOperator = (node, input, environment) => {
  const source = environment.lower.expression(part(node, "Expression"), over(input, environment));
  const keys = elements(part(part(node, "Keys"), "Columns")).map((each): ScopeColumn => {
    const written = textOf(part(each, "Type"));
    const type = CANONICAL_TYPES[written] ?? written;
    if (isScalarType(type)) return { name: part(each, "Name").SimpleName ?? "", type };
    throw refusal(each, environment, "unsupported-type", `pimwatch has no values of type ${type}`);
  });
  const step = { step: "parse-kv", source, keys, form: formOf(node, environment) } as const;
  return withParsed(input, step, keys, (runs) => checkStep(runs, node, environment));
};

const PROPERTIES = new Set(["pair_delimiter", "kv_delimiter", "quote", "escape", "greedy", "regex"]);

function formOf(node: Syntax, environment: Environment): KeyValueForm {
  const clause = optionalPart(node, "WithClause");
  const refuse = (message: string) => refusal(clause ?? node, environment, "invalid-call", `parse-kv: ${message}`);
  const properties = elements(clause && part(clause, "Properties")).map((each) => ({
    name: part(each, "Name").SimpleName ?? "",
    value: environment.lower.expression(part(each, "Expression"), { ...environment, columns: [] }),
  }));
  const unknown = properties.find(({ name }) => !PROPERTIES.has(name));
  if (unknown) throw refuse(`there is no property ${unknown.name}; it has ${[...PROPERTIES].join(", ")}`);
  const texts = (wanted: string): string[] =>
    properties
      .filter(({ name }) => name === wanted)
      .map(({ value }) => {
        if (value.kind === "literal" && typeof value.value === "string" && value.value !== "") return value.value;
        throw refuse(`${wanted} must be a constant text that is not empty`);
      });
  const [pair, between, regex] = ["pair_delimiter", "kv_delimiter", "regex"].map((name) => texts(name)[0]);
  const [quotes, escapes] = [texts("quote"), texts("escape")];
  if (quotes.some((quote) => quote.length > 2)) throw refuse("quote has one or two characters");
  if (escapes.some((escape) => escape.length > 1)) throw refuse("escape is one character");
  if (regex !== undefined) {
    if (properties.length > 1) throw refuse("regex excludes the other properties");
    return { kind: "regex", regex };
  }
  const greedy = properties.find(({ name }) => name === "greedy")?.value;
  const isGreedy = greedy?.kind === "literal" && greedy.value === true;
  if (pair !== undefined && between !== undefined)
    return { kind: "delimited", pair, between, greedy: isGreedy, quotes, escapes };
  if (pair !== undefined || between !== undefined || isGreedy)
    throw refuse("pair_delimiter and kv_delimiter are given together, and greedy only with them");
  return { kind: "words", quotes, escapes };
}
