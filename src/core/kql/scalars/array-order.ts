import { CallProblem, type Call, type Compute, type FunctionTable } from "../evaluation.ts";
import { isArray } from "../dynamic-text.ts";
import { asArray, asBool, asDynamic } from "../operand.ts";
import type { Json } from "../values.ts";
import { operand, scalar } from "./binding.ts";
import { isNumeric, orderOf } from "./comparison.ts";

/** Functions that put the elements of arrays in order or apart. */
export const ARRAY_ORDER: FunctionTable = {
  array_sort_asc: scalar("array_sort_asc(array, … [, nullsLast])", "array-sort-asc-function", sorted(1)),
  array_sort_desc: scalar("array_sort_desc(array, … [, nullsLast])", "array-sort-desc-function", sorted(-1)),
  array_split: scalar("array_split(array, index or indexes)", "array-split-function", (call) => {
    const [array, places] = [asArray(operand(call, 0)), asDynamic(operand(call, 1))];
    return (row): Json => {
      const [values, given] = [array(row), places(row)];
      if (values === null) return null;
      const ends = (isArray(given) ? given : [given]).map((place) => positionOf(place, values.length));
      return [...ends, values.length].map((end, index) => values.slice(index === 0 ? 0 : ends[index - 1], end));
    };
  }),
};

function positionOf(place: Json, length: number): number {
  const index = typeof place === "number" ? Math.trunc(place) : 0;
  return index < 0 ? Math.max(0, length + index) : index;
}

/**
 * The first array in order: numbers before texts before the rest, nulls at the end unless told otherwise, whatever the
 * direction. Of several arrays an array of them: the others follow the first, and those of another length are null.
 */
function sorted(sign: 1 | -1): (call: Call) => Compute {
  return (call) => {
    const last = call.operands.at(-1);
    const hasOption = call.operands.length > 1 && last?.type === "bool";
    const given = hasOption ? call.operands.slice(0, -1) : call.operands;
    if (given.some(({ type }) => type !== "dynamic")) throw new CallProblem(`${call.name} sorts arrays`);
    const arrays = given.map(asArray);
    const nullsLast = hasOption && last ? asBool(last) : () => true;
    return (row) => {
      const all = arrays.map((array) => array(row));
      const [first, ...others] = all;
      if (!first) return all.length > 1 ? all.map(() => null) : null;
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
  const ordered = places
    .filter((place) => values[place] !== null)
    .toSorted((left, right) => sign * compareMixed(values[left] ?? null, values[right] ?? null));
  return nullsLast ? [...ordered, ...nulls] : [...nulls, ...ordered];
}

function compareMixed(left: Json, right: Json): number {
  return kindOf(left) - kindOf(right) || (orderOf(left, right) ?? 0);
}

function kindOf(value: Json): number {
  if (isNumeric(value)) return 0;
  return typeof value === "string" ? 1 : 2;
}
