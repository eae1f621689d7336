import { createHash } from "node:crypto";
import { prepare } from "../run/evaluate.ts";
import { prepareWindow } from "../run/evaluate-window.ts";
import type { Column } from "../run/values.ts";
import type { PinnedList, Plan, SharedTable, SourceTable, WindowPlan } from "../plan.ts";
import { resolveColumnIfExists } from "./column-if-exists.ts";
import type { FindList, Lists } from "./constants/lists.ts";
import { diagnosedProblems } from "./diagnostics.ts";
import { unsupportedFunction } from "../run/refused.ts";
import { callWithin, ParserFailure, parseQuery, walk, type KustoCode, type Syntax } from "./kusto-parser.ts";
import { withoutMissingLegs } from "./missing-legs.ts";
import { keptRows } from "./window/kept-rows.ts";
import { lowerQuery } from "./lower-query.ts";
import { operatorsOverManyEvents } from "./operator-table.ts";
import { keeping } from "./operators/row-operators.ts";
import type { Environment, Table } from "./scope.ts";
import { QueryRefused, type QueryProblem } from "./problem.ts";

export interface CompiledQuery<AnyPlan = Plan> {
  /** Undefined if there is a problem. */
  readonly plan?: AnyPlan;
  readonly problems: readonly QueryProblem[];
  /** Columns that the result does not have, because they depend on a function that pimwatch cannot run. */
  readonly leftOut: readonly LeftOutColumn[];
  /** How the query runs here: legs of `union isfuzzy=true` whose tables do not exist, and copies of lists. */
  readonly notes: readonly QueryProblem[];
  /** The lists that the query reads with externaldata; empty if there is a problem. */
  readonly lists: readonly PinnedList[];
  /** See `Rule.queryHash`. */
  readonly hash: string;
}

interface LeftOutColumn {
  readonly name: string;
  /** Names the function, at its place. */
  readonly problem: QueryProblem;
}

export interface CompileOptions {
  /** Allows a query that reads no event, only `print` or `datatable`, for trying the language out. */
  readonly mayBeConstant?: boolean;
  /** Columns of the result that the rule's other fields name. */
  readonly columnsRead?: readonly string[];
  /** Finds the lists that the query reads with externaldata. */
  readonly findList?: FindList | undefined;
}

/** Parses, binds and compiles a query over the source table that one event decides. */
export function compileQuery(text: string, source: SourceTable, options: CompileOptions = {}): CompiledQuery {
  return compileGuarded(text, source, (code) => {
    const reading = readingFor(options);
    const table = lowerQuery(code.Syntax, source, reading);
    const { steps, columns } = withoutUnavailable(table);
    const timeColumn = source.columns.findIndex(({ name }) => name === source.timeColumn);
    const plan: Plan = { version: 1, timeColumn, columns: namesAndTypes(columns), steps };
    prepare(plan);
    const constants = options.mayBeConstant ? undefined : "with every event";
    return { table, plan, constants, lists: reading.lists };
  });
}

/** A query over all rows of a window, and which rows must be kept for it: see `keptRows`. */
export interface CompiledWindow extends WindowPlan {
  readonly kept: Plan;
}

/** As `compileQuery`, but over all rows of a window. */
export function compileWindowQuery(
  text: string,
  source: SourceTable,
  options: CompileOptions = {},
): CompiledQuery<CompiledWindow> {
  return compileGuarded(text, source, (code) => {
    const shared: SharedTable[] = [];
    const reading = readingFor(options);
    const table = lowerQuery(code.Syntax, source, reading, shared);
    const { steps, columns } = withoutUnavailable(table);
    const kept = keptRows([steps, ...shared.map((each) => each.steps)], source);
    const { timeColumn } = kept;
    const plan = { version: 1, timeColumn, columns: namesAndTypes(columns), steps, shared, kept } as const;
    prepareWindow(plan);
    prepare(kept);
    const constants = options.mayBeConstant ? undefined : "at every instant";
    return { table, plan, constants, lists: reading.lists };
  });
}

