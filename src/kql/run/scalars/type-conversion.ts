import { asType } from "../operand.ts";
import type { ScalarFunction } from "../evaluation.ts";
import type { FunctionTable } from "../evaluation.ts";
import type { ScalarType } from "../values.ts";
import { operand, scalar } from "./binding.ts";

function conversion(name: string, to: ScalarType): readonly [string, ScalarFunction] {
  return [name, scalar(`${name}(a)`, (call) => asType(operand(call, 0), to))];
}

/** Null if the conversion is impossible; `tostring` of null is "". */
export const TYPE_CONVERSION: FunctionTable = Object.fromEntries([
  conversion("tostring", "string"),
  conversion("tobool", "bool"),
  conversion("toint", "int"),
  conversion("tolong", "long"),
  conversion("toreal", "real"),
  conversion("todecimal", "decimal"),
  conversion("todatetime", "datetime"),
  conversion("totimespan", "timespan"),
  conversion("toguid", "guid"),
]);
