import { convert, toDynamic, toLong, toText, wholeOf } from "../conversion.ts";
import { isArray, isBag, jsonText } from "../dynamic-text.ts";
import { CallProblem, type Call, type Compute, type FunctionTable } from "../evaluation.ts";
import { asArray, asBag, asBool, asDynamic, asLong, asText } from "../operand.ts";
import { lengthOf, reserve } from "../metering.ts";
import { TICKS_PER_HOUR } from "../time.ts";
import type { Json, Row } from "../values.ts";
import { ARRAY_ORDER } from "./array-order.ts";
import { allPriced, operand, scalar } from "./binding.ts";
import { isNumeric } from "./comparison.ts";
import { bagPath } from "./json-path.ts";

type Bag = Readonly<Record<string, Json>>;

function arrays(call: Call): (row: Row) => (readonly Json[] | null)[] {
  const reads = call.operands.map(asArray);
  return (row) => reads.map((read) => read(row));
}

/**
 * A set function: distinct values in the order of their first occurrence. Null is the empty set, so that a rule which
 * compares an old and a new value also fires where there was no old one. Null if an argument is anything but null and array.
 */
function setOf(combine: (first: readonly Json[], others: readonly (readonly Json[])[]) => readonly Json[]) {
  return (call: Call): Compute => {
    const reads = call.operands.map(asDynamic);
    return (row): Json => {
      const sets = reads.map((read) => read(row) ?? []);
      if (!sets.every(isArray)) return null;
      const [first = [], ...others] = sets;
      return distinct(combine(first, others));
    };
  };
}

function distinct(values: readonly Json[]): Json[] {
  return [...new Map(values.map((value) => [jsonText(value), value])).values()];
}

function keysOf(values: readonly Json[]): Set<string> {
  return new Set(values.map(jsonText));
}

/** `key, value, key, value …` as the entries of a bag. */
function packed(call: Call, from: number): (row: Row) => (readonly [string, Json])[] {
  const pairs: { key: (row: Row) => string; value: (row: Row) => Json }[] = [];
  for (let index = from; index + 1 < call.operands.length; index += 2) {
    pairs.push({ key: asText(operand(call, index)), value: asDynamic(operand(call, index + 1)) });
  }
  return (row) => {
    return pairs.map(({ key, value }) => [key(row), value(row)] as const);
  };
}

function pack(call: Call): Compute {
  const entries = packed(call, 0);
  return (row) => Object.fromEntries(entries(row));
}

function ofBag(compute: (bag: Bag) => Json): (call: Call) => Compute {
  return (call) => {
    const read = asBag(operand(call, 0));
    return (row) => {
      const bag = read(row);
      return bag === null ? null : compute(bag);
    };
  };
}

function ofArray(compute: (array: readonly Json[]) => Json): (call: Call) => Compute {
  return (call) => {
    const read = asArray(operand(call, 0));
    return (row) => {
      const array = read(row);
      return array === null ? null : compute(array);
    };
  };
}

