import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Literal } from "../../../src/core/scan/literal.ts";
import { literalScan } from "../../../src/core/scan/literal-scan.ts";
import { bytes } from "../../samples.ts";
import { shippedLiterals } from "./shipped-literals.ts";

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

/** The texts in which a literal lies within its event: whole bodies, and nothing at all. */
const AROUND = [
  { form: "a single record", before: '{"a":"', behind: '"}' },
  { form: "an array", before: '\uFEFF[{"a":"', behind: '"}]' },
  { form: "an event with records", before: '{"records":[{"a":"', behind: '"}]}' },
  { form: "pretty-printed", before: '{\n  "records": [\n    {\n      "a": "', behind: '"\n    }\n  ]\n}\n' },
  { form: "the literal alone", before: "", behind: "" },
];
const FURTHEST = 40;
/** The scan compares every escape of a literal up to this many characters, with the figures of VAIN_COMPARISONS. */
const LONG_IN_ESCAPES = 40;

describe.each(AROUND)("a literal at any distance from both ends of $form is found at any alignment", (around) => {
  const literals = shippedLiterals();
  const scans = [literalScan(literals), ...literals.map((each) => literalScan([each]))];

  test.each([
    { how: "as it is", isEscaped: () => false },
    { how: "escaped", isEscaped: () => true },
    { how: "with its first half escaped", isEscaped: (at: number, length: number) => at < length / 2 },
    { how: "with its second half escaped", isEscaped: (at: number, length: number) => at >= length / 2 },
  ])("$how", ({ isEscaped }) => {
    const missed: object[] = [];
    let searched = 0;
    for (const [which, { text: wanted }] of literals.entries()) {
      const place = escaped(wanted, (at) => isEscaped(at, wanted.length));
      for (const { before, behind } of distances()) {
        const body = Buffer.from(`${around.before}${"f".repeat(before)}${place}${"f".repeat(behind)}${around.behind}`);
        const from = Buffer.byteLength(around.before) + before;
        for (const { shift, tail } of ALIGNMENTS) {
          // The neighbours are those which a part of the literal would have.
          const part = within(body, wanted.slice(0, shift), wanted.slice(-tail || wanted.length));
          for (const scan of [scans[0], scans[which + 1]]) {
            searched += 1;
            const hits = scan?.search(part);
            // Where so many escapes stand together that comparing each is slower, the event is read in full.
            const isReadInFull = scan !== undefined && hits === undefined;
            if (isReadInFull && wanted.length > LONG_IN_ESCAPES) continue;
            if (hits?.some((hit) => hit >= from && hit < from + place.length) !== true)
              missed.push({ wanted, before, behind, shift, tail, stride: scan?.stride });
          }
        }
      }
    }
    expect(searched).toBe(literals.length * distances().length * ALIGNMENTS.length * 2);
    expect({ missed: missed.length, first: missed.slice(0, 3) }).toEqual({ missed: 0, first: [] });
  });
});

/** Where a body begins in its buffer, and how many bytes of the buffer follow it. */
const ALIGNMENTS = [0, 1, 2, 3].flatMap((shift) => [0, 1, 2, 3].map((tail) => ({ shift, tail })));

/** Any from one end, and none from the other. */
function distances() {
  return Array.from({ length: FURTHEST }, (_, far) => far).flatMap((far) => [
    { before: far, behind: 0 },
    { before: 0, behind: far },
  ]);
}

function within(body: Uint8Array, before: string, behind: string): Uint8Array {
  const all = new Uint8Array(before.length + body.length + behind.length);
  all.set(bytes(before));
  all.set(body, before.length);
  all.set(bytes(behind), before.length + body.length);
  return all.subarray(before.length, before.length + body.length);
}

function escaped(wanted: string, isEscaped: (at: number) => boolean): string {
  return Array.from(wanted, (character, at) =>
    isEscaped(at) ? `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}` : character,
  ).join("");
}

test.each(["u0055555", "u0055pdate role setting in PIM"])(
  "%s behind an escaped backslash is text and no escape, also where an escape follows",
  (wanted) => {
    const scan = literalScan([{ text: wanted, ignoreCase: true }]);
    const bodies = Array.from({ length: 32 }, (_, before) => before).flatMap((before) =>
      Array.from(wanted, (_, which) => escaped(wanted, (at) => at === which)).map(
        (place) => String.raw`{"a":"${"f".repeat(before)}\\${place}"}`,
      ),
    );
    expect(bodies.filter((body) => scan.search(within(bytes(body), "", ""))?.length === 0)).toEqual([]);
  },
);

