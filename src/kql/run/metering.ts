import type { Compute, Evaluation, Operand, Price } from "./evaluation.ts";
import type { ScalarType, Value } from "./values.ts";
import { weightOf } from "./weight.ts";

/*
 * Prices of operations in units of work. A unit is about half a nanosecond of a slow processor, on the slowest input. The
 * binder charges every call by these prices, new functions included. A function whose work grows faster than what it reads
 * and builds charges the rest itself. `npm run bench -- --only limits` measures the prices.
 */

export const DEFAULT_PRICE = { call: 100, character: 30 } as const;

/** For each row that a step reads or builds, and for each of its cells. */
const ROW_PRICE = 100;
const CELL_PRICE = 10;

export function priceOfRows(count: number, columns: number): number {
  return count * (ROW_PRICE + CELL_PRICE * columns);
}

/** The price of sorting: each value takes part in about log2(count) comparisons. */
export function priceOfSort(count: number, characters: number): number {
  return Math.log2(1 + count) * (count * ROW_PRICE + characters);
}

/** The operand, charging for every value that is read from it. */
export function metered(
  operand: Operand,
  evaluation: Evaluation,
  character: number = DEFAULT_PRICE.character,
): Operand {
  const { compute, constant, isShared } = operand;
  if (isShared) return operand;
  if (constant !== undefined) return meteredConstant(operand, constant.value, evaluation, character);
  return {
    ...operand,
    compute(row) {
      const value = compute(row);
      if (typeof value === "string" || typeof value === "object") chargeValue(value, evaluation, character);
      return value;
    },
  };
}

/** A constant is as long as the rule's author wrote it. Most are too short to charge for. */
function meteredConstant(operand: Operand, value: Value, evaluation: Evaluation, character: number): Operand {
  const price = lengthOf(value) * character;
  if (price < 10 * DEFAULT_PRICE.call) return operand;
  return {
    ...operand,
    compute() {
      evaluation.chargeWork(price);
      return value;
    },
  };
}

/** The operands of a call with this price, charging for every value that it reads in full. */
export function meteredOperands(
  operands: readonly Operand[],
  { price = {}, type, evaluation }: { price: Price | undefined; type: ScalarType; evaluation: Evaluation },
): Operand[] {
  return operands.map((operand, index) => {
    const isPassed = price.passes === "first" ? index === 0 : price.passes === "all" && operand.type === type;
    return isPassed ? operand : metered(operand, evaluation, price.character);
  });
}

/** The call, charging for itself and for what it builds. */
export function meteredCall(compute: Compute, price: Price = {}, evaluation: Evaluation): Compute {
  const { call = DEFAULT_PRICE.call, character = DEFAULT_PRICE.character } = price;
  if (price.passes !== undefined) {
    return (row) => {
      evaluation.chargeWork(call);
      return compute(row);
    };
  }
  return (row) => {
    evaluation.chargeWork(call);
    const value = compute(row);
    if (typeof value === "string" || typeof value === "object") chargeValue(value, evaluation, character);
    return value;
  };
}

/** Charges for a value that is read in full or was built. */
export function chargeValue(value: Value, evaluation: Evaluation, character: number = DEFAULT_PRICE.character): void {
  evaluation.chargeWork(lengthOf(value) * character);
}

/** Checks that this many characters may still be built, before a call builds more than it has read. */
export function reserve(characters: number, evaluation: Pick<Evaluation, "reserveWork">): void {
  evaluation.reserveWork(characters * DEFAULT_PRICE.character);
}

/** The length of a text, or of a dynamic value as JSON; 0 for anything else. */
export function lengthOf(value: Value): number {
  if (typeof value === "string") return value.length;
  return typeof value === "object" && value !== null ? weightOf(value) : 0;
}
