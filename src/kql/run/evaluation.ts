import type { Row, ScalarType, Value } from "./values.ts";

/** Computes an expression for one row. */
export type Compute = (row: Row) => Value;

/** An argument of a function: what it yields and how. */
export interface Operand {
  readonly type: ScalarType;
  readonly compute: Compute;
  /** Present where the value is the same for every row. */
  readonly constant?: { readonly value: Value };
}

/** How much one evaluation, one rule on one record, may do. */
export interface Limits {
  /** Rows that one step may build: they take memory. */
  readonly rows: number;
  /** Rows of the result, each of which becomes an incident: more is a rule gone wrong. */
  readonly results: number;
  /** Units of work, of which a slow processor does about two in a nanosecond. `metering.ts` has the prices. */
  readonly work: number;
}

/** A record of 1 MB takes the shipped rules less than a tenth of each; `npm run bench -- --only limits` prints both. */
export const DEFAULT_LIMITS: Limits = {
  rows: 200_000,
  results: 1_000,
  work: 5_000_000_000,
};

const LIMIT_NAMES: Readonly<Record<keyof Limits, string>> = {
  rows: "rows",
  results: "result rows",
  work: "units of work",
};

/**
 * A rule asked for more on one record than the limits allow. The record is not evaluated in part: the caller keeps it
 * (dead letter) and goes on.
 */
export class EvaluationLimitError extends Error {
  override readonly name = "EvaluationLimitError";
  readonly retryable = false;
  readonly limit: keyof Limits;

  constructor(limit: keyof Limits, allowed: number) {
    super(`stopped at the limit of ${allowed} ${LIMIT_NAMES[limit]} for one record`);
    this.limit = limit;
  }
}

/** What the closures of one prepared plan share: the record's time and what is left of the limits. */
export interface Evaluation {
  /** The record's TimeGenerated: what `now()` yields, so that live, replay and backtest agree. */
  readonly now: bigint | null;
  /** @throws {EvaluationLimitError} */
  chargeWork(units: number): void;
  /** Called with the number of rows that a step builds, before it does. @throws {EvaluationLimitError} */
  checkRows(count: number): void;
  chargeResults(count: number): void;
  /** Stops unless as much work is left: asked before something is built that is charged for when it is there. */
  reserveWork(units: number): void;
  /** What the record has taken so far: of rows the most that a step has built. */
  spent(): Limits;
  /** Starts a new record. */
  begin(now: bigint | null): void;
}

export function newEvaluation(limits: Limits): Evaluation {
  let now: bigint | null = null;
  let { results, work } = limits;
  let rows = 0;
  const stop = (limit: keyof Limits) => new EvaluationLimitError(limit, limits[limit]);
  return {
    get now() {
      return now;
    },
    chargeWork(units) {
      work -= units;
      if (!(work >= 0)) throw stop("work");
    },
    checkRows(count) {
      rows = Math.max(rows, count);
      if (!(count <= limits.rows)) throw stop("rows");
    },
    chargeResults(count) {
      results -= count;
      if (!(results >= 0)) throw stop("results");
    },
    reserveWork(units) {
      if (!(work >= units)) throw stop("work");
    },
    spent: () => ({
      rows,
      results: limits.results - results,
      work: limits.work - work,
    }),
    begin(time) {
      now = time;
      ({ results, work } = limits);
      rows = 0;
    },
  };
}

/** What a function's entry is given to make its closure from. */
export interface Call {
  readonly name: string;
  /** The type that the call yields. */
  readonly type: ScalarType;
  readonly operands: readonly Operand[];
  readonly evaluation: Evaluation;
}

/** A call that the table knows by name but cannot run as written, e.g. a regular expression that is none. */
export class CallProblem extends Error {
  override readonly name = "CallProblem";
}

/** What a call costs in units of work; what is not said is as in DEFAULT_PRICE. */
export interface Price {
  /** For each call. */
  readonly call?: number;
  /** For each character of the texts, and of the dynamic values as JSON, that it reads and that it builds. */
  readonly character?: number;
  /**
   * Operands that it does not read through: the first, which it looks into by a key or compares with null, or all that
   * have the type of the result, one of which it passes on. What it yields then costs nothing either.
   */
  readonly passes?: "first" | "all";
}

/** One scalar function or operator: the single entry that makes KQL's name mean something here. */
export interface ScalarFunction {
  /** How it is written, for the support table. */
  readonly form: string;
  /** Page of Kusto's documentation, below https://learn.microsoft.com/kusto/query/ */
  readonly page: string;
  /** Its value depends on more than its arguments, so it is never folded at start. */
  readonly volatile?: true;
  /** What it costs, where that is not DEFAULT_PRICE. */
  readonly price?: Price;
  /** Makes the closure. @throws {CallProblem} when the arguments cannot work whatever the row */
  readonly bind: (call: Call) => Compute;
}

export type FunctionTable = Readonly<Record<string, ScalarFunction>>;
