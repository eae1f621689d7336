import { chargeValue } from "../metering.ts";
import { groupKey } from "./grouping.ts";
import type { BindStep } from "./step.ts";

/** Keeps the first of equal rows. */
export const bindDistinct: BindStep<"distinct"> = (_step, evaluation) => (rows) => {
  const seen = new Set<string>();
  return rows.filter((row) => {
    for (const value of row) chargeValue(value, evaluation);
    const key = groupKey(row, []);
    chargeValue(key, evaluation);
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
};
