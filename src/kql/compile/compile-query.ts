import { createHash } from "node:crypto";
import { prepare } from "../run/evaluate.ts";
import type { Plan, SourceTable } from "../plan.ts";
import { resolveColumnIfExists } from "./column-if-exists.ts";
import { diagnosedProblems } from "./diagnostics.ts";
import { parseQuery, walk, type Syntax } from "./kusto-parser.ts";
import { lowerQuery } from "./lower-query.ts";
import { operatorsOverManyEvents } from "./operator-table.ts";
import { QueryRefused, type QueryProblem } from "./problem.ts";

export interface CompiledQuery {
  /** Undefined when there is a problem. */
  readonly plan?: Plan;
  readonly problems: readonly QueryProblem[];
  /** See `Rule.queryHash`. */
  readonly hash: string;
}

/**
 * Parses, binds and compiles a query over the source table.
 *
 * @param options.mayBeConstant lets `print` and `datatable` stand for the events, for trying the language out
 */
export function compileQuery(text: string, source: SourceTable, { mayBeConstant = false } = {}): CompiledQuery {
  const original = parseQuery(text, source);
  const hash = tokenHash(original.Syntax);
  const code = resolveColumnIfExists(text, original, source);
  const problems = diagnosedProblems(code, text, source.name);
  if (problems.length > 0) return { problems: withOperators(problems, code.Syntax), hash };
  try {
    const { steps, columns, readsEvent } = lowerQuery(code.Syntax, source);
    if (!readsEvent && !mayBeConstant) {
      const message = "the result holds rows that the query itself writes out; they would come again with every event";
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
 * A query that joins events is refused for that, whatever else the binder finds: columns are often unknown only because
 * a table is. Where the text is not even KQL, its operators are anybody's guess.
 */
function withOperators(problems: readonly QueryProblem[], syntax: Syntax): QueryProblem[] {
  if (problems.some(({ code }) => code === "syntax")) return [...problems];
  return [...problems, ...operatorsOverManyEvents(syntax)].toSorted((left, right) => left.offset - right.offset);
}

/** sha256 over the tokens, so that blanks, line breaks and comments do not count. */
function tokenHash(syntax: Syntax): string {
  const hash = createHash("sha256");
  walk(syntax, (node) => {
    if (node.IsToken && node.Text) hash.update(`${node.Text}\n`);
  });
  return hash.digest("hex");
}
