import { MULTIPLIER } from "./literal-scan.ts";
import { eachWord, type Needle, type Place, WORD } from "./written-literal.ts";

/** Words of literals, by their four bytes folded: first their marks, since most of a body's words have none. */
export interface WordTable {
  /** A bit for each slot. Those of words of escaped forms are marked too, but have no entries: they are decoded first. */
  readonly marks: Int32Array;
  /** A word's slot is the upper bits of its product with MULTIPLIER. */
  readonly shift: number;
  /** The number of the first place where four characters, as themselves, stand in a literal; -1 where there is none. */
  firstEntry(word: number): number;
  /** By entry: the next place of the same four characters, or -1. */
  readonly next: readonly number[];
  readonly places: readonly Place[];
  /** By entry: the words before and behind, folded, and which of their bytes belong to the literal. */
  readonly before: readonly number[];
  readonly beforeMask: readonly number[];
  readonly behind: readonly number[];
  readonly behindMask: readonly number[];
}

/** A stretch of a literal: its words from the one at the index `from` on. */
export interface Run {
  readonly needle: Needle;
  readonly from: number;
}

const FOLD = 0x20;
/** Of so many slots one is marked. */
const SLOTS_PER_WORD = 64;

/** @param length how many words each run has, one at each character */
export function wordTable(runs: readonly Run[], length: number): WordTable {
  const toWord = wordOf();
  const written = new Set<number>();
  for (const { needle, from } of runs)
    eachWord(needle, { from, length }, (bytes) => written.add(toWord(bytes.map((byte) => byte | FOLD))));
  const bits = Math.max(14, Math.ceil(Math.log2(written.size * SLOTS_PER_WORD)));
  const shift = 32 - bits;
  const marks = new Int32Array(2 ** bits / 32);
  for (const word of written) {
    const slot = Math.imul(word, MULTIPLIER) >>> shift;
    marks[slot >>> 5] = (marks[slot >>> 5] ?? 0) | (1 << slot);
  }

  const places = runs.flatMap(({ needle, from }) => Array.from({ length }, (_, at) => ({ needle, index: from + at })));
  const neighbours = { before: [], beforeMask: [], behind: [], behindMask: [], next: [] } as {
    readonly [name in "before" | "beforeMask" | "behind" | "behindMask" | "next"]: number[];
  };
  const first = new Map<number, number>();
  for (const [entry, { needle, index }] of places.entries()) {
    const { codes } = needle;
    const four = (from: number, take: (code: number | undefined) => number) =>
      toWord(Array.from({ length: WORD }, (_, at) => take(codes[from + at])));
    const value = (code: number | undefined) => (code ?? 0) | FOLD;
    const mask = (code: number | undefined) => (code === undefined ? 0 : 0xff);
    const word = four(index, value);
    neighbours.next.push(first.get(word) ?? -1);
    first.set(word, entry);
    neighbours.before.push(four(index - WORD, value));
    neighbours.beforeMask.push(four(index - WORD, mask));
    neighbours.behind.push(four(index + WORD, value));
    neighbours.behindMask.push(four(index + WORD, mask));
  }
  return { marks, shift, firstEntry: (word) => first.get(word) ?? -1, places, ...neighbours };
}

/** Four bytes as a word in the machine's own byte order, as the body's words are. */
function wordOf(): (bytes: readonly number[]) => number {
  const bytes = new Uint8Array(WORD);
  const word = new Int32Array(bytes.buffer);
  return (four) => {
    bytes.set(four);
    return word[0] ?? 0;
  };
}
