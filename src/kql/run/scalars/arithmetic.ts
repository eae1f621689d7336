import { negated, toReal, wholeOf, wrapLong } from "../conversion.ts";
import type { Call, Compute, FunctionTable } from "../evaluation.ts";
import { asLong, asReal, asType } from "../operand.ts";
import { wholeJson } from "../exact-json.ts";
import { DECIMAL_OPERATIONS } from "../decimal.ts";
import { datetimeOf, timespanOf } from "../time.ts";
import type { Json, ScalarType } from "../values.ts";
import { operand, scalar } from "./binding.ts";

/** Longs wrap around at 64 bits. Dividing longs truncates to a whole number; dividing by zero is null. */
export const ARITHMETIC: FunctionTable = {
  "+": scalar("a + b", (call) =>
    arithmetic(
      call,
      (a, b) => a + b,
      (a, b) => a + b,
    ),
  ),
  "-": scalar("a - b", (call) =>
    arithmetic(
      call,
      (a, b) => a - b,
      (a, b) => a - b,
    ),
  ),
  "*": scalar("a * b", (call) =>
    arithmetic(
      call,
      (a, b) => a * b,
      (a, b) => a * b,
    ),
  ),
  "/": scalar("a / b", (call) =>
    arithmetic(
      call,
      (a, b) => (b === 0n ? null : a / b),
      (a, b) => a / b,
    ),
  ),
  "%": scalar("a % b", (call) => arithmetic(call, remainder, (a, b) => a % b)),
  negate: scalar("-a", (call) => {
    const { compute, type } = operand(call, 0);
    return (row) => {
      const value = compute(row);
      if (typeof value === "bigint") return negated(value, type);
      return typeof value === "number" ? -value : null;
    };
  }),
  identity: scalar("+a", (call) => operand(call, 0).compute),
};

/** The remainder is never negative. */
function remainder(a: bigint, b: bigint): bigint | null {
  if (b === 0n) return null;
  const size = b < 0n ? -b : b;
  return ((a % size) + size) % size;
}

function arithmetic(
  call: Call,
  whole: (a: bigint, b: bigint) => bigint | null,
  fractional: (a: number, b: number) => number,
): Compute {
  const { type } = call;
  const [left, right] = [operand(call, 0), operand(call, 1)];
  if (isTime(left.type) || isTime(right.type)) return timeArithmetic(call, whole, fractional);
  if (type === "dynamic") return dynamicArithmetic(call, whole, fractional);
  if (type === "decimal") return decimalArithmetic(call);
  if (type === "long" || type === "int") {
    const [first, second] = [asLong(left), asLong(right)];
    return asType(
      {
        type: "long",
        compute(row) {
          const [a, b] = [first(row), second(row)];
          const result = a === null || b === null ? null : whole(a, b);
          return result === null ? null : wrapLong(result);
        },
      },
      type,
    );
  }
  const [first, second] = [asReal(left), asReal(right)];
  return (row) => {
    const [a, b] = [first(row), second(row)];
    return a === null || b === null ? null : fractional(a, b);
  };
}

/**
 * JSON numbers are reals, but longs if a real would lose digits. So `7 / 2` is 3.5, and `9007199254740993 / 2` is
 * 4503599627370496, as with longs.
 */
function dynamicArithmetic(
  call: Call,
  whole: (a: bigint, b: bigint) => bigint | null,
  fractional: (a: number, b: number) => number,
): Compute {
  const [left, right] = [operand(call, 0), operand(call, 1)];
  return (row): Json => {
    const values = [left.compute(row), right.compute(row)] as const;
    const [a, b] = [toReal(values[0], "dynamic"), toReal(values[1], "dynamic")];
    if (a === null || b === null) return null;
    const result = fractional(a, b);
    const isRounded = Number.isInteger(result) && !Number.isSafeInteger(result);
    if (!isRounded && !values.some((value) => typeof value === "bigint")) return result;
    const [first, second] = [wholeOf(values[0]), wholeOf(values[1])];
    if (first === null || second === null) return result;
    const long = whole(first, second);
    return long === null ? null : wholeJson(wrapLong(long));
  };
}

function decimalArithmetic(call: Call): Compute {
  const operation = DECIMAL_OPERATIONS[call.name];
  const [first, second] = [asType(operand(call, 0), "decimal"), asType(operand(call, 1), "decimal")];
  return (row) => {
    const [a, b] = [first(row), second(row)];
    return operation && typeof a === "bigint" && typeof b === "bigint" ? operation(a, b) : null;
  };
}

function isTime(type: ScalarType): boolean {
  return type === "datetime" || type === "timespan";
}

/** Two tick values give whole ticks. A timespan multiplied or divided by a real needs fractions of a tick in between. */
function timeArithmetic(
  call: Call,
  whole: (a: bigint, b: bigint) => bigint | null,
  fractional: (a: number, b: number) => number,
): Compute {
  const { type } = call;
  const [left, right] = [operand(call, 0), operand(call, 1)];
  const [first, second] = [left, right].map((each) => {
    if (isTime(each.type)) return each.compute;
    return each.type === "long" || each.type === "int" ? asLong(each) : asReal(each);
  });
  const inRange = type === "datetime" ? datetimeOf : timespanOf;
  const finish = (ticks: bigint | null) => (ticks === null ? null : inRange(ticks));
  return (row) => {
    const [a = null, b = null] = [first?.(row), second?.(row)];
    if (a === null || b === null) return null;
    if (typeof a === "bigint" && typeof b === "bigint" && type !== "real") return finish(whole(a, b));
    const result = fractional(Number(a), Number(b));
    if (type === "real") return result;
    return Number.isFinite(result) ? finish(BigInt(Math.trunc(result))) : null;
  };
}
