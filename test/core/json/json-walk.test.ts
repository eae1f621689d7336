import fc from "fast-check";
import { expect, test } from "vitest";
import { closingBracket, enterChunk, jsonWalk, nextEdge, OUTSIDE } from "../../../src/core/json/json-walk.ts";
import { bytes } from "../../samples.ts";

/** Brackets and quotes at every distance from each other, in text that is hardly ever JSON. */
const text = fc
  .array(
    fc.oneof(fc.constantFrom("[", "]", "{", "}", ",", ":", '"', "\\", '\\"', "\\\\", '""', " ", "é"), {
      arbitrary: fc.constantFrom(
        '{"a":1},',
        '{"name":"a value","b":["c","d"]},',
        "any text,",
        '"longer text, {in quotes}"',
      ),
      weight: 3,
    }),
    { maxLength: 40 },
  )
  .map((pieces) => `[${pieces.join("")}`);

/** By the letter of the rules, byte by byte: all edges up to the end of the array. */
function edgesOf(json: Uint8Array): number[] {
  const edges: number[] = [];
  let depth = 0;
  let inString = false;
  for (let at = 0; at < json.length; at += 1) {
    const char = String.fromCharCode(json[at] ?? 0);
    if (char === "\\") {
      if (json[at + 1] === 0x5c || json[at + 1] === 0x22) at += 1;
    } else if (char === '"') inString = !inString;
    else if (inString) continue;
    else if ("[{".includes(char)) depth += 1;
    else if ("]}".includes(char)) {
      depth -= 1;
      if (depth <= 1) edges.push(at);
      if (depth === 0) break;
    } else if (char === "," && depth === 1) edges.push(at);
  }
  return edges;
}

/** All edges of an array whose bytes come in chunks of a size, each somewhere in memory of its own. */
function walkedEdges(json: Uint8Array, size: number, shift: number): number[] {
  const edges: number[] = [];
  const walk = jsonWalk(new Uint8Array(), OUTSIDE);
  for (let start = 0; start < json.length; start += size) {
    const part = json.subarray(start, start + size);
    const chunk = new Uint8Array(shift + part.length + 8).fill(0x22).subarray(shift, shift + part.length);
    chunk.set(part);
    enterChunk(walk, chunk);
    for (let at = nextEdge(walk, 0); at < chunk.length; at = nextEdge(walk, at + 1)) {
      edges.push(start + at);
      if (walk.state === OUTSIDE) return edges;
    }
  }
  return edges;
}

test("edges are those of the rules, wherever the bytes lie and however they come", () => {
  let found = 0;
  fc.assert(
    fc.property(
      text,
      fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(10_000)),
      fc.nat({ max: 7 }),
      (array, size, shift) => {
        const json = bytes(array);
        const expected = edgesOf(json);
        expect(walkedEdges(json, size, shift)).toEqual(expected);
        found += expected.length;
      },
    ),
    { numRuns: 3_000 },
  );
  expect(found).toBeGreaterThan(5_000);
});

test("a bracket is closed where the depth falls to that before it, and nowhere in text that is cut off", () => {
  const whole = '{"a":[{"b":"}]\\"}"},{}],"c":"\\\\"}';
  expect(closingBracket(bytes(`[${whole},1]`), 1)).toBe(whole.length);
  for (let length = 1; length < whole.length; length += 1)
    expect(closingBracket(bytes(whole.slice(0, length)), 0)).toBe(length);
});
