import { toDecimal, toDynamic, toLong, toReal, wrapLong } from "./conversion.ts";
import { addDecimals, decimalAverage } from "./decimal.ts";
import { isBag, jsonText } from "./dynamic-text.ts";
import { CallProblem, type Call, type Operand } from "./evaluation.ts";
import { asBool } from "./operand.ts";
import { orderOf } from "./scalars/comparison.ts";
import { operand } from "./scalars/binding.ts";
import type { Json, Row, Value } from "./values.ts";

/** Computes an aggregate over the rows of one group. */
type ComputeAggregate = (rows: readonly Row[]) => Value;

export interface AggregateFunction {
  readonly form: string;
  readonly bind: (call: Call) => ComputeAggregate;
}

/** Default limit of the elements that make_list and make_set keep. */
const MAXIMUM_ELEMENTS = 1_048_576;
/** Default limit of `makelist`, `makeset` and `make_dictionary`, the old names. */
const LEGACY_MAXIMUM_ELEMENTS = 128;
const LEGACY_NAMES = new Set(["makelist", "makeset", "make_dictionary"]);

function aggregate(form: string, bind: AggregateFunction["bind"]): AggregateFunction {
  return { form, bind };
}

/** An aggregate over the values of its first argument that are not null. */
function overValues(reduce: (values: Value[], of: Operand, call: Call) => Value): AggregateFunction["bind"] {
  return (call) => {
    const of = operand(call, 0);
    return (rows) =>
      reduce(
        rows.map(of.compute).filter((value) => value !== null),
        of,
        call,
      );
  };
}

/** The aggregate over only the rows for which the argument at `position` is true. */
function where(position: number, bind: AggregateFunction["bind"]): AggregateFunction["bind"] {
  return (call) => {
    const condition = asBool(operand(call, position));
    const operands = call.operands.filter((_, index) => index !== position);
    const compute = bind({ ...call, operands });
    return (rows) => compute(rows.filter((row) => condition(row) === true));
  };
}

const count: AggregateFunction["bind"] = () => (rows) => BigInt(rows.length);

/** Exact, although Kusto estimates: the rows of one event are few. */
const distinctCount = overValues((values, { type }) => BigInt(new Set(values.map((value) => keyOf(value, type))).size));

const extreme = (sign: 1 | -1) =>
  overValues((values, { type }) => {
    const nothing = type === "string" ? "" : null;
    return values.length === 0
      ? nothing
      : values.reduce((best, value) => (sign * (orderOf(value, best) ?? 0) > 0 ? value : best));
  });

const sum = overValues((values, { type }, call) => {
  if (call.type === "real") return values.reduce<number>((total, value) => total + (toReal(value, type) ?? 0), 0);
  if (call.type === "decimal") return decimalSum(values, type);
  const total = values.reduce<bigint>((all, value) => all + (toLong(value, type) ?? 0n), 0n);
  if (call.type === "int") return Number(total);
  return call.type === "long" ? wrapLong(total) : total;
});

/** Null if the sum is too large. */
function decimalSum(values: readonly Value[], type: Operand["type"]): bigint | null {
  return values.reduce<bigint | null>((all, value) => {
    const next = toDecimal(value, type);
    return all === null || next === null ? null : addDecimals(all, next);
  }, 0n);
}

const average = overValues((values, { type }, call) => {
  if (call.type === "decimal") {
    const all = decimalSum(values, type);
    return all === null || values.length === 0 ? null : decimalAverage(all, values.length);
  }
  const total = values.reduce<number>((all, value) => all + (toReal(value, type) ?? 0), 0);
  if (call.type === "real") return total / values.length;
  return values.length === 0 ? null : toLong(total / values.length, "real");
});

/** The sum of squares divided by the number of values, less `reduction`: 1 for a sample. 0 if there are too few values. */
function variance(reduction: number, finish = (value: number) => value): AggregateFunction["bind"] {
  return overValues((values, { type }) => {
    if (values.length <= reduction) return 0;
    const numbers = values.map((value) => toReal(value, type) ?? 0);
    const mean = numbers.reduce((all, number) => all + number, 0) / numbers.length;
    return finish(numbers.reduce((all, number) => all + (number - mean) ** 2, 0) / (numbers.length - reduction));
  });
}

/** Null if there are no values. */
function ofBits(combine: (left: bigint, right: bigint) => bigint): AggregateFunction["bind"] {
  return overValues((values, { type }) =>
    values.reduce<bigint | null>((all, value) => {
      const bits = toLong(value, type);
      return all === null || bits === null ? (all ?? bits) : combine(all, bits);
    }, null),
  );
}

function keyOf(value: Value, type: Operand["type"]): string {
  return jsonText(toDynamic(value, type));
}

/** The size argument, which must be a constant. For Kusto anything below 1 means the maximum. */
function limitOf({ operands, name }: Call, position: number): number {
  const argument = operands[position];
  if (argument === undefined) return LEGACY_NAMES.has(name) ? LEGACY_MAXIMUM_ELEMENTS : MAXIMUM_ELEMENTS;
  if (argument.constant === undefined) throw new CallProblem(`${name}: the maximum size must be a constant`);
  const size = toReal(argument.constant.value, argument.type) ?? 0;
  return size >= 1 ? size : MAXIMUM_ELEMENTS;
}

