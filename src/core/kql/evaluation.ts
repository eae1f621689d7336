import { PimwatchError } from "../../errors.ts";
import type { Json, Row, ScalarType, Value } from "./values.ts";
import { weightOf, weightOfRow } from "./weight.ts";

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
  /** Rows that all steps together may produce. */
  readonly rows: number;
  /** UTF-16 units of text and JSON that functions may build. */
  readonly characters: number;
  /** Rows times the size of the record: what functions may have to read through. */
  readonly work: number;
}

/** Far above what a 1 MB event can ask for honestly, low enough that a record is done within seconds at worst. */
export const DEFAULT_LIMITS: Limits = { rows: 200_000, characters: 64_000_000, work: 2_000_000_000 };

/**
 * A rule asked for more rows or text on one record than the limits allow. The record is not evaluated in part:
 * the caller keeps it (dead letter) and goes on.
 */
export class EvaluationLimitError extends PimwatchError {
  override readonly name = "EvaluationLimitError";
  readonly retryable = false;
  readonly limit: keyof Limits;

  constructor(limit: keyof Limits, allowed: number) {
    super(`Evaluation stopped: one record asked a rule for more than ${allowed} ${limit}`);
    this.limit = limit;
  }
}

/** What the closures of one prepared plan share: the record's time and what is left of the limits. */
export interface Evaluation {
  /** The record's TimeGenerated: what `now()` yields, so that live, replay and backtest agree. */
  readonly now: bigint | null;
  /** @throws {EvaluationLimitError} */
  chargeRows(count: number): void;
  /** To be called before text of that length is built. @throws {EvaluationLimitError} */
  chargeCharacters(count: number): void;
  /** Charges for a dynamic value that a call built, and returns it. @throws {EvaluationLimitError} */
  built<Value extends Json>(value: Value): Value;
  /** Starts a new record. */
  begin(row: Row, now: bigint | null): void;
}

/** Below this many rows of one record the work cannot matter, and its size need not be known. */
const FEW_ROWS = 50;

export function newEvaluation(limits: Limits): Evaluation {
  let now: bigint | null = null;
  let record: Row = [];
  const left = { ...limits };
  const charge = (limit: keyof Limits, count: number) => {
    left[limit] -= count;
    if (left[limit] < 0) throw new EvaluationLimitError(limit, limits[limit]);
  };
  return {
    get now() {
      return now;
    },
    chargeRows(count) {
      charge("rows", count);
      if (count > FEW_ROWS) charge("work", count * weightOfRow(record));
    },
    chargeCharacters: (count) => charge("characters", count),
    built(value) {
      charge("characters", weightOf(value));
      return value;
    },
    begin(row, time) {
      now = time;
      record = row;
      Object.assign(left, limits);
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

/** One scalar function or operator: the single entry that makes KQL's name mean something here. */
export interface ScalarFunction {
  /** How it is written, for the support table. */
  readonly form: string;
  /** Page of Kusto's documentation, below https://learn.microsoft.com/kusto/query/ */
  readonly page: string;
  /** Its value depends on more than its arguments, so it is never folded at start. */
  readonly volatile?: true;
  /** Makes the closure. @throws {CallProblem} when the arguments cannot work whatever the row */
  readonly bind: (call: Call) => Compute;
}

export type FunctionTable = Readonly<Record<string, ScalarFunction>>;
