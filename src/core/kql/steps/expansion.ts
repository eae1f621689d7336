import { bindExpression } from "../bind-expression.ts";
import { castElement } from "../conversion.ts";
import { isArray, isBag } from "../dynamic-text.ts";
import type { Evaluation } from "../evaluation.ts";
import { asDynamic } from "../operand.ts";
import type { Expansion } from "../plan.ts";
import type { Json, Row, Value } from "../values.ts";

interface ExpandOptions {
  readonly bags: "bag" | "array";
  readonly limit: number | null;
  readonly withIndex: boolean;
}

/**
 * Makes the rows `input, elements, index?` of one row. Several arrays are expanded side by side, the shorter ones
 * filled up with null. A null makes one row, an empty array none.
 */
export function bindExpansion(expansions: readonly Expansion[], options: ExpandOptions, evaluation: Evaluation) {
  const sources = expansions.map(({ value, type }) => ({ read: asDynamic(bindExpression(value, evaluation)), type }));
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  return (row: Row): Row[] => {
    const columns = sources.map(({ read, type }) => ({ elements: elementsOf(read(row), options.bags), type }));
    const count = Math.min(limit, Math.max(...columns.map(({ elements }) => elements.length)));
    evaluation.chargeRows(count);
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
