import type { Aggregate } from "../../plan.ts";
import { refusal, runnable, unavailableIn, type Environment, type ScopeColumn, type Table } from "../scope.ts";
import { checkStep, isOfAllEvents, withStep } from "./operator.ts";
import type { Syntax } from "../kusto-parser.ts";

interface AcrossRows<Result> {
  /** The input. Behind its columns come the values of the calls of row functions. */
  readonly table: Table;
  readonly result: Result;
}

/**
 * Lowers the expressions of an operator that may call `prev()`, `row_number()` and the like. The calls run first, over all rows.
 *
 * @see https://learn.microsoft.com/kusto/query/window-functions
 */
export function acrossRows<Result>(
  node: Syntax,
  input: Table,
  environment: Environment,
  lower: (inside: Environment) => Result,
): AcrossRows<Result> {
  const calls: Aggregate[] = [];
  const added: ScopeColumn[] = [];
  const result = lower({
    ...environment,
    rowFunction(call, at) {
      const { name, type, arguments: operands } = call;
      if (input.isSerialized !== true) {
        const message = `${name}() depends on the order of the rows: put order by, or serialize, before it`;
        throw refusal(at, environment, "not-serialized", message);
      }
      // Refused only if the value is used, as every function that cannot run.
      if (isOfAllEvents(input, environment)) return { kind: "call", ...call };
      const unavailable = operands
        .map((each) => unavailableIn(each, [...input.columns, ...added]))
        .find((each) => each !== undefined);
      calls.push({ ...call, arguments: operands.map(runnable) });
      added.push(unavailable === undefined ? { name: "", type } : { name: "", type, unavailable });
      return { kind: "column", type, index: input.columns.length + added.length - 1 };
    },
  });
  if (calls.length === 0) return { table: input, result };
  const step = { step: "row-functions", calls } as const;
  checkStep(step, node, environment);
  return { table: withStep(input, step, [...input.columns, ...added]), result };
}