export const DYNAMIC_BUILDING: FunctionTable = {
  ...ARRAY_ORDER,
  ...allPriced(
    { character: 200 },
    {
      bag_merge: scalar("bag_merge(bag, bag, …)", (call) => {
        const reads = call.operands.map(asBag);
        return (row) => {
          const bags = reads.map((read) => read(row)).filter((bag) => bag !== null);
          // The leftmost bag with a key decides its value. Keys stay in the order of their first occurrence.
          const entries = new Map<string, Json>();
          for (const [key, value] of bags.flatMap((bag) => Object.entries(bag)))
            if (!entries.has(key)) entries.set(key, value);
          return bags.length === 0 ? null : Object.fromEntries(entries);
        };
      }),
      bag_remove_keys: scalar("bag_remove_keys(bag, keys)", (call) => {
        const [read, keys] = [asBag(operand(call, 0)), asArray(operand(call, 1))];
        return (row) => {
          const bag = read(row);
          return bag === null ? null : without(bag, removals((keys(row) ?? []).map((key) => toText(key, "dynamic"))));
        };
      }),
      bag_set_key: scalar("bag_set_key(bag, key, value)", (call) => {
        const [read, key, value] = [asBag(operand(call, 0)), asText(operand(call, 1)), asDynamic(operand(call, 2))];
        return (row) => {
          const bag = read(row);
          return bag === null ? null : withKey(bag, bagPath(key(row)), value(row));
        };
      }),
      bag_zip: scalar("bag_zip(keys, values)", (call) => {
        const [keys, values] = [asArray(operand(call, 0)), asArray(operand(call, 1))];
        return (row) => {
          const [names, members] = [keys(row), values(row)];
          if (names === null) return null;
          const entries = names.map((name, index) => [name, members?.[index] ?? null] as const);
          return Object.fromEntries(entries.filter(([name]) => typeof name === "string"));
        };
      }),
      set_difference: scalar(
        "set_difference(array, array, …)",
        setOf((first, others) => {
          const taken = keysOf(others.flat());
          return first.filter((value) => !taken.has(jsonText(value)));
        }),
      ),
      set_intersect: scalar(
        "set_intersect(array, array, …)",
        setOf((first, others) => {
          const sets = others.map(keysOf);
          return first.filter((value) => {
            const key = jsonText(value);
            return sets.every((set) => set.has(key));
          });
        }),
      ),
      set_union: scalar(
        "set_union(array, array, …)",
        setOf((first, others) => [...first, ...others.flat()]),
      ),
      set_equals: scalar("set_equals(array, array)", (call) => {
        const read = arrays(call);
        return (row) => {
          const [first, second] = read(row);
          if (!first || !second) return null;
          const [one, other] = [keysOf(first), keysOf(second)];
          return one.size === other.size && [...one].every((key) => other.has(key));
        };
      }),
      set_has_element: scalar("set_has_element(array, value)", (call) => {
        const [array, value] = [asArray(operand(call, 0)), asDynamic(operand(call, 1))];
        return (row) => {
          const values = array(row);
          const wanted = jsonText(value(row));
          return values === null ? null : values.some((each) => jsonText(each) === wanted);
        };
      }),
      zip: scalar("zip(array, array, …)", (call) => {
        const read = arrays(call);
        return (row) => {
          const all = read(row);
          const count = Math.max(0, ...all.map((each) => each?.length ?? 0));
          reserve(count * (all.length + 2), call.evaluation);
          return Array.from({ length: count }, (_, index): Json => all.map((each) => each?.[index] ?? null));
        };
      }),
    },
  ),
  pack_array: scalar("pack_array(a, …)", (call) => {
    const values = call.operands.map(asDynamic);
    return (row) => values.map((value) => value(row));
  }),
  bag_pack: scalar("bag_pack(key, value, …)", pack),
  /** The compiler puts the name of each column before it. */
  bag_pack_columns: scalar("bag_pack_columns(column, …)", pack),
  /** The compiler appends the names and values of all columns to its own argument. */
  pack_all: scalar("pack_all([ignoreNullAndEmpty])", (call) => {
    const [ignore, entries] = [asBool(operand(call, 0)), packed(call, 1)];
    return (row) => {
      const all = entries(row);
      return Object.fromEntries(ignore(row) ? all.filter(([, value]) => value !== null && value !== "") : all);
    };
  }),
  bag_keys: scalar(
    "bag_keys(bag)",
    ofBag((bag) => Object.keys(bag)),
  ),
  array_concat: scalar("array_concat(array, …)", (call) => {
    const read = arrays(call);
    return (row) => read(row).flatMap((each) => each ?? []);
  }),
  array_slice: scalar("array_slice(array, start, end)", (call) => {
    const [array, start, end] = [asArray(operand(call, 0)), asLong(operand(call, 1)), asLong(operand(call, 2))];
    return (row) => {
      const values = array(row);
      if (values === null) return null;
      const position = (given: bigint | null) => {
        const index = Number(given ?? 0n);
        return index < 0 ? Math.max(0, values.length + index) : index;
      };
      return values.slice(position(start(row)), position(end(row)) + 1);
    };
  }),
  array_index_of: scalar("array_index_of(array, value [, start [, length [, occurrence]]])", arrayIndexOf),
  array_shift_left: scalar("array_shift_left(array, count [, value])", (call) => shift(call, 1)),
  array_shift_right: scalar("array_shift_right(array, count [, value])", (call) => shift(call, -1)),
  array_rotate_left: scalar("array_rotate_left(array, count)", (call) => rotate(call, 1)),
  array_rotate_right: scalar("array_rotate_right(array, count)", (call) => rotate(call, -1)),
  array_reverse: scalar(
    "array_reverse(array)",
    ofArray((array) => array.toReversed()),
  ),
  array_sum: scalar("array_sum(array)", (call) => {
    const array = asArray(operand(call, 0));
    return (row) => {
      const values = array(row);
      if (values === null || !values.every(isNumeric)) return null;
      const total = values.reduce<number>((sum, value) => sum + Number(value), 0);
      return call.type === "long" ? toLong(total, "real") : total;
    };
  }),
  array_iff: scalar("array_iff(conditions, ifTrue, ifFalse)", arrayIff),
  repeat: scalar("repeat(value, count)", (call) => {
    const [value, count] = [asDynamic(operand(call, 0)), asLong(operand(call, 1))];
    return (row) => {
      const times = Number(count(row) ?? -1n);
      if (times < 0) return null;
      const repeated = value(row);
      reserve(times * (lengthOf(repeated) + ELEMENT_LENGTH), call.evaluation);
      return Array.from({ length: times }, () => repeated);
    };
  }),
  range: scalar("range(start, stop [, step])", range),
  gettype: scalar("gettype(value)", (call) => {
    const { compute, type } = operand(call, 0);
    return (row) => typeName(compute(row), type);
  }),
};

