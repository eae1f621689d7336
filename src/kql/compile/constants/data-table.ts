import type { Expression } from "../../plan.ts";
import { constantExpression, literalValue } from "../../run/bind-expression.ts";
import { toDynamic } from "../../run/conversion.ts";
import { elements, part, textOf, type Syntax } from "../kusto-parser.ts";
import { refuseUnavailable } from "../operators/operator.ts";
import { CANONICAL_TYPES, isScalarType, refusal, type Environment, type ScopeColumn, type Table } from "../scope.ts";

/** A table of constants in the query. */
export function lowerDataTable(node: Syntax, environment: Environment): Table {
  const columns = declaredColumns(node, environment);
  const values = elements(part(node, "Values")).map((each) =>
    environment.lower.expression(each, { ...environment, columns: [] }),
  );
  refuseUnavailable(values, node, { steps: [], columns, readsEvent: false }, environment);
  const rows = Array.from({ length: Math.ceil(values.length / columns.length) }, (_, row) =>
    columns.map(({ type }, index) => typedCell(values[row * columns.length + index], type)),
  );
  return { steps: [{ step: "table", rows }], columns, readsEvent: false };
}

/** The columns of `(name: type, …)`. */
export function declaredColumns(node: Syntax, environment: Environment): ScopeColumn[] {
  return elements(part(part(node, "Schema"), "Columns")).map((each) => {
    const written = textOf(part(each, "Type"));
    const type = CANONICAL_TYPES[written] ?? written;
    if (isScalarType(type)) return { name: part(each, "Name").SimpleName ?? "", type };
    throw refusal(each, environment, "unsupported-type", `pimwatch has no values of type ${type}`);
  });
}

/** Converts a literal to the column's type. */
function typedCell(value: Expression | undefined, type: ScopeColumn["type"]): Expression {
  if (value?.kind !== "literal" || value.type === type) return value ?? { kind: "literal", type, value: null };
  const raw = literalValue(value.value, value.type);
  if (type === "dynamic") return constantExpression(toDynamic(raw, value.type), type);
  return { kind: "literal", type, value: type === "int" || type === "real" ? Number(raw) : value.value };
}
