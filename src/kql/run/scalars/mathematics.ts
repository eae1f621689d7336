import { isNumeric, orderOf } from "./comparison.ts";
import { convert, negated, toLong, wholeOf, wrapLong } from "../conversion.ts";
import type { Call, Compute, FunctionTable, ScalarFunction } from "../evaluation.ts";
import { asLong, asReal, asType } from "../operand.ts";
import { decimalCeiling, decimalRounded } from "../decimal.ts";
import { datetimeOf, timespanOf } from "../time.ts";
import type { Value } from "../values.ts";
import { operand, scalar } from "./binding.ts";

function ofReal(form: string, compute: (value: number) => number | boolean) {
  return scalar(form, (call) => {
    const read = asReal(operand(call, 0));
    return (row) => {
      const value = read(row);
      if (value === null) return null;
      const result = compute(value);
      return call.type === "long" && typeof result === "number" ? toLong(result, "real") : result;
    };
  });
}

/** The function, with null instead of NaN for an argument that it has no value for, as Kusto's pages on it say. */
function orNull(entry: ScalarFunction): ScalarFunction {
  const bind = (call: Call): Compute => {
    const compute = entry.bind(call);
    const argument = asReal(operand(call, 0));
    return (row) => {
      const value = compute(row);
      return Number.isNaN(value) && !Number.isNaN(argument(row)) ? null : value;
    };
  };
  return { ...entry, bind };
}

/** Returns a long unchanged: it is whole, and as a real it would lose digits. */
function keepingLongs(entry: ScalarFunction): ScalarFunction {
  const bind = (call: Call): Compute =>
    operand(call, 0).type === "long" ? operand(call, 0).compute : entry.bind(call);
  return { ...entry, bind };
}

/** The function for reals, and its variant for decimals. */
function ofDecimalToo(entry: ScalarFunction, compute: (value: bigint) => bigint): ScalarFunction {
  const bind = (call: Call): Compute => {
    const read = operand(call, 0);
    if (read.type !== "decimal") return entry.bind(call);
    return (row) => {
      const value = read.compute(row);
      return typeof value === "bigint" ? compute(value) : null;
    };
  };
  return { ...entry, bind };
}

function roundDecimal(call: Call): Compute {
  const value = asType(operand(call, 0), "decimal");
  const precision = call.operands[1] ? asLong(operand(call, 1)) : () => 0n;
  return (row) => {
    const [x, digits] = [value(row), precision(row)];
    return typeof x === "bigint" && digits !== null ? decimalRounded(x, Number(digits)) : null;
  };
}

function bits(form: string, compute: (left: bigint, right: bigint) => bigint | null) {
  return scalar(form, (call) => {
    const [left, right] = [asLong(operand(call, 0)), asLong(operand(call, call.operands.length - 1))];
    return (row) => {
      const [a, b] = [left(row), right(row)];
      const result = a === null || b === null ? null : compute(a, b);
      return result === null ? null : wrapLong(result);
    };
  });
}

/** The least or greatest argument, ignoring nulls. */
function extremeOf(sign: 1 | -1): (call: Call) => Compute {
  return (call) => {
    const values = call.operands.map((each) => asType(each, call.type));
    return (row) => {
      let best: Value = null;
      for (const value of values.map((compute) => compute(row))) {
        if (value !== null && (best === null || sign * (orderOf(value, best) ?? 0) > 0)) best = value;
      }
      return best;
    };
  };
}

