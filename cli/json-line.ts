import { INVISIBLE } from "../src/core/visible-text.ts";

/** A value as one line of JSON. */
export function jsonLine(value: object): string {
  return `${safeJson(JSON.stringify(value))}\n`;
}

/** A value as JSON over several lines. */
export function jsonDocument(value: unknown): string {
  return `${JSON.stringify(value, null, 2).split("\n").map(safeJson).join("\n")}\n`;
}

/** The same JSON of one line, with characters escaped that a terminal would obey or hide. */
export function safeJson(json: string): string {
  return json.replaceAll(INVISIBLE, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}
