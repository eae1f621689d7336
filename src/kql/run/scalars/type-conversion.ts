import { asType } from "../operand.ts";
import type { ScalarFunction } from "../evaluation.ts";
import type { FunctionTable } from "../evaluation.ts";
import type { ScalarType } from "../values.ts";
import { operand, scalar } from "./binding.ts";

function conversion(name: string, page: string, to: ScalarType): readonly [string, ScalarFunction] {
  return [name, scalar(`${name}(a)`, page, (call) => asType(operand(call, 0), to))];
}

/** What cannot be converted is null; `tostring` of null is "". */
export const TYPE_CONVERSION: FunctionTable = Object.fromEntries([
  conversion("tostring", "tostring-function", "string"),
  conversion("tobool", "tobool-function", "bool"),
  conversion("toboolean", "tobool-function", "bool"),
  conversion("toint", "toint-function", "int"),
  conversion("tolong", "tolong-function", "long"),
  conversion("toreal", "toreal-function", "real"),
  conversion("todouble", "toreal-function", "real"),
  conversion("todatetime", "todatetime-function", "datetime"),
  conversion("totimespan", "totimespan-function", "timespan"),
  conversion("toguid", "toguid-function", "guid"),
]);
