import { asLong, asText } from "../operand.ts";
import type { FunctionTable } from "../evaluation.ts";
import { operand, scalar } from "./binding.ts";

export const TEXT: FunctionTable = {
  split: scalar("split(source, delimiter [, index])", "split-function", (call) => {
    const [source, delimiter] = [asText(operand(call, 0)), asText(operand(call, 1))];
    const divide = (row: Parameters<typeof source>[0]) => {
      const separator = delimiter(row);
      return separator === "" ? [source(row)] : source(row).split(separator);
    };
    if (call.operands.length < 3) return divide;
    const requested = asLong(operand(call, 2));
    return (row) => {
      const index = requested(row);
      const part = index === null || index < 0n ? undefined : divide(row)[Number(index)];
      return part === undefined ? [] : [part];
    };
  }),
};