function typeName(value: ReturnType<Compute>, type: string): string {
  if (value === null) return "null";
  if (type !== "dynamic") return type;
  if (isArray(value)) return "array";
  if (isBag(value)) return "dictionary";
  if (typeof value === "bigint") return toLong(value, "dynamic") === null ? "real" : "long";
  if (typeof value === "number") return Number.isInteger(value) ? wholeType(value) : "real";
  return typeof value === "boolean" ? "bool" : "string";
}

function wholeType(value: number): string {
  return Math.abs(value) < 2 ** 31 ? "int" : "long";
}

/** An element of an array takes at least as much memory as this many characters. */
const ELEMENT_LENGTH = 8;

/** Removal below a key: of everything, or of some of its own keys. */
interface Removal {
  isWhole: boolean;
  readonly below: Map<string, Removal>;
}

function removals(keys: readonly string[]): Removal {
  const root: Removal = { isWhole: false, below: new Map() };
  for (const key of keys) {
    let at = root;
    for (const step of bagPath(key)) {
      const next = at.below.get(step) ?? { isWhole: false, below: new Map() };
      at.below.set(step, next);
      at = next;
    }
    at.isWhole = true;
  }
  return root;
}

function without(value: Json, { below }: Removal): Json {
  if (!isBag(value) || below.size === 0) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]): [string, Json][] => {
      const removal = below.get(name);
      if (removal === undefined) return [[name, member]];
      return removal.isWhole ? [] : [[name, without(member, removal)]];
    }),
  );
}

function withKey(bag: Bag, [first = "", ...rest]: readonly string[], value: Json): Json {
  const current = Object.hasOwn(bag, first) ? (bag[first] ?? null) : null;
  const member = rest.length === 0 ? value : withKey(isBag(current) ? current : {}, rest, value);
  return Object.fromEntries([...Object.entries(bag).filter(([name]) => name !== first), [first, member]]);
}

function arrayIff(call: Call): Compute {
  const conditions = asArray(operand(call, 0));
  const [ifTrue, ifFalse] = [asDynamic(operand(call, 1)), asDynamic(operand(call, 2))];
  return (row) => {
    const [tests, yes, no] = [conditions(row), ifTrue(row), ifFalse(row)];
    if (tests === null) return null;
    const pick = (from: Json, index: number): Json => (isArray(from) ? (from[index] ?? null) : from);
    return tests.map((condition, index): Json => {
      const holds = convert(condition, "dynamic", "bool");
      return holds === null ? null : pick(holds ? yes : no, index);
    });
  };
}

