import fc from "fast-check";
import { expect, test } from "vitest";
import type { Literal } from "../../../src/core/scan/literal.ts";
import { GIVEN_UP, literalScan } from "../../../src/core/scan/literal-scan.ts";
import { bytes } from "../../samples.ts";

const CHARACTERS = Array.from("abcdefPIMuU0 159-_(){}:,");
const text = fc
  .array(fc.constantFrom(...CHARACTERS), { minLength: 7, maxLength: 40 })
  .map((characters) => characters.join(""));
const literal: fc.Arbitrary<Literal> = fc.record({ text, ignoreCase: fc.boolean() });

/** How each character is written: as itself, in the other case, or as one of its escapes. */
function written({ text: wanted, ignoreCase }: Literal, styles: readonly number[]): string {
  return Array.from(wanted, (character, index) => {
    const style = styles[index % styles.length] ?? 0;
    const cased = ignoreCase && style % 2 === 1 ? otherCase(character) : character;
    if (style < 8) return cased;
    const hex = cased.charCodeAt(0).toString(16).padStart(4, "0");
    return `\\u${style % 3 === 0 ? hex.toUpperCase() : hex}`;
  }).join("");
}

function otherCase(character: string): string {
  const upper = character.toUpperCase();
  return upper === character ? character.toLowerCase() : upper;
}

const styles = fc.oneof(
  fc.array(fc.nat({ max: 7 }), { minLength: 1, maxLength: 40 }),
  fc.array(fc.nat({ max: 11 }), { minLength: 1, maxLength: 40 }),
);

test("any literal is found, however it is written and wherever it lies", () => {
  const filler = fc.string({ maxLength: 90 });
  const literals = fc.array(literal, { minLength: 1, maxLength: 12 });
  const surroundings = fc.record({ before: filler, behind: filler, shift: fc.nat({ max: 7 }) });
  fc.assert(
    fc.property(literals, fc.nat(), styles, surroundings, (all, which, how, { before, behind, shift }) => {
      const wanted = all[which % all.length];
      if (wanted === undefined) return;
      const start = bytes(`${before}"`);
      const place = bytes(written(wanted, how));
      const whole = Buffer.concat([Buffer.alloc(shift), start, place, bytes(`"${behind}`)]).subarray(shift);
      const found = literalScan(all).find(whole, 0);
      expect(found === GIVEN_UP || (found >= 0 && found < start.length + place.length)).toBe(true);
      const again = literalScan([wanted]).find(whole, start.length);
      expect(again === GIVEN_UP || again >= 0).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  {
    why: "case counts where it does",
    literal: { text: "Add member", ignoreCase: false },
    body: "xx add member yy add MEMBER",
  },
  {
    why: "a part of it is not enough",
    literal: { text: "Add member", ignoreCase: true },
    body: "add membe add membe r dd member",
  },
  {
    why: "an escape of another character",
    literal: { text: "Add member", ignoreCase: true },
    body: "\\u0042dd member",
  },
  {
    why: "letters beyond ASCII are others",
    literal: { text: "Link keys", ignoreCase: true },
    body: "LİNK KEYS lin\u212A keys",
  },
])("$why: nothing is found", ({ literal: wanted, body }) => {
  expect(literalScan([wanted]).find(bytes(body.padEnd(120)), 0)).toBe(-1);
});

test("where all is escaped it gives up soon", () => {
  const wanted = { text: "Update role setting in PIM", ignoreCase: true };
  const body = bytes("\\u0061\\u0062".repeat(5_000));
  expect(literalScan([wanted]).find(body, 0)).toBe(GIVEN_UP);
});

test("a literal that is too short for the scan is refused", () => {
  expect(() => literalScan([{ text: "PIM", ignoreCase: true }])).toThrow("at least 7 characters");
});
