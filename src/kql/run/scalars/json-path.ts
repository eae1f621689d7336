import { convert, toText } from "../conversion.ts";
import { isBag, textOfDynamic } from "../dynamic-text.ts";
import { CallProblem, type Call, type Compute, type FunctionTable } from "../evaluation.ts";
import { asBag, asDynamic, asText } from "../operand.ts";
import type { Json } from "../values.ts";
import { constantOf, operand, priced, scalar } from "./binding.ts";
import { elementOf, memberOf, parsed } from "./dynamic-access.ts";

const STEP = /\.([A-Za-z_][\w-]*)|\[(\d+)\]|\[['"]([^'"]+)['"]\]/gy;

/** The keys and indexes of a path like `$.a.b[0]['c d']`. */
function readPath(path: string): (string | number)[] {
  const steps: (string | number)[] = [];
  let position = path.startsWith("$") ? 1 : 0;
  while (position < path.length) {
    STEP.lastIndex = position;
    const found = STEP.exec(path);
    if (!found) throw new CallProblem(`${JSON.stringify(path)} is not a JSON path that pimwatch supports`);
    const [whole, name, index, quoted] = found;
    steps.push(index === undefined ? (name ?? quoted ?? "") : Number(index));
    position += whole.length;
  }
  return steps;
}

const BAG_STEP = /\.([^.[\]]+)|\[(["'])(.+?)\2\]/gy;

/** A deeper path is one key. */
const MAXIMUM_DEPTH = 1000;

/** `$.a.b` and `$.a['b']` are paths into nested bags; anything else, also a path with an index, is one key. */
export function bagPath(key: string): string[] {
  if (!/^\$[.[]/.test(key)) return [key];
  const steps = [...key.slice(1).matchAll(BAG_STEP)];
  const length = steps.reduce((sum, [step]) => sum + step.length, 1);
  if (length < key.length || steps.length > MAXIMUM_DEPTH) return [key];
  return steps.map(([, name, , quoted]) => name ?? quoted ?? "");
}

function hasKey(call: Call): Compute {
  const [read, key] = [asBag(operand(call, 0)), asText(operand(call, 1))];
  return (row) => {
    let at: Json = read(row);
    if (at === null) return null;
    for (const step of bagPath(key(row))) {
      if (!isBag(at) || !Object.hasOwn(at, step)) return false;
      at = at[step] ?? null;
    }
    return true;
  };
}

function extractJson(call: Call): Compute {
  const steps = readPath(toText(constantOf(call, 0), "string"));
  const read = asDynamic(operand(call, 1));
  const { type } = operand(call, 1);
  return (row) => {
    const source = read(row);
    const root: Json =
      type === "string" && typeof source === "string" ? (parsed(source, call.evaluation) ?? null) : source;
    const found = steps.reduce<Json>(
      (value, step) => (typeof step === "number" ? elementOf(value, step) : memberOf(value, step)),
      root,
    );
    return call.type === "string" ? textOfDynamic(found) : convert(found, "dynamic", call.type);
  };
}

export const JSON_PATH: FunctionTable = {
  bag_has_key: priced({ passes: "first" }, scalar("bag_has_key(bag, key)", hasKey)),
  extract_json: scalar("extract_json(path, source [, typeof(T)])", extractJson),
};