test("a buffer that grows or shrinks is read as it is", () => {
  const scan = literalScan([{ text: "Add member", ignoreCase: true }]);
  const buffer = new ArrayBuffer(16, { maxByteLength: 4_096 });
  const search = (body: string) => {
    buffer.resize(Buffer.byteLength(body));
    const all = new Uint8Array(buffer);
    all.set(bytes(body));
    return scan.search(all);
  };
  const body = `${"x".repeat(900)}add member`;
  expect(search("x".repeat(16))).toEqual([]);
  expect(search(body)).toHaveLength(1);
  expect(search("add member")).toHaveLength(1);
  expect(search(body)).toHaveLength(1);
});

test.each([0, 1, 2, 3, 6])("in a body of %i bytes nothing is found, whatever lies around it", (length) => {
  const scan = literalScan([{ text: "Add member", ignoreCase: true }]);
  for (const { shift, tail } of ALIGNMENTS) {
    const whole = within(bytes("add member"), " ".repeat(shift), " ".repeat(tail));
    const buffer = whole.buffer;
    for (let offset = 0; offset + length <= buffer.byteLength; offset += 1)
      expect(scan.search(new Uint8Array(buffer, offset, length))).toEqual([]);
    expect(scan.search(whole)).toHaveLength(1); // the control
  }
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

test("in a large body, literals are found in each of its parts", () => {
  const wanted: Literal = { text: "Update role setting in PIM", ignoreCase: true };
  const scan = literalScan([wanted]);
  const filler = '{"operationName":"Review usage"},'.repeat(10_000);
  for (let at = 0; at < filler.length; at += 4_099) {
    const hits = scan.search(bytes(filler.slice(0, at) + wanted.text + filler.slice(at)));
    expect({ at, found: hits?.map((hit) => hit >= at && hit < at + wanted.text.length) }).toEqual({
      at,
      found: [true],
    });
  }
});

describe("a short literal whose key is known", () => {
  const KEY = '"operationName"';
  const keyed = (short: string, ignoreCase = true): Literal => ({ text: short, ignoreCase, key: KEY });
  const LONG: Literal = { text: "Update role setting in PIM", ignoreCase: true };
  const scan = literalScan([keyed("Add user"), keyed("Del", false), LONG]);
  const recordOf = (value: string, between = ":"): Uint8Array =>
    bytes(`{"time":"2026-03-04T09:14:00Z","operationName"${between}${value},"properties":{"result":"success"}}`);

  test("does not narrow the grid of the others below what the key allows", () => {
    expect(scan.stride).toBe(12);
    expect(literalScan([{ text: "Add user", ignoreCase: true }, LONG]).stride).toBe(4); // the control
  });

  test.each([
    ['"Add user"', ":"],
    ['"ADD USER"', " :\n\t"],
    ['"Bulk add users"', ": "],
    ['"Delete group"', ":"],
    [String.raw`"\u0041dd user"`, ":"],
    ["null", ":"],
    ["12", ":"],
    ['{"name":"Add user"}', ":"],
    [`"${"x".repeat(300)}"`, ":"],
  ])("may stand in the value %s", (value, between) => {
    for (let shift = 0; shift < 12; shift += 1) {
      const body = Buffer.concat([Buffer.alloc(shift, " "), recordOf(value, between)]);
      expect({ shift, hits: scan.search(body)?.length }).toEqual({ shift, hits: 1 });
    }
  });

  test.each([['"Add group"'], ['"delete user"'], ['"Ad"'], ['""'], ['"d user Add use"']])("does not in %s", (value) => {
    expect(scan.search(recordOf(value))).toEqual([]);
  });

  test("in another field it is nothing, and in JSON text its key counts as holding it", () => {
    const other = '{"operationName":"Add group","identity":"Add user","properties":{}}';
    expect(scan.search(bytes(other))).toEqual([]);
    const activity = literalScan([{ text: "Add user", ignoreCase: false, key: "activityDisplayName" }]);
    const nested = (name: string) =>
      bytes(JSON.stringify({ properties: JSON.stringify({ activityDisplayName: name }) }));
    expect(activity.search(nested("Add user"))).toHaveLength(1);
    expect(activity.search(nested("Add group"))).toHaveLength(1);
    expect(activity.search(bytes('{"properties":{"activityDisplayName":"Add group"}}'))).toEqual([]);
  });

  test("the other texts of its key are found by the key, too", () => {
    const both = literalScan([keyed("Add user"), keyed("Update role setting in PIM")]);
    expect(both.stride).toBe(12);
    expect(both.search(recordOf('"Update role setting in PIM"'))).toHaveLength(1);
    expect(both.search(recordOf('"Update role settings"'))).toEqual([]);
  });

  test("bodies full of its key are searched to their end", () => {
    const body = bytes(`[${'{"operationName":"Add group"},'.repeat(500)}{"operationName":"Add user"}]`);
    expect(scan.search(body)).toHaveLength(1);
  });
});
