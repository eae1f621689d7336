import { asBool, asText, asType } from "../operand.ts";
import { textOfDynamic } from "../dynamic-text.ts";
import type { Call, Compute, FunctionTable, Operand } from "../evaluation.ts";
import { allPriced, operand, scalar } from "./binding.ts";

/** Three-valued logic: false decides `and`, true decides `or`; otherwise a null side makes the result null. */
export const LOGIC: FunctionTable = {
  and: scalar("a and b", (call) => {
    const [left, right] = [asBool(operand(call, 0)), asBool(operand(call, 1))];
    return (row) => {
      const first = left(row);
      if (first === false) return false;
      const second = right(row);
      return second === false ? false : first && second;
    };
  }),
  or: scalar("a or b", (call) => {
    const [left, right] = [asBool(operand(call, 0)), asBool(operand(call, 1))];
    return (row) => {
      const first = left(row);
      if (first === true) return true;
      const second = right(row);
      return second === true || (first === null || second === null ? second || null : false);
    };
  }),
  not: scalar("not(a)", (call) => {
    const read = asBool(operand(call, 0));
    return (row) => {
      const value = read(row);
      return value === null ? null : !value;
    };
  }),
  ...allPriced(
    { passes: "all" },
    {
      iff: scalar("iff(if, then, else)", choose),
      case: scalar("case(if, then, …, else)", choose),
      coalesce: scalar("coalesce(a, b, …)", (call) => {
        const values = call.operands.map((each) => asType(each, call.type));
        return (row) => {
          for (const value of values) {
            const found = value(row);
            if (found !== null && found !== "") return found;
          }
          return call.type === "string" ? "" : null;
        };
      }),
    },
  ),
  ...allPriced(
    { passes: "first" },
    {
      isnull: scalar("isnull(a)", (call) => isNull(operand(call, 0))),
      isnotnull: scalar("isnotnull(a)", (call) => negate(isNull(operand(call, 0)))),
      isempty: scalar("isempty(a)", (call) => isEmpty(operand(call, 0))),
      isnotempty: scalar("isnotempty(a)", (call) => negate(isEmpty(operand(call, 0)))),
    },
  ),
};

/** `if, then, if, then, …, else`: a null condition counts as false. */
function choose(call: Call): Compute {
  const { operands, type } = call;
  const branches: { readonly condition: Compute; readonly value: Compute }[] = [];
  for (let index = 0; index + 1 < operands.length; index += 2) {
    branches.push({ condition: asBool(operand(call, index)), value: asType(operand(call, index + 1), type) });
  }
  const otherwise = asType(operand(call, operands.length - 1), type);
  return (row) => (branches.find(({ condition }) => condition(row) === true)?.value ?? otherwise)(row);
}

/** Strings are never null. */
function isNull({ type, compute }: Operand): Compute {
  return type === "string" ? () => false : (row) => compute(row) === null;
}

function isEmpty(of: Operand): Compute {
  const { type, compute } = of;
  if (type === "dynamic") {
    return (row) => {
      const value = compute(row);
      return value === null || (typeof value === "string" && textOfDynamic(value) === "");
    };
  }
  const read = asText(of);
  return (row) => read(row) === "";
}

function negate(compute: Compute): Compute {
  return (row) => compute(row) !== true;
}
