import { PimwatchError } from "../../errors.ts";
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
  /** Rows that all steps together may produce. */
  readonly rows: number;
  /** UTF-16 units of text and elements of dynamic values that functions may build. */
  readonly characters: number;
}

/** Far above what a 1 MB event can ask for honestly, low enough that a record is done within about a second. */
export const DEFAULT_LIMITS: Limits = { rows: 200_000, characters: 64_000_000 };

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
  now: bigint | null;
  /** @throws {EvaluationLimitError} */
  chargeRows(count: number): void;
  /** @throws {EvaluationLimitError} */
  chargeCharacters(count: number): void;
  /** Starts a new record. */
  begin(now: bigint | null): void;
}

export function newEvaluation(limits: Limits): Evaluation {
  let rows = limits.rows;
  let characters = limits.characters;
  return {
    now: null,
    chargeRows(count) {
      rows -= count;
      if (rows < 0) throw new EvaluationLimitError("rows", limits.rows);
    },
    chargeCharacters(count) {
      characters -= count;
      if (characters < 0) throw new EvaluationLimitError("characters", limits.characters);
    },
    begin(now) {
      this.now = now;
      rows = limits.rows;
      characters = limits.characters;
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
