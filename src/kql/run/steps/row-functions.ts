import { bindRead } from "../bind-expression.ts";
import { CallProblem } from "../evaluation.ts";
import { DEFAULT_PRICE } from "../metering.ts";
import { ROW_FUNCTIONS } from "../row-functions.ts";
import type { Row } from "../values.ts";
import type { BindStep } from "./step.ts";

/** Appends the values of functions that depend on the order of the rows. */
export const bindRowFunctions: BindStep<"row-functions"> = ({ calls }, evaluation) => {
  const bound = calls.map(({ name, type, arguments: values }) => {
    const entry = Object.hasOwn(ROW_FUNCTIONS, name) ? ROW_FUNCTIONS[name] : undefined;
    if (entry === undefined) throw new CallProblem(`the plan names an unknown row function ${name}`);
    const operands = values.map((each) => bindRead(each, evaluation));
    return { compute: entry.bind({ name, type, operands, evaluation }), price: 1 + operands.length };
  });
  return (rows) => {
    let table = rows;
    for (const { compute, price } of bound) {
      evaluation.chargeWork(DEFAULT_PRICE.call * table.length * price);
      const before = table;
      table = compute(before).map(({ value, from }, index): Row => {
        const own = before[index] ?? [];
        const row = [...own, value];
        evaluation.window.evidence?.note(row, from ? [own, from] : [own]);
        return row;
      });
    }
    return table;
  };
};
