import { CallProblem, type Call, type Compute, type FunctionTable } from "../evaluation.ts";
import { isArray, jsonText } from "../dynamic-text.ts";
import { lengthOf, priceOfSort, reserve } from "../metering.ts";
import { asArray, asBool, asDynamic } from "../operand.ts";
import type { Json } from "../values.ts";
import { operand, priced, scalar } from "./binding.ts";
import { isNumeric, orderOf } from "./comparison.ts";

/** Functions that sort or split arrays. */
export const ARRAY_ORDER: FunctionTable = {
  array_sort_asc: scalar("array_sort_asc(array, … [, nullsLast])", sorted(1)),
  array_sort_desc: scalar("array_sort_desc(array, … [, nullsLast])", sorted(-1)),
  array_split: priced(
    { character: 200 },
    scalar("array_split(array, index or indexes)", (call) => {
      const [array, indexes] = [asArray(operand(call, 0)), asDynamic(operand(call, 1))];
      return (row): Json => {
        const [values, splits] = [array(row), indexes(row)];
        if (values === null) return null;
        const places = (isArray(splits) ? splits : [splits]).map((place) => positionOf(place, values.length));
        const ends = [...places, values.length];
        const startOf = (index: number) => (index === 0 ? 0 : (ends[index - 1] ?? 0));
        const length = ends.reduce((sum, end, index) => sum + Math.max(0, end - startOf(index)), 0);
        reserve(length, call.evaluation);
        return ends.map((end, index) => values.slice(startOf(index), end));
      };
    }),
  ),
};

function positionOf(place: Json, length: number): number {
  const index = typeof place === "number" ? Math.trunc(place) : 0;
  return index < 0 ? Math.max(0, length + index) : index;
}

/**
 * Sorts the first array: numbers, then texts, then other values; nulls last by default, in both directions. Several arrays
 * return an array of arrays: the others are put in the order of the first, and are null if their length differs.
 */
function sorted(sign: 1 | -1): (call: Call) => Compute {
  return (call) => {
    const last = call.operands.at(-1);
    const hasOption = call.operands.length > 1 && last?.type === "bool";
    const operands = hasOption ? call.operands.slice(0, -1) : call.operands;
    if (operands.some(({ type }) => type !== "dynamic")) throw new CallProblem(`${call.name} sorts only arrays`);
    const arrays = operands.map(asArray);
    const nullsLast = hasOption && last ? asBool(last) : () => true;
    return (row) => {
      const all = arrays.map((array) => array(row));
      const [first, ...others] = all;
      if (!first) return all.length > 1 ? all.map(() => null) : null;
      call.evaluation.chargeWork(priceOfSort(first.length, lengthOf(first)));
      const order = orderedPlaces(first, sign, nullsLast(row) !== false);
      const placed = [first, ...others].map((array): Json =>
        array?.length === first.length ? order.map((place) => array[place] ?? null) : null,
      );
      return placed.length > 1 ? placed : (placed[0] ?? null);
    };
  };
}

function orderedPlaces(values: readonly Json[], sign: 1 | -1, nullsLast: boolean): number[] {
  const places = [...values.keys()];
  const nulls = places.filter((place) => values[place] === null);
  const keys = values.map(sortKey);
  const ordered = places
    .filter((place) => values[place] !== null)
    .toSorted((left, right) => sign * compareKeys(keys[left], keys[right]));
  return nullsLast ? [...ordered, ...nulls] : [...nulls, ...ordered];
}

type SortKey = readonly [kind: number, value: number | bigint | string];

/** Numbers come before texts, and texts before other values, whose JSON is made once, not for every comparison. */
function sortKey(value: Json): SortKey {
  if (isNumeric(value)) return [0, value];
  return typeof value === "string" ? [1, value] : [2, jsonText(value)];
}

function compareKeys(left: SortKey = [0, 0], right: SortKey = [0, 0]): number {
  return left[0] - right[0] || (orderOf(left[1], right[1]) ?? 0);
}
