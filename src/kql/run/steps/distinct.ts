import { chargeValue } from "../metering.ts";
import type { Row } from "../values.ts";
import { groupKey } from "./grouping.ts";
import type { BindStep } from "./step.ts";

/** Keeps the first of equal rows. */
export const bindDistinct: BindStep<"distinct"> = (_step, evaluation) => (rows) => {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    for (const value of row) chargeValue(value, evaluation);
    const key = groupKey(row, []);
    chargeValue(key, evaluation);
    const group = groups.get(key) ?? [];
    group.push(row);
    groups.set(key, group);
  }
  return [...groups].map(([key, group]) => {
    const row = [...(group[0] ?? [])];
    evaluation.window.evidence?.note(row, group, { key });
    return row;
  });
};
