import fc from "fast-check";
import type { Json } from "../../../src/core/kql/values.ts";
import { bytes } from "../../samples.ts";

/** One of the ways in which JSON can write a value: blanks, escapes and the order of keys are drawn. */
export function writtenJson(value: Json): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(
      fc.infiniteStream(fc.nat({ max: 999 })),
      fc.constantFrom("", " ", "\n\t", "\r\n  "),
      fc.nat({ max: 100 }),
      fc.boolean(),
    )
    .map(([draws, blanks, escapes, withMark]) => {
      const draw = () => draws.next().value ?? 0;
      const text = write(value, { draw, blanks, escapes });
      return bytes(`${withMark ? "\uFEFF" : ""}${blanks}${text}${blanks}`);
    });
}

interface Style {
  readonly draw: () => number;
  readonly blanks: string;
  /** Of 100 characters, how many are escaped. */
  readonly escapes: number;
}

function write(value: Json, style: Style): string {
  const { draw, blanks } = style;
  if (typeof value === "string") return quoted(value, style);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const list = (parts: readonly string[]) => parts.map((part) => `${blanks}${part}${blanks}`).join(",");
  if (Array.isArray(value)) return `[${list(value.map((element: Json) => write(element, style)))}]`;
  const entries = Object.entries(value).map(([key, member]) => ({ key, member, place: draw() }));
  const parts = entries
    .toSorted((a, b) => a.place - b.place)
    .map(({ key, member }) => `${quoted(key, style)}${blanks}:${blanks}${write(member, style)}`);
  return `{${list(parts)}}`;
}

function quoted(text: string, { draw, escapes }: Style): string {
  const written = Array.from(text, (character) => {
    const mustEscape = character < " " || character === '"' || character === "\\" || /[\uD800-\uDFFF]/.test(character);
    if (character === "/" && draw() % 2 === 0) return String.raw`\/`;
    if (!mustEscape && draw() % 100 >= escapes) return character;
    return Array.from({ length: character.length }, (_, index) => {
      const hex = character.charCodeAt(index).toString(16).padStart(4, "0");
      return `\\u${draw() % 2 === 0 ? hex : hex.toUpperCase()}`;
    }).join("");
  });
  return `"${written.join("")}"`;
}
