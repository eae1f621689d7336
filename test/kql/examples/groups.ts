import type { CaseGroup } from "../semantics.ts";
import { BAGS_AND_SETS_CASES } from "../semantics/bags-and-sets.cases.ts";
import { COMPARISON_CASES } from "../semantics/comparisons.cases.ts";
import { DYNAMIC_VALUES_CASES } from "../semantics/dynamic-values.cases.ts";
import { ENCODINGS_CASES } from "../semantics/encodings.cases.ts";
import { JOIN_CASES } from "../semantics/joins.cases.ts";
import { LITERALS_CASES } from "../semantics/literals.cases.ts";
import { OPERATOR_CASES } from "../semantics/operators.cases.ts";
import { PARSE_CASES } from "../semantics/parse.cases.ts";
import { REPORTED_CASES } from "../semantics/reported.cases.ts";
import { ROW_CASES } from "../semantics/rows.cases.ts";
import { TABLE_CASES } from "../semantics/tables.cases.ts";
import { TEXTS_CASES } from "../semantics/texts.cases.ts";
import { TIMES_CASES } from "../semantics/times.cases.ts";
import { ADDRESS_EXAMPLES } from "./addresses.examples.ts";
import { DYNAMIC_EXAMPLES } from "./dynamic.examples.ts";
import { HUNTING_EXAMPLES } from "./hunting.examples.ts";
import { NUMBER_EXAMPLES } from "./numbers.examples.ts";
import { TABLE_EXAMPLES } from "./tables.examples.ts";
import { TEXT_EXAMPLES } from "./texts.examples.ts";
import { TIME_EXAMPLES } from "./times.examples.ts";

/** Every case of Kusto's semantics: in files by subject, and in those of this folder by Kusto's pages. */
export const GROUPS: readonly CaseGroup[] = [
  ...OPERATOR_CASES,
  ...PARSE_CASES,
  ...TABLE_CASES,
  ...JOIN_CASES,
  ...ROW_CASES,
  ...TEXTS_CASES,
  ...DYNAMIC_VALUES_CASES,
  ...TIMES_CASES,
  ...ENCODINGS_CASES,
  ...COMPARISON_CASES,
  ...BAGS_AND_SETS_CASES,
  ...LITERALS_CASES,
  ...REPORTED_CASES,
  ...HUNTING_EXAMPLES,
  ...NUMBER_EXAMPLES,
  ...DYNAMIC_EXAMPLES,
  ...TEXT_EXAMPLES,
  ...TIME_EXAMPLES,
  ...ADDRESS_EXAMPLES,
  ...TABLE_EXAMPLES,
];
