import { groupKey } from "./grouping.ts";
import type { BindStep } from "./step.ts";

/** The first of equal rows. */
export const bindDistinct: BindStep<"distinct"> = () => (rows) => {
  const seen = new Set<string>();
  return rows.filter((row) => {
    const key = groupKey(row, []);
    const isNew = !seen.has(key);
    seen.add(key);
    return isNew;
  });
};