function readingFor({
  columnsRead = [],
  findList = noLists,
}: CompileOptions): Pick<Environment, "columnsRead" | "lists"> {
  return { columnsRead, lists: { find: findList, pinned: [], notes: [] } };
}

function noLists(url: string): { readonly problem: string } {
  return { problem: `externaldata reads local copies of lists, and here there is none of ${url}` };
}

type Lower<AnyPlan> = (code: KustoCode) => {
  readonly table: Table;
  readonly plan: AnyPlan;
  /** When rows of a query that reads no event would be found again. Undefined: such a query is allowed. */
  readonly constants: string | undefined;
  readonly lists: Lists;
};

function compileGuarded<AnyPlan>(text: string, source: SourceTable, lower: Lower<AnyPlan>): CompiledQuery<AnyPlan> {
  try {
    return compileParsed(text, source, lower);
  } catch (error) {
    if (!(error instanceof ParserFailure)) throw error;
    const problem = { offset: 0, code: "parser-failure", message: error.message };
    return {
      problems: [problem],
      leftOut: [],
      notes: [],
      lists: [],
      hash: createHash("sha256").update(text).digest("hex"),
    };
  }
}

function compileParsed<AnyPlan>(text: string, source: SourceTable, lower: Lower<AnyPlan>): CompiledQuery<AnyPlan> {
  const original = parseQuery(text, source);
  const hash = tokenHash(original.Syntax);
  const bound = withoutMissingLegs(text, original, source);
  const { dropped } = bound;
  const code = resolveColumnIfExists(bound.text, bound.code, source);
  const problems = hinted(diagnosedProblems(code, bound.text, source), dropped.length > 0);
  const failed = (found: readonly QueryProblem[]) => ({
    problems: found,
    leftOut: [],
    notes: dropped,
    lists: [],
    hash,
  });
  if (problems.length > 0) return failed(withOperators(problems, code.Syntax, source));
  try {
    const { table, plan, constants, lists } = lower(code);
    if (!table.readsEvent && constants !== undefined) {
      const message = `the query returns rows of its own (print, datatable), which would be found again ${constants}`;
      return failed([{ offset: 0, code: "not-event-local", message }]);
    }
    const leftOut = leftOutColumns(table, code.Syntax);
    return { plan, problems: [], leftOut, notes: [...dropped, ...lists.notes], lists: lists.pinned, hash };
  } catch (error) {
    if (!(error instanceof QueryRefused)) throw error;
    return failed([error.problem]);
  }
}

/** A column that is unknown may have come from a leg that was dropped. */
function hinted(problems: readonly QueryProblem[], isLegDropped: boolean): readonly QueryProblem[] {
  if (!isLegDropped) return problems;
  const hint = "; perhaps a leg had it that union isfuzzy=true drops: then add the column to the legs that stay";
  return problems.map((each) => (each.code === "unknown-column" ? { ...each, message: each.message + hint } : each));
}

function namesAndTypes(columns: readonly Column[]): Column[] {
  return columns.map(({ name, type }) => ({ name, type }));
}

/** The table without the columns that depend on a function that pimwatch cannot run. */
function withoutUnavailable(table: Table): Table {
  const kept = table.columns.flatMap(({ unavailable }, index) => (unavailable === undefined ? [index] : []));
  return kept.length === table.columns.length ? table : keeping(table, kept);
}

function leftOutColumns({ columns }: Table, syntax: Syntax): LeftOutColumn[] {
  return columns.flatMap(({ name, unavailable }) => {
    if (unavailable === undefined) return [];
    const offset = callWithin(syntax, unavailable)?.TextStart ?? 0;
    const message = unsupportedFunction(unavailable);
    return [{ name, problem: { offset, code: "unsupported-function", message } }];
  });
}

/**
 * Adds the operators that compare events and are refused, whatever else the binder reports: a column is often unknown only because a
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
