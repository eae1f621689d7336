import type { Expression } from "../plan.ts";

/** The parts of a predicate that are joined by `and`. */
export function conjuncts(predicate: Expression): readonly Expression[] {
  const isAnd = predicate.kind === "call" && predicate.name === "and";
  return isAnd ? predicate.arguments.flatMap(conjuncts) : [predicate];
}

/** Predicates joined by `and`; undefined for none. */
export function conjunction([first, ...others]: readonly Expression[]): Expression | undefined {
  return others.reduce<Expression | undefined>(
    (left, right) => left && { kind: "call", type: "bool", name: "and", arguments: [left, right] },
    first,
  );
}
