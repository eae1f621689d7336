/**
 * A problem in a rule, with its place. An error keeps the rule out of the build; a warning does not, and neither does a
 * note, which says how the rule runs here.
 */
export interface Problem {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  readonly level: "error" | "warning" | "note";
  /** Short and stable, e.g. `unknown-column`. */
  readonly code: string;
  readonly message: string;
}

/** `file:line:col: level: message (code)` */
export function formatProblem({ file, line, column, level, message, code }: Problem): string {
  return `${file}:${line}:${column}: ${level}: ${message} (${code})`;
}

/** A problem inside a query, before the query's place in its file is known. */
export interface QueryProblem {
  /** Offset in the query's text, in UTF-16 units. */
  readonly offset: number;
  readonly code: string;
  readonly message: string;
}

/** Stops the compilation of a query at a place in it. Never leaves src/kql/compile. */
export class QueryRefused extends Error {
  override readonly name = "QueryRefused";
  readonly problem: QueryProblem;

  constructor(offset: number, code: string, message: string) {
    super(message);
    this.problem = { offset, code, message };
  }
}
