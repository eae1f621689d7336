import { toText } from "../conversion.ts";
import { asText, asType } from "../operand.ts";
import { isArray, jsonText } from "../dynamic-text.ts";
import type { Call, Compute, FunctionTable } from "../evaluation.ts";
import { equalsIgnoreCase, ordinalUpper } from "../ordinal-text.ts";
import type { Json, Row, ScalarType, Value } from "../values.ts";
import { operand, priced, scalar } from "./binding.ts";

export const COMPARISON: FunctionTable = {
  "==": scalar("a == b", (call) => compare(call, (order) => order === 0)),
  "!=": scalar("a != b", (call) => compare(call, (order) => order !== 0)),
  "<": scalar("a < b", (call) => compare(call, (order) => order < 0)),
  "<=": scalar("a <= b", (call) => compare(call, (order) => order <= 0)),
  ">": scalar("a > b", (call) => compare(call, (order) => order > 0)),
  ">=": scalar("a >= b", (call) => compare(call, (order) => order >= 0)),
  "=~": scalar("a =~ b", equalTilde),
  "!~": scalar("a !~ b", (call) => {
    const equal = equalTilde(call);
    return (row) => equal(row) !== true;
  }),
  in: priced(
    { character: 60 },
    scalar("a in (b, …)", (call) => member(call, false, false)),
  ),
  "!in": priced(
    { character: 60 },
    scalar("a !in (b, …)", (call) => member(call, false, true)),
  ),
  "in~": priced(
    { character: 60 },
    scalar("a in~ (b, …)", (call) => member(call, true, false)),
  ),
  "!in~": priced(
    { character: 60 },
    scalar("a !in~ (b, …)", (call) => member(call, true, true)),
  ),
  between: scalar("a between (b .. c)", between),
  "!between": scalar("a !between (b .. c)", (call) => {
    const within = between(call);
    return (row) => {
      const value = within(row);
      return value === null ? null : value !== true;
    };
  }),
};

/**
 * The type in which two values are compared. A dynamic value is converted to the type of the other side
 * (`AdditionalDetails[0].key == "User-Agent"`); numbers are compared in the wider type.
 */
function commonType(left: ScalarType, right: ScalarType): ScalarType {
  if (left === right) return left;
  if (left === "dynamic") return right;
  if (right === "dynamic") return left;
  if (left === "string" || right === "string") return "string";
  if (left === "decimal" || right === "decimal") return "decimal";
  if (left === "real" || right === "real") return "real";
  return left === "int" || left === "bool" ? right : left;
}

/** Less than 0, 0 or more than 0; null if the two have no order (one is null or NaN). */
export function orderOf(left: Value, right: Value): number | null {
  if (left === null || right === null) return null;
  if (left === right) return 0;
  if (typeof left === "object" || typeof right === "object") return orderOfContainers(left, right);
  if (typeof left === "number" && Number.isNaN(left)) return null;
  if (typeof right === "number" && Number.isNaN(right)) return null;
  if (left < right) return -1;
  // A bigint and a number are never `===`, and 1e16 is one number in both forms.
  return left > right || !(isNumeric(left) && isNumeric(right)) ? 1 : 0;
}

export function isNumeric(value: Value): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

/** Arrays and bags come after all other values, and are ordered by their JSON texts. */
function orderOfContainers(left: Json | bigint, right: Json | bigint): number {
  if (typeof left !== "object") return -1;
  if (typeof right !== "object") return 1;
  const [first, second] = [jsonText(left), jsonText(right)];
  return first === second ? 0 : first < second ? -1 : 1;
}

/**
 * Comparing two nulls returns null. Null and a value are unequal, and have no order. Strings compare by UTF-16 units.
 *
 * @see https://learn.microsoft.com/kusto/query/scalar-data-types/null-values
 */
function compare(call: Call, holds: (order: number) => boolean): Compute {
  const [left, right] = [operand(call, 0), operand(call, 1)];
  const type = commonType(left.type, right.type);
  const [first, second] = [asType(left, type), asType(right, type)];
  const equality = call.name === "==" || call.name === "!=";
  const unequal = call.name === "!=";
  return (row) => {
    const [a, b] = [first(row), second(row)];
    const order = orderOf(a, b);
    if (order !== null) return holds(order);
    if (!equality) return a === null || b === null ? null : false;
    return a === null && b === null ? null : unequal;
  };
}

