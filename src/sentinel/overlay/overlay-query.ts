import { jsonText } from "../../kql/run/dynamic-text.ts";
import type { Expression, Plan, WindowPlan } from "../../kql/plan.ts";
import type { CompiledQuery } from "../../kql/compile/compile-query.ts";
import { elements, kindOf, part, tryParseQuery, walk, type Syntax } from "../../kql/compile/kusto-parser.ts";
import { suggestion } from "../../kql/compile/nearest-name.ts";
import { exclusionsOf, type OverlayFile } from "./overlay.ts";
import type { Problem, QueryProblem } from "../../kql/compile/problem.ts";
import { placeInText, placeOf } from "../yaml-file.ts";
import { AUDIT_LOGS } from "../../core/event/audit-log-columns.ts";

type Variable = NonNullable<OverlayFile["overlay"]["variables"]>[string];

interface Edit {
  readonly variable: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

/** A rule's query with the overlay's variables. */
export interface OverlaidQuery {
  readonly text: string;
  readonly problems: readonly Problem[];
  /** The offset in the rule's own query for an offset in `text`, or the variable that contains it. */
  origin(offset: number): { readonly offset: number } | { readonly variable: string };
}

/** Replaces the query's `let` values with the overlay's variables of the same name. */
export function withVariables(query: string, source: OverlayFile | undefined): OverlaidQuery {
  const wanted = Object.entries(source?.overlay.variables ?? {});
  const code = wanted.length === 0 ? undefined : tryParseQuery(query, AUDIT_LOGS);
  if (source === undefined || code === undefined) {
    return { text: query, problems: [], origin: (offset) => ({ offset }) };
  }
  const statements = elements(part(code.Syntax, "Statements"));
  const lets = new Map(
    statements
      .filter((statement) => kindOf(statement) === "LetStatement")
      .map((statement) => [part(statement, "Name").SimpleName ?? "", part(statement, "Expression")] as const),
  );
  const edits: Edit[] = [];
  const problems: Problem[] = [];
  for (const [variable, value] of wanted) {
    const expression = lets.get(variable);
    const literal =
      expression === undefined
        ? { problem: `the query has no let statement for "${variable}"${suggestion(variable, lets.keys())}` }
        : literalFor(value, expression);
    if ("problem" in literal) {
      const place = placeOf(source.file, ["variables", variable]);
      problems.push({ file: source.file.name, ...place, level: "error", code: "variable", message: literal.problem });
    } else if (expression) {
      const [start, end] = [expression.TextStart, expression.End];
      edits.push({ variable, start, end, replacement: literal.text });
    }
  }
  edits.sort((left, right) => left.start - right.start);
  return { text: applied(query, edits), problems, origin: (offset) => origin(offset, edits) };
}

function applied(query: string, edits: readonly Edit[]): string {
  let text = "";
  let from = 0;
  for (const { start, end, replacement } of edits) {
    text += query.slice(from, start) + replacement;
    from = end;
  }
  return text + query.slice(from);
}

function origin(offset: number, edits: readonly Edit[]): { offset: number } | { variable: string } {
  let shift = 0;
  for (const { variable, start, end, replacement } of edits) {
    const begins = start + shift;
    if (offset < begins) break;
    if (offset < begins + replacement.length) return { variable };
    shift += replacement.length - (end - start);
  }
  return { offset: offset - shift };
}

/** Whether an expression reads a watchlist or a file that Kusto would fetch. pimwatch has neither, so an overlay can list the values. */
export function readsFromOutside(expression: Syntax): boolean {
  let found = false;
  walk(expression, (node) => {
    const kind = kindOf(node);
    const isWatchlist = kind === "FunctionCallExpression" && part(node, "Name").SimpleName === "_GetWatchlist";
    found ||= isWatchlist || kind === "ExternalDataExpression";
  });
  return found;
}

/** The value as a literal of the same type as the query's own value, which the query relies on. */
function literalFor(value: Variable, expression: Syntax): { text: string } | { problem: string } {
  if (kindOf(expression) === "FunctionDeclaration") return { problem: "in the query it is a function, not a value" };
  const isNumber = typeof value === "number" || typeof value === "bigint";
  const written = Array.isArray(value) ? "list" : isNumber ? "number" : typeof value;
  if (readsFromOutside(expression)) {
    if (Array.isArray(value)) return { text: `dynamic(${jsonText(value)})` };
    return { problem: `in the query it is read from outside, so it must be a list, not a ${written}` };
  }
  if (expression.ResultType?.Columns) return { problem: "in the query it is a table, not a value" };
  const type = expression.ResultType?.Name ?? "";
  const wrong = { problem: `in the query its type is ${type}; a ${written} does not fit` };
  switch (type) {
    case "dynamic":
      return Array.isArray(value) ? { text: `dynamic(${jsonText(value)})` } : wrong;
    case "string":
      return typeof value === "string" ? { text: JSON.stringify(value) } : wrong;
    case "bool":
      return typeof value === "boolean" ? { text: String(value) } : wrong;
    case "int":
    case "long":
    case "real":
    case "decimal":
      return isNumber ? { text: `${type}(${value})` } : wrong;
    default:
      return typeof value === "string" && !value.includes(")") ? { text: `${type}(${value})` } : wrong;
  }
}

/** A plan over one event or over a window. */
export type AnyPlan = Pick<Plan, "steps" | "columns"> & { readonly shared?: WindowPlan["shared"] };

/** A rule's query, and what it was compiled to. */
interface CompiledRuleQuery extends Pick<CompiledQuery, "leftOut"> {
  readonly text: string;
  readonly plan: AnyPlan;
  /** Compiles another query in the same way. */
  readonly compile: (query: string) => CompiledQuery<AnyPlan>;
}

/**
 * The overlay's exclusions as expressions over the columns of the rule's result. Each is compiled as one more `where` at the
 * end of the query, so that it has the same meaning as in the rule.
 */
export function compileExclusions(
  rule: CompiledRuleQuery,
  source: OverlayFile,
): { readonly exclusions: readonly Expression[]; readonly problems: readonly Problem[] } {
  const exclusions: Expression[] = [];
  const problems: Problem[] = [];
  for (const { condition, path } of exclusionsOf(source)) {
    const compiled = compileCondition(rule, condition);
    if ("predicate" in compiled) {
      exclusions.push(compiled.predicate);
      continue;
    }
    for (const { offset, code, message } of compiled.problems) {
      const place = placeInText(source.file, path, Math.max(0, offset));
      problems.push({ file: source.file.name, ...place, level: "error", code, message });
    }
  }
  return { exclusions, problems };
}

function compileCondition(
  { text, compile, plan, leftOut }: CompiledRuleQuery,
  condition: string,
): { readonly predicate: Expression } | { readonly problems: readonly QueryProblem[] } {
  const away = leftOut.length === 0 ? "" : `\n| project-away ${leftOut.map(({ name }) => `['${name}']`).join(", ")}`;
  const before = `${text}${away}\n| where (`;
  const compiled = compile(`${before}${condition}\n)`);
  if (compiled.plan === undefined) {
    return { problems: compiled.problems.map((problem) => ({ ...problem, offset: problem.offset - before.length })) };
  }
  const { steps, columns, shared } = compiled.plan;
  const last = steps.at(-1);
  const isCondition =
    steps.length === plan.steps.length + 1 &&
    columns.length === plan.columns.length &&
    shared?.length === plan.shared?.length;
  if (last?.step !== "where" || !isCondition) {
    return {
      problems: [
        { offset: 0, code: "exclusion", message: "an exclusion must be one condition over columns of the result" },
      ],
    };
  }
  return { predicate: last.predicate };
}
