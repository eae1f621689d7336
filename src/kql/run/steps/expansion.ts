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

/** Of a property that becomes a bag or an array of its own. */
const PROPERTY_PRICE = 300;

/**
 * Makes the rows `input, elements, index?` of one row. Several arrays are expanded side by side, the shorter ones
 * filled up with null. A null makes one row, an empty array none.
 */
export function bindExpansion(expansions: readonly Expansion[], options: ExpandOptions, evaluation: Evaluation) {
  const sources = expansions.map(({ value, type }) => ({ read: asDynamic(bindExpression(value, evaluation)), type }));
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  return (row: Row): Row[] => {
    const columns = sources.map(({ read, type }) => {
      const value = read(row);
      // an element that becomes another type is read through
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

/** A bag's properties become bags of one, or `[key, value]`; what is neither array nor bag stands for itself. */
function elementsOf(value: Json, bags: "bag" | "array"): readonly Json[] {
  if (isArray(value)) return value;
  if (!isBag(value)) return [value];
  return Object.entries(value).map((entry) => (bags === "array" ? entry : Object.fromEntries([entry])));
}
