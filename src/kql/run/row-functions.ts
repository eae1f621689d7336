import { CallProblem, type Call, type Compute } from "./evaluation.ts";
import { asBool } from "./operand.ts";
import { wrapLong } from "./conversion.ts";
import { operand } from "./scalars/binding.ts";
import { groupKey } from "./steps/grouping.ts";
import type { Row, Value } from "./values.ts";

/** The value of a call for one row, and the other row that it comes from. */
interface RowValue {
  readonly value: Value;
  readonly from?: Row | undefined;
}

/** A function whose value depends on the rows before or after, in their order. */
interface RowFunction {
  readonly form: string;
  /** Makes a function of all rows that returns one value for each. */
  readonly bind: (call: Call) => (rows: readonly Row[]) => readonly RowValue[];
}

/** Every such function that a plan can name. @see https://learn.microsoft.com/kusto/query/window-functions */
export const ROW_FUNCTIONS: Readonly<Record<string, RowFunction>> = {
  prev: { form: "prev(value [, offset [, default]])", bind: neighbour(-1) },
  next: { form: "next(value [, offset [, default]])", bind: neighbour(1) },
  row_number: {
    form: "row_number([start [, restart]])",
    bind: (call) => {
      const start = optional(call, 0, 1n);
      return running(call, 1, (row, before) => {
        const first = start(row);
        if (before === undefined) return first;
        return typeof before === "bigint" ? before + 1n : null;
      });
    },
  },
  row_cumsum: {
    form: "row_cumsum(value [, restart])",
    bind: (call) => {
      const { compute } = operand(call, 0);
      return running(call, 1, (row, before) => sum(before, compute(row), call.type));
    },
  },
  row_rank_dense: {
    form: "row_rank_dense(value [, restart])",
    bind: (call) => ranks(call, ({ rank }) => rank + 1n),
  },
  row_rank_min: {
    form: "row_rank_min(value [, restart])",
    bind: (call) => ranks(call, ({ number }) => number + 1n),
  },
  row_window_session: {
    form: "row_window_session(time, maxFromFirst, maxBetween [, restart])",
    bind: session,
  },
};

function optional({ operands }: Call, position: number, otherwise: Value): Compute {
  return operands[position]?.compute ?? (() => otherwise);
}

/** Whether a call restarts at a row. */
function restarts(call: Call, position: number): (row: Row) => boolean {
  const restart = call.operands[position] && asBool(call.operands[position]);
  return (row) => restart?.(row) === true;
}

/** A value computed from the row and the value before; undefined at the first row and where the call restarts. */
function running(call: Call, restart: number, next: (row: Row, before: Value | undefined) => Value) {
  const isRestart = restarts(call, restart);
  return (rows: readonly Row[]): RowValue[] => {
    let before: Value | undefined;
    return rows.map((row) => {
      before = next(row, isRestart(row) ? undefined : before);
      return { value: before };
    });
  };
}

function neighbour(direction: 1 | -1): RowFunction["bind"] {
  return (call) => {
    const { compute, type } = operand(call, 0);
    const offset = call.operands[1] ? call.operands[1].constant?.value : 1n;
    if (typeof offset !== "bigint" && typeof offset !== "number")
      throw new CallProblem(`${call.name}: the offset must be a constant whole number`);
    const otherwise = optional(call, 2, type === "string" ? "" : null);
    return (rows) =>
      rows.map((row, index) => {
        const from = rows[index + direction * Number(offset)];
        return from ? { value: compute(from), from } : { value: otherwise(row) };
      });
  };
}

/** A null adds nothing. */
function sum(before: Value | undefined, value: Value, type: Call["type"]): Value {
  if (before === undefined || before === null) return value;
  if (typeof before === "bigint" && typeof value === "bigint")
    return type === "long" ? wrapLong(before + value) : before + value;
  return typeof before === "number" && typeof value === "number" ? before + value : before;
}

interface Ranked {
  /** Of the rows since the start, how many, and the rank and the value of the last. */
  readonly number: bigint;
  readonly rank: bigint;
  readonly key: string;
}

function ranks(call: Call, rankOfNew: (before: Ranked) => bigint) {
  const { compute, type } = operand(call, 0);
  const isRestart = restarts(call, 1);
  const none: Ranked = { number: 0n, rank: 0n, key: "" };
  return (rows: readonly Row[]): RowValue[] => {
    let before = none;
    return rows.map((row) => {
      if (isRestart(row)) before = none;
      const key = groupKey([compute(row)], [type]);
      const rank = key === before.key ? before.rank : rankOfNew(before);
      before = { number: before.number + 1n, rank, key };
      return { value: rank };
    });
  };
}

function session(call: Call) {
  const time = operand(call, 0).compute;
  const [maxFromFirst, maxBetween] = [operand(call, 1).compute, operand(call, 2).compute];
  const isRestart = restarts(call, 3);
  return (rows: readonly Row[]): RowValue[] => {
    let start: bigint | null = null;
    let last: bigint | null = null;
    return rows.map((row) => {
      const value = time(row);
      const at = typeof value === "bigint" ? value : null;
      const reaches = (since: bigint | null, limit: Value) =>
        since === null || at === null || typeof limit !== "bigint" || at >= since + limit;
      if (isRestart(row) || reaches(start, maxFromFirst(row)) || reaches(last, maxBetween(row))) start = at;
      last = at;
      return { value: start };
    });
  };
}
