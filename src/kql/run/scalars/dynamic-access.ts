import { toDynamic, toText } from "../conversion.ts";
import { asBag, asDynamic, asLong, asText } from "../operand.ts";
import { isArray, isBag, readJson } from "../dynamic-text.ts";
import type { Call, Compute, Evaluation, FunctionTable } from "../evaluation.ts";
import type { Json } from "../values.ts";
import { operand, priced, scalar } from "./binding.ts";

const DYNAMIC = "scalar-data-types/dynamic";

/** The member of a property bag; null where there is none. Prototypes are never looked at. */
export function memberOf(value: Json, key: string): Json {
  return isBag(value) && Object.hasOwn(value, key) ? (value[key] ?? null) : null;
}

/** The element of an array, counted from the end where the index is negative; null beyond either end. */
export function elementOf(value: Json, index: number): Json {
  return isArray(value) ? (value.at(index) ?? null) : null;
}

export const DYNAMIC_ACCESS: FunctionTable = {
  ".": priced({ passes: "first" }, scalar("a.name", DYNAMIC, access)),
  "[]": priced({ passes: "first" }, scalar("a[index]", DYNAMIC, access)),
  parse_json: scalar("parse_json(json)", "parse-json-function", parseJson),
  parsejson: scalar("parsejson(json)", "parse-json-function", parseJson),
  todynamic: scalar("todynamic(json)", "todynamic-function", parseJson),
  toobject: scalar("toobject(json)", "todynamic-function", parseJson),
  array_length: priced(
    { passes: "first" },
    scalar("array_length(array)", "array-length-function", (call) => {
      const read = asDynamic(operand(call, 0));
      return (row) => {
        const value = read(row);
        return isArray(value) ? BigInt(value.length) : null;
      };
    }),
  ),
  bag_has_key: priced(
    { passes: "first" },
    scalar("bag_has_key(bag, key)", "bag-has-key-function", (call) => {
      const [read, key] = [asBag(operand(call, 0)), asText(operand(call, 1))];
      return (row) => {
        const value = read(row);
        return value === null ? null : Object.hasOwn(value, key(row));
      };
    }),
  ),
};

function access(call: Call): Compute {
  const read = asDynamic(operand(call, 0));
  const selector = operand(call, 1);
  if (selector.constant && selector.type === "string") {
    const key = toText(selector.constant.value, "string");
    return (row) => memberOf(read(row), key);
  }
  if (selector.type === "string" || selector.type === "guid") {
    const key = asText(selector);
    return (row) => memberOf(read(row), key(row));
  }
  if (selector.type === "dynamic") {
    return (row) => {
      const key = selector.compute(row);
      return typeof key === "number" ? elementOf(read(row), key) : memberOf(read(row), toText(key, "dynamic"));
    };
  }
  const index = asLong(selector);
  return (row) => {
    const position = index(row);
    return position === null ? null : elementOf(read(row), Number(position));
  };
}

/** Of each `[`, `{` and `,` in JSON text, beside the price of all characters: a text may hold nothing else. */
const JSON_PRICES: ReadonlyMap<number, number> = new Map([
  [0x5b, 4000],
  [0x7b, 4000],
  [0x2c, 2000],
]);

/** The value of JSON text, or undefined where it is none. */
export function parsed(text: string, evaluation: Evaluation): Json | undefined {
  let price = 0;
  for (let index = 0; index < text.length; index += 1) price += JSON_PRICES.get(text.charCodeAt(index)) ?? 0;
  evaluation.chargeWork(price);
  return readJson(text);
}

/** Text that is no JSON is kept as a string, no text is null; a value that is dynamic already is left as it is. */
function parseJson(call: Call): Compute {
  const { type, compute } = operand(call, 0);
  if (type === "dynamic") return compute;
  return (row) => {
    const value = compute(row);
    if (type !== "string" || typeof value !== "string") return toDynamic(value, type);
    if (value === "") return null;
    // `null` is JSON, too: the null value, not a text.
    const read = parsed(value, call.evaluation);
    return read === undefined ? value : read;
  };
}
