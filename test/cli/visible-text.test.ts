import * as fc from "fast-check";
import { expect, test } from "vitest";
import { jsonLine } from "../../cli/json-line.ts";
import { INVISIBLE, visible } from "../../src/core/visible-text.ts";

test.each([
  { what: "a terminal escape", text: "\u001b[31m", shown: "\\u{1b}[31m" },
  { what: "a C1 control", text: "\u009b31m", shown: "\\u{9b}31m" },
  { what: "line ends", text: "a\r\nb\u2028c\u2029d", shown: "a\\u{d}\\u{a}b\\u{2028}c\\u{2029}d" },
  {
    what: "a change of writing direction",
    text: "\u202e\u2066\u2069\u200f\u061c",
    shown: "\\u{202e}\\u{2066}\\u{2069}\\u{200f}\\u{61c}",
  },
  {
    what: "characters without width",
    text: "a\u200b\u200d\ufeff\u00ad\u3164",
    shown: "a\\u{200b}\\u{200d}\\u{feff}\\u{ad}\\u{3164}",
  },
  { what: "tag characters", text: "\u{e0041}", shown: "\\u{e0041}" },
  { what: "format characters that fonts may draw", text: "\u0600\ufff9", shown: "\\u{600}\\u{fff9}" },
  { what: "half of a pair", text: "\ud800x", shown: "\\u{d800}x" },
  { what: "other scripts, as they are", text: "Émile 田中 😀", shown: "Émile 田中 😀" },
])("$what is shown", ({ text, shown }) => {
  expect(visible(text)).toBe(shown);
});

test("no text keeps characters that a terminal obeys", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => visible(text).match(INVISIBLE) === null),
    { numRuns: 2_000 },
  );
});

test("a line of JSON keeps the meaning of the incident and has no characters that a terminal obeys", () => {
  const incidents = fc.dictionary(
    fc.string({ unit: "binary" }).filter((name) => name !== "__proto__"),
    fc.string({ unit: "binary" }),
  );
  fc.assert(
    fc.property(incidents, (incident) => {
      const line = jsonLine(incident);
      expect(JSON.parse(line)).toEqual({ ...incident });
      expect(line.slice(0, -1).match(INVISIBLE)).toBeNull();
      expect(line.endsWith("}\n")).toBe(true);
    }),
    { numRuns: 500 },
  );
});
