import type { FunctionTable } from "./evaluation.ts";
import { ARITHMETIC } from "./scalars/arithmetic.ts";
import { COMPARISON } from "./scalars/comparison.ts";
import { DATETIME } from "./scalars/datetime.ts";
import { DYNAMIC_ACCESS } from "./scalars/dynamic-access.ts";
import { DYNAMIC_BUILDING } from "./scalars/dynamic-building.ts";
import { ENCODING } from "./scalars/encoding.ts";
import { JSON_PATH } from "./scalars/json-path.ts";
import { LOGIC } from "./scalars/logic.ts";
import { MATHEMATICS } from "./scalars/mathematics.ts";
import { NETWORK } from "./scalars/network.ts";
import { REGEX } from "./scalars/regex.ts";
import { TEXT } from "./scalars/text.ts";
import { TEXT_SEARCH } from "./scalars/text-search.ts";
import { TYPE_CONVERSION } from "./scalars/type-conversion.ts";

/** Every scalar function and operator that a plan may name. Adding one is one entry in one of these tables. */
export const FUNCTIONS: FunctionTable = {
  ...LOGIC,
  ...COMPARISON,
  ...TEXT_SEARCH,
  ...ARITHMETIC,
  ...MATHEMATICS,
  ...DYNAMIC_ACCESS,
  ...DYNAMIC_BUILDING,
  ...TYPE_CONVERSION,
  ...TEXT,
  ...REGEX,
  ...JSON_PATH,
  ...DATETIME,
  ...ENCODING,
  ...NETWORK,
};
