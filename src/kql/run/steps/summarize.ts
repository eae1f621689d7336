import { AGGREGATES } from "../aggregates.ts";
import { bindRead } from "../bind-expression.ts";
import { CallProblem } from "../evaluation.ts";
import { chargeValue, DEFAULT_PRICE } from "../metering.ts";
import type { Row, Value } from "../values.ts";
import { groupKey } from "./grouping.ts";
import type { BindStep } from "./step.ts";

const NO_KEY = "[]";

/** Makes one row `keys, aggregates` for each group. Without keys there is always one row, even over no rows. */
export const bindSummarize: BindStep<"summarize"> = ({ by, aggregates }, evaluation) => {
  const keys = by.map((each) => bindRead(each, evaluation));
  const bound = aggregates.map(({ name, type, arguments: values }) => {
    const entry = Object.hasOwn(AGGREGATES, name) ? AGGREGATES[name] : undefined;
    if (entry === undefined) throw new CallProblem(`the plan names an unknown aggregate ${name}`);
    const operands = values.map((each) => bindRead(each, evaluation));
    const aggregate = entry.bind({ name, type, operands, evaluation });
    return (rows: readonly Row[]): Value => {
      evaluation.chargeWork(DEFAULT_PRICE.call * (1 + rows.length * (1 + operands.length)));
      const value = aggregate(rows);
      chargeValue(value, evaluation);
      return value;
    };
  });
  const types = keys.map(({ type }) => type);
  return (rows) => {
    const groups = new Map<string, { readonly key: readonly Value[]; readonly rows: Row[] }>();
    if (keys.length === 0) groups.set(NO_KEY, { key: [], rows: [...rows] });
    else {
      for (const row of rows) {
        const key = keys.map(({ compute }) => compute(row));
        const text = groupKey(key, types);
        chargeValue(text, evaluation);
        const group = groups.get(text) ?? { key, rows: [] };
        group.rows.push(row);
        groups.set(text, group);
      }
    }
    return [...groups].map(([key, group]) => {
      const row = [...group.key, ...bound.map((aggregate) => aggregate(group.rows))];
      evaluation.window.evidence?.note(row, group.rows, { key });
      return row;
    });
  };
};
