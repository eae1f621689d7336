import { bindRead } from "../bind-expression.ts";
import { lengthOf, priceOfSort } from "../metering.ts";
import { orderOf } from "../scalars/comparison.ts";
import type { Row, Value } from "../values.ts";
import type { BindStep } from "./step.ts";

/** Sorts by the first key, ties by the next. Null and NaN come first or last, as the key says. */
export const bindOrder: BindStep<"order"> = ({ keys }, evaluation) => {
  const bound = keys.map((key) => ({ ...key, compute: bindRead(key.value, evaluation).compute }));
  const compareBy = (left: readonly Value[], right: readonly Value[]): number => {
    for (const [index, { descending, nullsFirst }] of bound.entries()) {
      const order = compareKeys(left[index] ?? null, right[index] ?? null, { descending, nullsFirst });
      if (order !== 0) return order;
    }
    return 0;
  };
  return (rows) => {
    const keyed = rows.map((row): { row: Row; key: Value[] } => ({
      row,
      key: bound.map(({ compute }) => compute(row)),
    }));
    const length = keyed.reduce(
      (sum, { key }) => sum + key.reduce<number>((all, value) => all + lengthOf(value), 0),
      0,
    );
    evaluation.chargeWork(priceOfSort(rows.length * bound.length, length));
    return keyed.toSorted((left, right) => compareBy(left.key, right.key)).map(({ row }) => row);
  };
};

function compareKeys(left: Value, right: Value, key: { descending: boolean; nullsFirst: boolean }): number {
  const [first, second] = [rank(left, key.nullsFirst), rank(right, key.nullsFirst)];
  if (first !== 0 || second !== 0) return first - second;
  const order = orderOf(left, right) ?? 0;
  return key.descending ? -order : order;
}

/** 0 for values; nulls and NaN rank before or after all of them, null at the outer end. */
function rank(value: Value, nullsFirst: boolean): number {
  const distance = value === null ? 2 : typeof value === "number" && Number.isNaN(value) ? 1 : 0;
  return nullsFirst ? -distance : distance;
}
