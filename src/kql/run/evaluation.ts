import type { Row, ScalarType, Value } from "./values.ts";

/** Computes an expression for one row. */
export type Compute = (row: Row) => Value;

/** An argument of a function. */
export interface Operand {
  readonly type: ScalarType;
  readonly compute: Compute;
  /** Present if the value is the same for every row. */
  readonly constant?: { readonly value: Value };
  /** Present if the value is the same for every row of one evaluation. Reading it again costs nothing. */
  readonly isShared?: true;
}

/** Limits of one evaluation: one rule on one record, or on one window. */
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

/** A window holds many records. */
export const WINDOW_LIMITS: Limits = {
  rows: 2_000_000,
  results: 10_000,
  work: 500_000_000_000,
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

  constructor(limit: keyof Limits, allowed: number, of: string) {
    super(`stopped at the limit of ${allowed} ${LIMIT_NAMES[limit]} for ${of}`);
    this.limit = limit;
  }
}

/** What a plan over a window reads besides the row in hand. */
export interface Window {
  /** The rows of a table that lie in the window, in the order of their times. */
  rowsOf(table: string): readonly Row[];
  /** The value of a shared table of the plan. */
  shared(index: number): Value;
  /** Present if the evaluation notes what each row is made of. */
  readonly evidence?: Evidence;
}

export interface Evidence {
  /**
   * Notes the rows that a new row is made of.
   *
   * @param identity what tells it apart from other findings: rows, without those that it may lack, and a key that they share.
   *   Unless given, all rows that it is made of
   */
  note(row: Row, from: readonly Row[], identity?: { readonly rows?: readonly Row[]; readonly key?: string }): void;
}

/** A plan over one event reads nothing else. */
const NO_WINDOW: Window = {
  rowsOf: (table) => {
    throw new CallProblem(`the plan reads the table ${table}, but it runs over one event`);
  },
  shared: (index) => {
    throw new CallProblem(`the plan has no shared table ${index}`);
  },
};

/** The state that the closures of a prepared plan share: the current time and the rest of the limits. */
export interface Evaluation {
  /** `now()`: the record's own time, or the instant of a window. So live runs, replay and backtest agree. */
  readonly now: bigint | null;
  readonly window: Window;
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

export function newEvaluation(limits: Limits, window: Window = NO_WINDOW): Evaluation {
  let now: bigint | null = null;
  let { results, work } = limits;
  let rows = 0;
  const of = window === NO_WINDOW ? "one record" : "one evaluation";
  const stop = (limit: keyof Limits) => new EvaluationLimitError(limit, limits[limit], of);
  return {
    window,
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
