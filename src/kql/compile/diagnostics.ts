import { AGGREGATES } from "../run/aggregates.ts";
import { FUNCTIONS } from "../run/function-table.ts";
import { ROW_FUNCTIONS } from "../run/row-functions.ts";
import { REFUSED_FUNCTIONS } from "../run/refused.ts";
import { supportTable } from "./kql-support.ts";
import type { SourceTable } from "../plan.ts";
import {
  columnsInScope,
  diagnosticsOf,
  elements,
  firstWithin,
  kindOf,
  optionalPart,
  part,
  walk,
  type KustoCode,
  type KustoDiagnostic,
  type Syntax,
} from "./kusto-parser.ts";
import { suggestion } from "./nearest-name.ts";
import type { QueryProblem } from "./problem.ts";

/** Names to suggest for a misspelt word. */
const FUNCTION_NAMES = [FUNCTIONS, AGGREGATES, ROW_FUNCTIONS].flatMap(Object.keys).filter((name) => /^\w+$/.test(name));

function operatorWords(source: SourceTable): string[] {
  return supportTable(source)
    .filter(({ kind }) => kind === "operator")
    .map(({ name }) => name.split(" ")[0] ?? name);
}

/** The errors of Microsoft's parser and binder, in the order of the text. `source` is the only table that a query can read. */
export function diagnosedProblems(code: KustoCode, text: string, source: SourceTable): QueryProblem[] {
  const errors = diagnosticsOf(code)
    .filter(({ Severity }) => Severity === "Error")
    .toSorted((left, right) => left.Start - right.Start);
  const [first] = errors;
  if (first === undefined) return [];
  const misread = misspeltOperator(first.Start, text, source) ?? assignmentInCondition(errors, code);
  if (misread !== undefined) return [misread];
  const unknown = callsUnknownToBinder(code.Syntax);
  const isOutdated = (diagnostic: string, start: number) =>
    ARGUMENT_DIAGNOSTICS.has(diagnostic) && unknown.some(({ TextStart, End }) => TextStart <= start && start < End);
  const problems = errors
    .filter(({ Code, Start }) => !isOutdated(Code, Start))
    .map(({ Code, Start, Message }) => ({
      offset: Start,
      ...explain({ code, text, source, diagnostic: Code, message: Message, offset: Start }),
    }));
  const guessedFrom = problems.findIndex(({ code: problemCode }) => problemCode === "unknown-operator");
  // After an unknown operator the parser guesses.
  return guessedFrom < 0 ? problems : problems.slice(0, guessedFrom + 1);
}

/**
 * The first error, if it is a misspelt operator with hyphens. The parser reads `project-reoder x` as `project` and a
 * subtraction, so its own messages about that, and about everything after it, would mislead.
 */
function misspeltOperator(start: number, text: string, source: SourceTable): QueryProblem | undefined {
  const begun = /\|\s*([a-z]+(?:-[a-z]+)*-)$/.exec(text.slice(0, start))?.[1];
  if (begun === undefined) return undefined;
  const word = `${begun}${/^[\w-]*/.exec(text.slice(start))?.[0] ?? ""}`;
  const known = operatorWords(source);
  if (known.includes(word)) return undefined;
  const message = `there is no operator "${word}"${suggestion(word, known)}`;
  return { offset: start - begun.length, code: "unknown-operator", message };
}

/** The binder's errors about the number and types of arguments. */
const ARGUMENT_DIAGNOSTICS = new Set(["KS106", "KS107", "KS108", "KS119"]);

/**
 * Calls whose documented arguments the binder does not know: columnsConflict and ignoredProperties of bag_unpack, which
 * `lowerEvaluate` reads, and format_ipv4_mask without a prefix.
 */
function callsUnknownToBinder(syntax: Syntax): Syntax[] {
  const calls: Syntax[] = [];
  walk(syntax, (node) => {
    const isPlugin = kindOf(node) === "EvaluateOperator";
    const call = isPlugin ? optionalPart(node, "FunctionCall") : node;
    if (call === undefined || kindOf(call) !== "FunctionCallExpression") return;
    const name = part(call, "Name").SimpleName;
    const isWithoutPrefix = elements(part(part(call, "ArgumentList"), "Expressions")).length === 1;
    if (isPlugin ? name === "bag_unpack" : name === "format_ipv4_mask" && isWithoutPrefix) calls.push(call);
  });
  return calls;
}

/** The first `=` in a condition, where a comparison was meant. The parser's own messages name its neighbours instead. */
function assignmentInCondition(errors: readonly KustoDiagnostic[], code: KustoCode): QueryProblem | undefined {
  const starts = new Set(errors.map(({ Start }) => Start));
  const sign = firstWithin(
    code.Syntax,
    (node) => node.IsToken && node.Text === "=" && (starts.has(node.TextStart) || isOfWhere(node)),
  );
  if (sign === undefined) return undefined;
  const message = '"=" does not compare; did you mean "==", or "=~" to ignore case?';
  return { offset: sign.TextStart, code: "syntax", message };
}

/** Whether the operator that a node belongs to is `where`. */
function isOfWhere(node: Syntax): boolean {
  for (let above = node.Parent; above; above = above.Parent) {
    const kind = kindOf(above);
    if (kind === "FilterOperator") return true;
    if (kind.endsWith("Operator") || kind === "LetStatement") return false;
  }
  return false;
}

export function unknownTable(name: string, source: string): string {
  return `there is no table "${name}" on the stream: pimwatch reads only ${source}${suggestion(name, [source])}`;
}

interface Diagnosed {
  readonly code: KustoCode;
  readonly text: string;
  readonly source: SourceTable;
  readonly diagnostic: string;
  readonly message: string;
  readonly offset: number;
}

function explain({ code, text, source, diagnostic, message, offset }: Diagnosed): Omit<QueryProblem, "offset"> {
  const name = /'([^']*)'/.exec(message)?.[1] ?? "";
  switch (diagnostic) {
    case "KS142": {
      const known = columnsInScope(code, offset).map(({ Name }) => Name);
      return { code: "unknown-column", message: `there is no column or variable "${name}"${suggestion(name, known)}` };
    }
    case "KS204":
      return { code: "unknown-table", message: unknownTable(name, source.name) };
    case "KS176": {
      const word = /^[\w-]+/.exec(text.slice(offset))?.[0] ?? "";
      if (word === "") break;
      const hint = suggestion(word, operatorWords(source));
      return { code: "unknown-operator", message: `there is no operator "${word}"${hint}` };
    }
    case "KS211": {
      const reason = Object.hasOwn(REFUSED_FUNCTIONS, name) ? REFUSED_FUNCTIONS[name] : undefined;
      if (reason !== undefined) return { code: "unsupported-function", message: `${name} is not supported: ${reason}` };
      return {
        code: "unknown-function",
        message: `there is no function "${name}"${suggestion(name, FUNCTION_NAMES)}`,
      };
    }
    default:
      break;
  }
  return { code: diagnostic.startsWith("KS0") ? "syntax" : diagnostic.toLowerCase(), message };
}
