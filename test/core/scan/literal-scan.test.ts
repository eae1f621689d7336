import fc from "fast-check";
import { expect, test } from "vitest";
import type { Literal } from "../../../src/core/scan/literal.ts";
import { literalScan } from "../../../src/core/scan/literal-scan.ts";
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

test("every literal is found, however it is written and wherever it lies", () => {
  const filler = fc
    .tuple(fc.string({ maxLength: 90 }), fc.nat({ max: 9 }))
    .map(([filling, times]) => filling.repeat(times));
  const literals = fc.array(literal, { minLength: 1, maxLength: 12 });
  const pieces = fc.array(fc.record({ before: filler, which: fc.nat(), how: styles }), { minLength: 1, maxLength: 5 });
  let foundAll = 0;
  fc.assert(
    fc.property(literals, pieces, filler, fc.nat({ max: 7 }), (all, each, behind, shift) => {
      const parts = [Buffer.alloc(shift)];
      const places: { readonly from: number; readonly end: number }[] = [];
      let length = 0;
      for (const { before, which, how } of each) {
        const wanted = all[which % all.length];
        if (wanted === undefined) return;
        const [filling, place] = [bytes(`${before}"`), bytes(written(wanted, how))];
        places.push({ from: length + filling.length, end: length + filling.length + place.length });
        parts.push(Buffer.from(filling), Buffer.from(place), Buffer.from('"'));
        length += filling.length + place.length + 1;
      }
      const hits = literalScan(all).search(Buffer.concat([...parts, bytes(behind)]).subarray(shift));
      if (hits === undefined) return; // too many escapes: all is read
      foundAll += 1;
      expect(places.filter(({ from, end }) => !hits.some((hit) => hit >= from && hit < end))).toEqual([]);
      expect(hits).toEqual(hits.toSorted((x, y) => x - y));
    }),
    { numRuns: 2_000 },
  );
  expect(foundAll).toBeGreaterThan(1_000);
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
  expect(literalScan([wanted]).search(bytes(body.padEnd(120)))).toEqual([]);
});

test.each([
  { what: "all is escaped", body: "\\u0061\\u0062".repeat(5_000) },
  { what: "literals begin everywhere and none is whole", body: "Update role setting in PI ".repeat(5_000) },
])("where $what it gives up soon", ({ body }) => {
  const wanted = { text: "Update role setting in PIM", ignoreCase: true };
  expect(literalScan([wanted]).search(bytes(body))).toBeUndefined();
});

test("a literal that is too short for the scan is refused", () => {
  expect(() => literalScan([{ text: "PIM", ignoreCase: true }])).toThrow("at least 7 characters");
});
