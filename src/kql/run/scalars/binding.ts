import type { Call, FunctionTable, Operand, Price, ScalarFunction } from "../evaluation.ts";
import { CallProblem } from "../evaluation.ts";

/** The operand at a position. Microsoft's binder has already checked the number of arguments. */
export function operand(call: Call, position: number): Operand {
  const found = call.operands[position];
  if (found === undefined) throw new CallProblem(`${call.name} has no argument ${position + 1}`);
  return found;
}

/** The value of an operand that must be a constant. @throws {CallProblem} if it is not */
export function constantOf(call: Call, position: number) {
  const { constant } = operand(call, position);
  if (constant === undefined) {
    throw new CallProblem(`${call.name}: argument ${position + 1} must be a constant, not computed from the event`);
  }
  return constant.value;
}

/** An entry of the function table. */
export function scalar(form: string, bind: ScalarFunction["bind"]): ScalarFunction {
  return { form, bind };
}

/** An entry with a price of its own. */
export function priced(price: Price, entry: ScalarFunction): ScalarFunction {
  return { ...entry, price };
}

export function allPriced(price: Price, table: FunctionTable): FunctionTable {
  return Object.fromEntries(Object.entries(table).map(([name, entry]) => [name, priced(price, entry)]));
}
