import type { FunctionTable } from "./evaluation.ts";
import { ARITHMETIC } from "./scalars/arithmetic.ts";
import { COMPARISON } from "./scalars/comparison.ts";
import { DATETIME } from "./scalars/time/datetime.ts";
import { DYNAMIC_ACCESS } from "./scalars/dynamic-access.ts";
import { DYNAMIC_BUILDING } from "./scalars/dynamic-building.ts";
import { ENCODING } from "./scalars/encoding.ts";
import { HASHING } from "./scalars/hashing.ts";
import { JSON_PATH } from "./scalars/json-path.ts";
import { LOGIC } from "./scalars/logic.ts";
import { MATHEMATICS } from "./scalars/mathematics.ts";
import { NETWORK } from "./scalars/network.ts";
import { PARSING } from "./scalars/parsing.ts";
import { REGEX } from "./scalars/regex.ts";
import { TEXT } from "./scalars/text.ts";
import { TEXT_SEARCH } from "./scalars/text-search.ts";
import { TIME_ZONES } from "./scalars/time/time-zones.ts";
import { TYPE_CONVERSION } from "./scalars/type-conversion.ts";
import { XML } from "./scalars/xml.ts";

/** To add a function or an operator, add an entry to one of these tables. */
const ENTRIES: FunctionTable = {
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
  ...HASHING,
  ...NETWORK,
  ...PARSING,
  ...TIME_ZONES,
  ...XML,
};

/** Other names of functions, most of them deprecated. */
export const ALIASES: Readonly<Record<string, string>> = {
  array_iif: "array_iff",
  array_strcat: "strcat_array",
  arraylength: "array_length",
  base64_decodestring: "base64_decode_tostring",
  base64_encodestring: "base64_encode_tostring",
  datepart: "datetime_part",
  extractall: "extract_all",
  extractjson: "extract_json",
  iif: "iff",
  notempty: "isnotempty",
  notnull: "isnotnull",
  pack: "bag_pack",
  pack_dictionary: "bag_pack",
  parsejson: "parse_json",
  parseurl: "parse_url",
  parseurlquery: "parse_urlquery",
  toboolean: "tobool",
  todouble: "toreal",
  toobject: "todynamic",
  totime: "totimespan",
  unicode_codepoints_to_string: "make_string",
  weekofyear: "week_of_year",
};

/** Every scalar function and operator that a plan can name. */
export const FUNCTIONS: FunctionTable = { ...ENTRIES, ...aliased() };

function aliased(): FunctionTable {
  return Object.fromEntries(
    Object.entries(ALIASES).flatMap(([alias, name]) => {
      const entry = ENTRIES[name];
      return entry === undefined ? [] : [[alias, { ...entry, form: entry.form.replace(name, alias) }]];
    }),
  );
}

/** Whether a function's value depends on the current time. */
export function isVolatile(name: string): boolean {
  return FUNCTIONS[name]?.volatile === true;
}
