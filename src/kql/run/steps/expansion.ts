import { bindExpression } from "../bind-expression.ts";
import { castElement } from "../conversion.ts";
import { isArray, isBag } from "../dynamic-text.ts";
import type { Evaluation } from "../evaluation.ts";
import { chargeValue, priceOfRows } from "../metering.ts";
import { asDynamic } from "../operand.ts";
import type { Expansion } from "../../plan.ts";
import type { Json, Row, Value } from "../values.ts";

interface ExpandOptions {
  readonly bags: "bag" | "array";
  readonly limit: number | null;
  readonly withIndex: boolean;
}

/** For each property that becomes a bag or an array of its own. */
const PROPERTY_PRICE = 300;

/**
 * Makes rows `input, elements, index?` from one row. Several arrays are expanded side by side, the shorter ones padded with
 * null. A null makes one row, an empty array none.
 */
export function bindExpansion(expansions: readonly Expansion[], options: ExpandOptions, evaluation: Evaluation) {
  const sources = expansions.map(({ value, type }) => ({ read: asDynamic(bindExpression(value, evaluation)), type }));
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  return (row: Row): Row[] => {
    const columns = sources.map(({ read, type }) => {
      const value = read(row);
      // Converting elements to another type reads them in full.
      if (type !== "dynamic") chargeValue(value, evaluation);
      const elements = elementsOf(value, options.bags);
      if (isBag(value)) evaluation.chargeWork(elements.length * PROPERTY_PRICE);
      return { elements, type };
    });
    const count = Math.min(limit, Math.max(...columns.map(({ elements }) => elements.length)));
    evaluation.checkRows(count);
    evaluation.chargeWork(priceOfRows(count, row.length + columns.length));
    return Array.from({ length: count }, (_, index): Row => {
      const cells = columns.map(({ elements, type }): Value => castElement(elements[index] ?? null, type));
      return options.withIndex ? [...row, ...cells, BigInt(index)] : [...row, ...cells];
    });
  };
}

/** Each property of a bag becomes a bag of its own, or `[key, value]`. Any other value is its own only element. */
function elementsOf(value: Json, bags: "bag" | "array"): readonly Json[] {
  if (isArray(value)) return value;
  if (!isBag(value)) return [value];
  return Object.entries(value).map((entry) => (bags === "array" ? entry : Object.fromEntries([entry])));
}
