import { CallProblem, type Call, type Evaluation, type Operand } from "./evaluation.ts";
import { FUNCTIONS } from "./function-table.ts";
import { toDecimal, toLong, toText } from "./conversion.ts";
import { jsonText } from "./dynamic-text.ts";
import { isPlainJson } from "./exact-json.ts";
import { metered, meteredCall, meteredOperands } from "./metering.ts";
import type { Expression } from "../plan.ts";
import type { PlainJson, ScalarType, Value } from "./values.ts";

/** Turns an expression into a closure. A part that does not depend on the row is computed here, once. */
export function bindExpression(expression: Expression, evaluation: Evaluation): Operand {
  const { type } = expression;
  if (expression.kind === "literal") return constantOperand(type, literalValue(expression.value, type));
  if (expression.kind === "column") {
    const { index } = expression;
    return { type, compute: (row) => row[index] ?? null };
  }
  if (expression.kind === "shared") {
    const { index } = expression;
    return { type, compute: () => evaluation.window.shared(index), isShared: true };
  }
  const operands = expression.arguments.map((each) => bindExpression(each, evaluation));
  return bindCall({ name: expression.name, type, operands, evaluation });
}

/** An expression whose values a step reads in full, so that reading is charged for. */
export function bindRead(expression: Expression, evaluation: Evaluation): Operand {
  return metered(bindExpression(expression, evaluation), evaluation);
}

/** The closure of a call. Charges for what any function reads, does and builds. */
export function bindCall(call: Call): Operand {
  const { name, type, operands, evaluation } = call;
  const entry = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (entry === undefined) throw new CallProblem(`the plan names an unknown function ${name}`);
  const { price } = entry;
  const read = meteredOperands(operands, { price, type, evaluation });
  const bound = entry.bind({ ...call, operands: read });
  // A call that returns its operand unchanged, e.g. tostring() of a string, costs nothing.
  const same = operands[read.findIndex(({ compute }) => compute === bound)]?.compute;
  const compute = same ?? meteredCall(bound, price, evaluation);
  const isConstant = entry.volatile !== true && operands.every(({ constant }) => constant !== undefined);
  return isConstant ? constantOperand(type, compute([])) : { type, compute };
}

function constantOperand(type: ScalarType, value: Value): Operand {
  return { type, compute: () => value, constant: { value } };
}

/** JSON has no bigint and no NaN, so a plan holds longs, times, decimals and non-finite reals as text. */
export function literalValue(value: PlainJson, type: ScalarType): Value {
  if (value === null) return type === "string" ? "" : null;
  if (type === "long" || type === "datetime" || type === "timespan") return toLong(value, "dynamic");
  if (type === "decimal") return toDecimal(value, "dynamic");
  return type === "real" ? Number(value) : value;
}

/** A constant in a plan. A dynamic value that contains bigints becomes JSON text, which is parsed when the plan is bound. */
export function constantExpression(value: Value, type: ScalarType): Expression {
  if (type !== "dynamic" && typeof value === "bigint") {
    const text = type === "decimal" ? toText(value, type) : String(value);
    return { kind: "literal", type, value: text };
  }
  if (type === "real" && typeof value === "number" && !Number.isFinite(value))
    return { kind: "literal", type, value: String(value) };
  if (isPlainJson(value)) return { kind: "literal", type, value };
  const text: Expression = { kind: "literal", type: "string", value: jsonText(value) };
  return { kind: "call", type, name: "parse_json", arguments: [text] };
}