/** Kusto cuts longer ranges. */
const MAX_RANGE = 1_048_576;

/** Numbers or times from start to stop in steps. Longs and ticks keep all digits. */
function range(call: Call): Compute {
  const [start, stop] = [operand(call, 0), operand(call, 1)];
  if (call.operands.some(({ type }) => type === "decimal")) {
    throw new CallProblem("range: decimals are not supported; convert them with toreal()");
  }
  const [first, last] = [start.compute, stop.compute];
  const step =
    call.operands[2]?.compute ?? (() => (start.type === "datetime" || start.type === "timespan" ? TICKS_PER_HOUR : 1n));
  const elements = (end: number, element: (index: number) => Json): Json => {
    const count = Math.min(MAX_RANGE, Math.max(0, end + 1));
    reserve(count * ELEMENT_LENGTH, call.evaluation);
    return Array.from({ length: count }, (_, index) => element(index));
  };
  return (row) => {
    const bounds = [first(row), last(row), step(row)];
    const [from = null, to = null, by = null] = bounds.map(wholeOf);
    if (from !== null && to !== null && by !== null) {
      if (by === 0n) return null;
      return elements(floored(to - from, by), (index) => toDynamic(from + BigInt(index) * by, start.type));
    }
    const [low = Number.NaN, high = Number.NaN, stride = Number.NaN] = bounds.map((each) =>
      isNumeric(each) ? Number(each) : Number.NaN,
    );
    const end = Math.floor((high - low) / stride);
    return Number.isFinite(end) ? elements(end, (index) => low + index * stride) : null;
  };
}

/** The quotient, rounded down. */
function floored(dividend: bigint, divisor: bigint): number {
  const isBetween = dividend % divisor !== 0n && dividend < 0n !== divisor < 0n;
  return Number(dividend / divisor) - (isBetween ? 1 : 0);
}

function arrayIndexOf(call: Call): Compute {
  const [array, value] = [asArray(operand(call, 0)), asDynamic(operand(call, 1))];
  const option = (position: number, otherwise: bigint) =>
    call.operands[position] ? asLong(operand(call, position)) : () => otherwise;
  const [start, length, occurrence] = [option(2, 0n), option(3, -1n), option(4, 1n)];
  return (row) => {
    const values = array(row);
    const [first, count, nth] = [Number(start(row) ?? 0n), Number(length(row) ?? -1n), Number(occurrence(row) ?? 1n)];
    if (values === null || nth < 1 || count < -1) return null;
    const from = first < 0 ? Math.max(0, values.length + first) : first;
    const end = count < 0 ? values.length : from + count;
    const wanted = jsonText(value(row));
    const found = values.flatMap((each, index) =>
      index >= from && index < end && jsonText(each) === wanted ? [index] : [],
    );
    const index = found[nth - 1] ?? -1;
    return call.type === "long" ? BigInt(index) : index;
  };
}

/** Shifts elements; vacated places get the fill value. */
function shift(call: Call, direction: 1 | -1): Compute {
  const [array, count] = [asArray(operand(call, 0)), asLong(operand(call, 1))];
  const fill = call.operands[2] ? asDynamic(operand(call, 2)) : () => null;
  return (row) => {
    const [values, steps] = [array(row), count(row)];
    if (values === null || steps === null) return null;
    const free = fill(row);
    return values.map((_, index): Json => {
      const from = index + Number(steps) * direction;
      return from >= 0 && from < values.length ? (values[from] ?? null) : free;
    });
  };
}

/** Rotates elements: those that leave at one end enter at the other. */
function rotate(call: Call, direction: 1 | -1): Compute {
  const [array, count] = [asArray(operand(call, 0)), asLong(operand(call, 1))];
  return (row) => {
    const [values, steps] = [array(row), count(row)];
    if (values === null || steps === null || values.length === 0) return values;
    const offset = (Number(steps) * direction) % values.length;
    return values.map((_, index): Json => values.at((index + offset) % values.length) ?? null);
  };
}
