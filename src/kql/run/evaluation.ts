import type { Row, ScalarType, Value } from "./values.ts";

/** Computes an expression for one row. */
export type Compute = (row: Row) => Value;

/** An argument of a function. */
export interface Operand {
  readonly type: ScalarType;
  readonly compute: Compute;
  /** Present if the value is the same for every row. */
  readonly constant?: { readonly value: Value };
}

/** Limits of one evaluation: one rule on one record. */
export interface Limits {
  /** Rows that one step may build, which all take memory. */
  readonly rows: number;
  /** Rows of the result, each of which becomes an incident: a rule that finds more is wrong. */
  readonly results: number;
  /** Units of work, priced in `metering.ts`. A slow processor does about two per nanosecond. */
  readonly work: number;
}

/** The shipped rules use less than a tenth of each on a record of 1 MB; `npm run bench -- --only limits` measures it. */
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

/** A rule exceeded the limits on one record. The record has no partial result: the caller makes it a dead letter. */
export class EvaluationLimitError extends Error {
  override readonly name = "EvaluationLimitError";
  readonly retryable = false;
  readonly limit: keyof Limits;

  constructor(limit: keyof Limits, allowed: number) {
    super(`stopped at the limit of ${allowed} ${LIMIT_NAMES[limit]} for one record`);
    this.limit = limit;
  }
}

/** The state that the closures of a prepared plan share: the record's time and the rest of the limits. */
export interface Evaluation {
  /** The record's own time, which `now()` returns, so that live runs, replay and backtest agree. */
  readonly now: bigint | null;
  /** @throws {EvaluationLimitError} */
  chargeWork(units: number): void;
  /** Must be called before a step builds `count` rows. @throws {EvaluationLimitError} */
  checkRows(count: number): void;
  chargeResults(count: number): void;
  /** Checks that this much work is left, before something is built that is charged for afterwards. @throws {EvaluationLimitError} */
  reserveWork(units: number): void;
  /** How much the record has used so far; `rows` is the most that one step has built. */
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

/** A call, as a function's entry gets it to make a closure of it. */
export interface Call {
  readonly name: string;
  /** The type of the call's value. */
  readonly type: ScalarType;
  readonly operands: readonly Operand[];
  readonly evaluation: Evaluation;
}

/** A call of a known function that cannot run as written, e.g. with an invalid regular expression. */
export class CallProblem extends Error {
  override readonly name = "CallProblem";
}

/** The price of a call in units of work. DEFAULT_PRICE has the defaults. */
export interface Price {
  /** For each call. */
  readonly call?: number;
  /** For each character that it reads or builds, in texts and in dynamic values as JSON. */
  readonly character?: number;
  /**
   * Operands that it does not read in full: `first`, which it looks into by key or compares with null, or `all` that have
   * the type of the result, one of which it returns. Its result then costs nothing either.
   */
  readonly passes?: "first" | "all";
}

/** One scalar function or operator. */
export interface ScalarFunction {
  /** How it is written, for the support table. */
  readonly form: string;
  /** Its value depends on more than its arguments, so it is never folded to a constant. */
  readonly volatile?: true;
  /** Differences from DEFAULT_PRICE. */
  readonly price?: Price;
  /** Makes the closure. @throws {CallProblem} if the arguments cannot work for any row */
  readonly bind: (call: Call) => Compute;
}

export type FunctionTable = Readonly<Record<string, ScalarFunction>>;
