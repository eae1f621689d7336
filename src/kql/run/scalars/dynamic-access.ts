import { toDynamic, toText } from "../conversion.ts";
import { asDynamic, asLong, asText } from "../operand.ts";
import { isArray, isBag, readJson } from "../dynamic-text.ts";
import type { Call, Compute, Evaluation, FunctionTable } from "../evaluation.ts";
import type { Json } from "../values.ts";
import { operand, priced, scalar } from "./binding.ts";

/** The member of a property bag, or null. Prototypes are never read. */
export function memberOf(value: Json, key: string): Json {
  return isBag(value) && Object.hasOwn(value, key) ? (value[key] ?? null) : null;
}

/** The element of an array, or null. A negative index counts from the end. */
export function elementOf(value: Json, index: number): Json {
  return isArray(value) ? (value.at(index) ?? null) : null;
}

export const DYNAMIC_ACCESS: FunctionTable = {
  ".": priced({ passes: "first" }, scalar("a.name", access)),
  "[]": priced({ passes: "first" }, scalar("a[index]", access)),
  parse_json: scalar("parse_json(json)", parseJson),
  todynamic: scalar("todynamic(json)", parseJson),
  array_length: priced(
    { passes: "first" },
    scalar("array_length(array)", (call) => {
      const read = asDynamic(operand(call, 0));
      return (row) => {
        const value = read(row);
        return isArray(value) ? BigInt(value.length) : null;
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

/** For each `[`, `{` and `,` in JSON text, besides the price of each character: a text may contain nothing else. */
const JSON_PRICES: ReadonlyMap<number, number> = new Map([
  [0x5b, 4000],
  [0x7b, 4000],
  [0x2c, 2000],
]);

/** The value of JSON text; undefined if the text is not JSON. */
export function parsed(text: string, evaluation: Evaluation): Json | undefined {
  let price = 0;
  for (let index = 0; index < text.length; index += 1) price += JSON_PRICES.get(text.charCodeAt(index)) ?? 0;
  evaluation.chargeWork(price);
  return readJson(text);
}

/** Text that is not JSON stays a string, empty text is null, and a dynamic value stays unchanged. */
function parseJson(call: Call): Compute {
  const { type, compute } = operand(call, 0);
  if (type === "dynamic") return compute;
  return (row) => {
    const value = compute(row);
    if (type !== "string" || typeof value !== "string") return toDynamic(value, type);
    if (value === "") return null;
    // The text `null` is JSON: its value is null, not undefined.
    const read = parsed(value, call.evaluation);
    return read === undefined ? value : read;
  };
}