export const MATHEMATICS: FunctionTable = {
  abs: scalar("abs(x)", (call) => {
    const { compute } = operand(call, 0);
    return (row) => {
      const value = compute(row);
      if (typeof value === "bigint") return value < 0n ? negated(value, call.type) : value;
      return typeof value === "number" ? Math.abs(value) : null;
    };
  }),
  bin: scalar("bin(value, roundTo)", (call) => bin(call)),
  floor: scalar("floor(value, roundTo)", (call) => bin(call)),
  bin_at: scalar("bin_at(value, size, fixedPoint)", (call) => bin(call, 2)),
  ceiling: ofDecimalToo(keepingLongs(ofReal("ceiling(x)", Math.ceil)), decimalCeiling),
  round: scalar("round(x [, precision])", (call) => {
    if (call.type === "decimal") return roundDecimal(call);
    const value = asReal(operand(call, 0));
    const precision = call.operands[1] ? asLong(operand(call, 1)) : () => 0n;
    return (row) => {
      const original = operand(call, 0).compute(row);
      const [x, digits] = [value(row), precision(row)];
      if (x === null || digits === null) return null;
      if (typeof original === "bigint" && digits >= 0n) return original;
      const factor = 10 ** Number(digits);
      const rounded = (Math.sign(x) * Math.round(Math.abs(x) * factor)) / factor;
      return call.type === "long" ? toLong(rounded, "real") : rounded;
    };
  }),
  sqrt: orNull(ofReal("sqrt(x)", Math.sqrt)),
  exp: ofReal("exp(x)", Math.exp),
  exp2: ofReal("exp2(x)", (x) => 2 ** x),
  exp10: ofReal("exp10(x)", (x) => 10 ** x),
  log: orNull(ofReal("log(x)", Math.log)),
  log2: orNull(ofReal("log2(x)", Math.log2)),
  log10: orNull(ofReal("log10(x)", Math.log10)),
  sign: ofReal("sign(x)", Math.sign),
  ...Object.fromEntries(
    (["sin", "cos", "tan", "atan"] as const).map((name) => [name, ofReal(`${name}(x)`, Math[name])]),
  ),
  asin: orNull(ofReal("asin(x)", Math.asin)),
  acos: orNull(ofReal("acos(x)", Math.acos)),
  cot: ofReal("cot(x)", (x) => 1 / Math.tan(x)),
  degrees: ofReal("degrees(x)", (x) => (x * 180) / Math.PI),
  radians: ofReal("radians(x)", (x) => (x * Math.PI) / 180),
  atan2: scalar("atan2(y, x)", (call) => {
    const [first, second] = [asReal(operand(call, 0)), asReal(operand(call, 1))];
    return (row) => {
      const [y, x] = [first(row), second(row)];
      return y === null || x === null ? null : Math.atan2(y, x);
    };
  }),
  around: scalar("around(value, center, delta)", (call) => {
    const isDecimal = call.operands.some(({ type }) => type === "decimal");
    const [value, center, delta] = [operand(call, 0), operand(call, 1), operand(call, 2)].map((each) =>
      isDecimal ? asType(each, "decimal") : each.compute,
    );
    return (row) => {
      const [x, middle, distance] = [value?.(row), center?.(row), delta?.(row)].map((each) => each ?? null);
      if (!isNumeric(x ?? null) || !isNumeric(middle ?? null) || !isNumeric(distance ?? null)) return null;
      if (typeof x === "bigint" && typeof middle === "bigint" && isNumeric(distance ?? null))
        return Number(x - middle < 0n ? middle - x : x - middle) <= Number(distance);
      return Math.abs(Number(x) - Number(middle)) <= Number(distance);
    };
  }),
  bitset_count_ones: scalar("bitset_count_ones(x)", (call) => {
    const value = asLong(operand(call, 0));
    return (row) => {
      const number = value(row);
      if (number === null) return null;
      const ones = BigInt.asUintN(64, number).toString(2).replaceAll("0", "").length;
      return call.type === "long" ? BigInt(ones) : ones;
    };
  }),
  pow: scalar("pow(base, exponent)", (call) => {
    const [base, exponent] = [asReal(operand(call, 0)), asReal(operand(call, 1))];
    return (row) => {
      const [a, b] = [base(row), exponent(row)];
      return a === null || b === null ? null : a ** b;
    };
  }),
  pi: scalar("pi()", () => () => Math.PI),
  isnan: ofReal("isnan(x)", Number.isNaN),
  isinf: ofReal("isinf(x)", (x) => !Number.isFinite(x) && !Number.isNaN(x)),
  isfinite: ofReal("isfinite(x)", Number.isFinite),
  min_of: scalar("min_of(a, b, …)", extremeOf(-1)),
  max_of: scalar("max_of(a, b, …)", extremeOf(1)),
  binary_and: bits("binary_and(a, b)", (a, b) => a & b),
  binary_or: bits("binary_or(a, b)", (a, b) => a | b),
  binary_xor: bits("binary_xor(a, b)", (a, b) => a ^ b),
  binary_not: bits("binary_not(a)", (a) => ~a),
  binary_shift_left: bits("binary_shift_left(a, b)", (a, b) => (b < 0n ? null : a << (b & 63n))),
  binary_shift_right: bits("binary_shift_right(a, b)", (a, b) => (b < 0n ? null : a >> (b & 63n))),
};

/**
 * Rounds down to a multiple of the size, counted from 0 or from a fixed point. Ticks and whole numbers keep all digits. A
 * multiple that the result's type cannot hold is null: any other value would lie above what is rounded down.
 */
function bin(call: Call, fixedAt?: number): Compute {
  if (call.type === "decimal") return binDecimal(call, fixedAt);
  const [value, size] = [operand(call, 0).compute, operand(call, 1).compute];
  const fixed = fixedAt === undefined ? () => 0n : operand(call, fixedAt).compute;
  const asResult = (result: bigint | number): Value => {
    if (typeof result === "bigint" && call.type === "datetime") return datetimeOf(result);
    if (typeof result === "bigint" && call.type === "timespan") return timespanOf(result);
    return convert(result, typeof result === "bigint" ? "long" : "real", call.type);
  };
  return (row) => {
    const [x, step, from] = [value(row), size(row), fixed(row)];
    if (!isNumeric(x) || !isNumeric(step) || !isNumeric(from) || step <= 0) return null;
    const [whole, wholeStep, origin] = [wholeOf(x), wholeOf(step), wholeOf(from)];
    if (whole !== null && wholeStep !== null && origin !== null) {
      return asResult(origin + floorTo(whole - origin, wholeStep));
    }
    return asResult(Number(from) + Math.floor((Number(x) - Number(from)) / Number(step)) * Number(step));
  };
}

function binDecimal(call: Call, fixedAt?: number): Compute {
  const read = (position: number) => asType(operand(call, position), "decimal");
  const [value, size] = [read(0), read(1)];
  const fixed = fixedAt === undefined ? () => 0n : read(fixedAt);
  return (row) => {
    const [x, step, from] = [value(row), size(row), fixed(row)];
    if (typeof x !== "bigint" || typeof step !== "bigint" || typeof from !== "bigint" || step <= 0n) return null;
    return from + floorTo(x - from, step);
  };
}

function floorTo(value: bigint, step: bigint): bigint {
  const remainder = ((value % step) + step) % step;
  return value - remainder;
}
