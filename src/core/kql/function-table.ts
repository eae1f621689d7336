import type { FunctionTable } from "./evaluation.ts";
import { ARITHMETIC } from "./scalars/arithmetic.ts";
import { COMPARISON } from "./scalars/comparison.ts";
import { DYNAMIC_ACCESS } from "./scalars/dynamic-access.ts";
import { LOGIC } from "./scalars/logic.ts";
import { TEXT } from "./scalars/text.ts";
import { TYPE_CONVERSION } from "./scalars/type-conversion.ts";

/** Every scalar function and operator that a plan may name. Adding one is one entry in one of these tables. */
export const FUNCTIONS: FunctionTable = {
  ...LOGIC,
  ...ARITHMETIC,
  ...COMPARISON,
  ...DYNAMIC_ACCESS,
  ...TYPE_CONVERSION,
  ...TEXT,
};