function equalTilde(call: Call): Compute {
  const [left, right] = [operand(call, 0), operand(call, 1)];
  const [first, second] = [asText(left), asText(right)];
  if (right.constant === undefined) return (row) => equalsIgnoreCase(first(row), second(row));
  const wanted = ordinalUpper(toText(right.constant.value, right.type));
  return (row) => {
    const value = first(row);
    return value.length === wanted.length && ordinalUpper(value) === wanted;
  };
}

/** The elements of an array and of all arrays within it, which are the values that `in` and `has_any` compare. */
export function flattened(array: readonly Json[]): readonly Json[] {
  if (!array.some(isArray)) return array;
  const flat: Json[] = [];
  // An event can nest arrays deeper than the call stack.
  const open = [array.values()];
  for (let elements = open.at(-1); elements !== undefined; elements = open.at(-1)) {
    const { done, value } = elements.next();
    if (done === true) open.pop();
    else if (isArray(value)) open.push(value.values());
    else flat.push(value);
  }
  return flat;
}

/** An array on the right side stands for its elements. */
function member(call: Call, ignoreCase: boolean, negative: boolean): Compute {
  const left = operand(call, 0);
  const listed = call.operands.slice(1);
  const keys = (value: Value, type: ScalarType) =>
    type === "dynamic" && isArray(value)
      ? flattened(value).map((each) => membershipKey(each, "dynamic", ignoreCase))
      : [membershipKey(value, type, ignoreCase)];
  const constants = new Set(listed.flatMap(({ constant, type }) => (constant ? keys(constant.value, type) : [])));
  const computed = listed
    .filter(({ constant }) => constant === undefined)
    .map(({ compute, type, isShared }): Holds => {
      if (isShared) return holdsShared(compute, (value) => new Set(keys(value, type)));
      return (wanted, row) => keys(compute(row), type).includes(wanted);
    });
  return (row) => {
    const wanted = membershipKey(left.compute(row), left.type, ignoreCase);
    const found = wanted !== undefined && (constants.has(wanted) || computed.some((holds) => holds(wanted, row)));
    return found !== negative;
  };
}

type Keys = ReadonlySet<string | undefined>;
type Holds = (wanted: string, row: Row) => boolean;

/** Whether a list that is the same for every row of an evaluation holds a key. The list's keys are made once. */
function holdsShared(compute: Compute, keysOf: (value: Value) => Keys): Holds {
  let known: { readonly value: Value; readonly keys: Keys } | undefined;
  return (wanted, row) => {
    const value = compute(row);
    if (known?.value !== value) known = { value, keys: keysOf(value) };
    return known.keys.has(wanted);
  };
}

/** Equal for equal values of any types; undefined for null, which equals nothing. */
function membershipKey(value: Value, type: ScalarType, ignoreCase: boolean): string | undefined {
  if (value === null) return type === "dynamic" ? "" : undefined;
  const isWholeReal = typeof value === "number" && Number.isInteger(value);
  const key = isWholeReal ? String(BigInt(value)) : toText(value, type);
  return ignoreCase ? ordinalUpper(key) : key;
}

function between(call: Call): Compute {
  const [value, low, high] = [operand(call, 0), operand(call, 1), operand(call, 2)];
  // `datetime between (start .. timespan)` means start to start + timespan
  const isOffset = value.type === "datetime" && high.type === "timespan";
  const lowType = commonType(value.type, low.type);
  const highType = isOffset ? "timespan" : commonType(value.type, high.type);
  const [lowValue, lowBound] = [asType(value, lowType), asType(low, lowType)];
  const highValue = isOffset ? value.compute : asType(value, highType);
  const highBound = asType(high, highType);
  return (row) => {
    const from = lowBound(row);
    const to = highBound(row);
    const upper = isOffset && typeof from === "bigint" && typeof to === "bigint" ? from + to : to;
    const above = orderOf(lowValue(row), from);
    const below = orderOf(highValue(row), upper);
    return above === null || below === null ? null : above >= 0 && below <= 0;
  };
}
