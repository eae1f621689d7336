import type { FunctionTable } from "../evaluation.ts";
import { asText } from "../operand.ts";
import type { Json } from "../values.ts";
import { operand, priced, scalar } from "./binding.ts";

/** Longer text is null, as Kusto's page says. So is deeper nesting. */
const MAXIMUM_LENGTH = 1_048_576;
const MAXIMUM_DEPTH = 1000;

/** XML as bags: elements by name, attributes as `@name`, text beside them as `#text`. */
export const XML: FunctionTable = {
  parse_xml: priced(
    { character: 100 },
    scalar("parse_xml(xml)", (call) => {
      const text = asText(operand(call, 0));
      return (row): Json => {
        const source = text(row);
        return source.length > MAXIMUM_LENGTH ? null : readXml(source);
      };
    }),
  ),
};

interface Element {
  readonly name: string;
  readonly attributes: readonly (readonly [string, string])[];
  readonly children: (readonly [name: string, value: Json])[];
  text: string;
}

/** Skipped: processing instructions, comments and document types. */
const SKIPPED = /<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!DOCTYPE[^<>[\]]*(?:\[[^\]]*\]\s*)?>/y;
const CDATA = /<!\[CDATA\[([\s\S]*?)\]\]>/y;
const NAME = "[A-Za-z_:\\u0080-\\uffff][\\w:.\\-\\u0080-\\uffff]*";
const OPENING = new RegExp(String.raw`<(${NAME})((?:\s+${NAME}\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>`, "y");
const ATTRIBUTE = new RegExp(String.raw`(${NAME})\s*=\s*(?:"([^"]*)"|'([^']*)')`, "g");
const CLOSING = new RegExp(String.raw`<\/(${NAME})\s*>`, "y");
const PLAIN = /[^<]+/y;

/** Null if the text is not one well-formed element. */
function readXml(source: string): Json {
  const root: Element = { name: "", attributes: [], children: [], text: "" };
  const open = [root];
  let position = 0;
  const next = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const found = pattern.exec(source);
    if (found) position = pattern.lastIndex;
    return found;
  };
  while (position < source.length) {
    const current = open.at(-1) ?? root;
    if (next(SKIPPED)) continue;
    const plain = next(PLAIN)?.[0];
    const text = plain === undefined ? next(CDATA)?.[1] : unescaped(plain);
    if (text !== undefined) {
      current.text += text;
      continue;
    }
    const opening = next(OPENING);
    if (opening) {
      const [, name = "", attributes = "", isEmpty] = opening;
      const element: Element = { name, attributes: attributesOf(attributes), children: [], text: "" };
      if (isEmpty === "/") current.children.push([name, valueOf(element)]);
      else if (open.push(element) > MAXIMUM_DEPTH) return null;
      continue;
    }
    const closing = next(CLOSING)?.[1];
    if (closing === undefined || open.length < 2 || current.name !== closing) return null;
    open.pop();
    (open.at(-1) ?? root).children.push([closing, valueOf(current)]);
  }
  const isDocument = open.length === 1 && root.children.length === 1 && root.text.trim() === "";
  return isDocument ? Object.fromEntries(root.children) : null;
}

/** An element without attributes and children is its text, or null if it has none. */
function valueOf({ attributes, children, text }: Element): Json {
  const plain = text.trim();
  if (attributes.length === 0 && children.length === 0) return plain === "" ? null : text;
  const grouped = new Map<string, Json[]>();
  for (const [name, value] of children) {
    const same = grouped.get(name);
    if (same) same.push(value);
    else grouped.set(name, [value]);
  }
  return Object.fromEntries<Json>([
    ...attributes.map(([name, value]): [string, Json] => [`@${name}`, value]),
    ...(plain === "" ? [] : [["#text", plain] satisfies [string, Json]]),
    ...[...grouped].map(([name, values]): [string, Json] => [name, values.length === 1 ? (values[0] ?? null) : values]),
  ]);
}

function attributesOf(source: string): (readonly [string, string])[] {
  return [...source.matchAll(ATTRIBUTE)].map(([, name = "", double, single]) => [
    name,
    unescaped(double ?? single ?? ""),
  ]);
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replaceAll(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));/gi, (whole, hex, decimal, name) => {
    if (typeof name === "string") return ENTITIES[name] ?? whole;
    const point = typeof hex === "string" ? Number.parseInt(hex, 16) : Number(decimal);
    return point > 0x10_ffff ? whole : String.fromCodePoint(point);
  });
}
