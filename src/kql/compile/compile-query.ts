import { createHash } from "node:crypto";
import { prepare } from "../run/evaluate.ts";
import type { Plan, SourceTable } from "../plan.ts";
import { resolveColumnIfExists } from "./column-if-exists.ts";
import { diagnosedProblems } from "./diagnostics.ts";
import { ParserFailure, parseQuery, walk, type Syntax } from "./kusto-parser.ts";
import { lowerQuery } from "./lower-query.ts";
import { operatorsOverManyEvents } from "./operator-table.ts";
import { QueryRefused, type QueryProblem } from "./problem.ts";

export interface CompiledQuery {
  /** Undefined if there is a problem. */
  readonly plan?: Plan;
  readonly problems: readonly QueryProblem[];
  /** See `Rule.queryHash`. */
  readonly hash: string;
}

/**
 * Parses, binds and compiles a query over the source table.
 *
 * @param options.mayBeConstant allows a query that reads no event, only `print` or `datatable`, for trying the language out
 */
export function compileQuery(text: string, source: SourceTable, { mayBeConstant = false } = {}): CompiledQuery {
  try {
    return compileParsed(text, source, mayBeConstant);
  } catch (error) {
    if (!(error instanceof ParserFailure)) throw error;
    const problem = { offset: 0, code: "parser-failure", message: error.message };
    return { problems: [problem], hash: createHash("sha256").update(text).digest("hex") };
  }
}

function compileParsed(text: string, source: SourceTable, mayBeConstant: boolean): CompiledQuery {
  const original = parseQuery(text, source);
  const hash = tokenHash(original.Syntax);
  const code = resolveColumnIfExists(text, original, source);
  const problems = diagnosedProblems(code, text, source);
  if (problems.length > 0) return { problems: withOperators(problems, code.Syntax, source), hash };
  try {
    const { steps, columns, readsEvent } = lowerQuery(code.Syntax, source);
    if (!readsEvent && !mayBeConstant) {
      const message =
        "the query returns rows of its own (print, datatable), which would be found again with every event";
      return { problems: [{ offset: 0, code: "not-event-local", message }], hash };
    }
    const plan: Plan = {
      version: 1,
      timeColumn: source.columns.findIndex(({ name }) => name === source.timeColumn),
      columns: columns.map(({ name, type }) => ({ name, type })),
      steps,
    };
    prepare(plan);
    return { plan, problems: [], hash };
  } catch (error) {
    if (!(error instanceof QueryRefused)) throw error;
    return { problems: [error.problem], hash };
  }
}

/**
 * Adds the operators that need many events, whatever else the binder reports: a column is often unknown only because a
 * joined table is. After a syntax error the operators in the tree cannot be trusted.
 */
function withOperators(problems: readonly QueryProblem[], syntax: Syntax, source: SourceTable): QueryProblem[] {
  if (problems.some(({ code }) => code === "syntax")) return [...problems];
  return [...problems, ...operatorsOverManyEvents(syntax, source.name)].toSorted(
    (left, right) => left.offset - right.offset,
  );
}

/** sha256 over the tokens, so that whitespace and comments do not count. */
function tokenHash(syntax: Syntax): string {
  const hash = createHash("sha256");
  walk(syntax, (node) => {
    if (node.IsToken && node.Text) hash.update(`${node.Text}\n`);
  });
  return hash.digest("hex");
}