function list(keepNulls: boolean): AggregateFunction["bind"] {
  return (call) => {
    const { compute, type } = operand(call, 0);
    const limit = limitOf(call, 1);
    return (rows) => {
      const values = rows.map((row) => toDynamic(compute(row), type));
      return (keepNulls ? values : values.filter((value) => value !== null)).slice(0, limit);
    };
  };
}

const set: AggregateFunction["bind"] = (call) => {
  const { compute, type } = operand(call, 0);
  const limit = limitOf(call, 1);
  return (rows) => {
    const found = new Map<string, Json>();
    for (const row of rows) {
      const value = toDynamic(compute(row), type);
      // Each element of an array counts by itself, so that sets of sets are flattened.
      for (const element of Array.isArray(value) ? (value as readonly Json[]) : [value]) {
        if (element === null) continue;
        const key = jsonText(element);
        if (!found.has(key)) found.set(key, element);
      }
    }
    return [...found.values()].slice(0, limit);
  };
};

const mergedBag: AggregateFunction["bind"] = (call) => {
  const { compute } = operand(call, 0);
  const limit = limitOf(call, 1);
  return (rows) => {
    const entries = new Map<string, Json>();
    for (const row of rows) {
      const value = compute(row);
      if (!isBag(value)) continue;
      for (const [key, member] of Object.entries(value)) if (!entries.has(key)) entries.set(key, member);
    }
    return Object.fromEntries([...entries].slice(0, limit));
  };
};

const any: AggregateFunction["bind"] = (call) => {
  const { compute, type } = operand(call, 0);
  const isUsed = (value: Value) => value !== null && value !== "";
  return (rows) => rows.map(compute).find(isUsed) ?? (type === "string" ? "" : null);
};

/** The value of the second argument in the row with the greatest (or least) first argument; in the first row if all are null. */
const atExtreme =
  (sign: 1 | -1): AggregateFunction["bind"] =>
  (call) => {
    const [key, value] = [operand(call, 0), operand(call, 1)];
    return (rows) => {
      let best: { readonly key: Value; readonly row: Row } | undefined;
      for (const row of rows) {
        const current = key.compute(row);
        const isBetter = best === undefined || (best.key === null && current !== null);
        if (best === undefined || isBetter || sign * (orderOf(current, best.key) ?? 0) > 0)
          best = { key: current, row };
      }
      return best === undefined ? (value.type === "string" ? "" : null) : value.compute(best.row);
    };
  };

/** Every aggregate of `summarize` that a plan can name. */
export const AGGREGATES: Readonly<Record<string, AggregateFunction>> = {
  count: aggregate("count()", count),
  countif: aggregate("countif(predicate)", where(0, count)),
  dcount: aggregate("dcount(value)", distinctCount),
  dcountif: aggregate("dcountif(value, predicate)", where(1, distinctCount)),
  count_distinct: aggregate("count_distinct(value)", distinctCount),
  count_distinctif: aggregate("count_distinctif(value, predicate)", where(1, distinctCount)),
  min: aggregate("min(value)", extreme(-1)),
  minif: aggregate("minif(value, predicate)", where(1, extreme(-1))),
  max: aggregate("max(value)", extreme(1)),
  maxif: aggregate("maxif(value, predicate)", where(1, extreme(1))),
  sum: aggregate("sum(value)", sum),
  sumif: aggregate("sumif(value, predicate)", where(1, sum)),
  avg: aggregate("avg(value)", average),
  avgif: aggregate("avgif(value, predicate)", where(1, average)),
  make_list: aggregate("make_list(value [, size])", list(false)),
  makelist: aggregate("makelist(value [, size])", list(false)),
  make_list_if: aggregate("make_list_if(value, predicate [, size])", where(1, list(false))),
  make_list_with_nulls: aggregate("make_list_with_nulls(value)", list(true)),
  make_set: aggregate("make_set(value [, size])", set),
  makeset: aggregate("makeset(value [, size])", set),
  make_set_if: aggregate("make_set_if(value, predicate [, size])", where(1, set)),
  make_bag: aggregate("make_bag(bag [, size])", mergedBag),
  make_bag_if: aggregate("make_bag_if(bag, predicate [, size])", where(1, mergedBag)),
  make_dictionary: aggregate("make_dictionary(bag [, size])", mergedBag),
  take_any: aggregate("take_any(value)", any),
  take_anyif: aggregate("take_anyif(value, predicate)", where(1, any)),
  any: aggregate("any(value)", any),
  anyif: aggregate("anyif(value, predicate)", where(1, any)),
  arg_max: aggregate("arg_max(key, value, …)", atExtreme(1)),
  arg_min: aggregate("arg_min(key, value, …)", atExtreme(-1)),
  stdev: aggregate("stdev(value)", variance(1, Math.sqrt)),
  stdevif: aggregate("stdevif(value, predicate)", where(1, variance(1, Math.sqrt))),
  variance: aggregate("variance(value)", variance(1)),
  stdevp: aggregate("stdevp(value)", variance(0, Math.sqrt)),
  variancep: aggregate("variancep(value)", variance(0)),
  variancepif: aggregate("variancepif(value, predicate)", where(1, variance(0))),
  binary_all_and: aggregate(
    "binary_all_and(value)",
    ofBits((a, b) => a & b),
  ),
  binary_all_or: aggregate(
    "binary_all_or(value)",
    ofBits((a, b) => a | b),
  ),
  binary_all_xor: aggregate(
    "binary_all_xor(value)",
    ofBits((a, b) => a ^ b),
  ),
  varianceif: aggregate("varianceif(value, predicate)", where(1, variance(1))),
};
