import { commonWords } from "./rarest-run.ts";
import { eachWord, type Needle, type Place, WORD, wordOf } from "./written-literal.ts";

/** Words of literals, by their four bytes folded: first their marks, since most of a body's words have none. */
export interface WordTable {
  /** A bit for each slot. Those of words of escaped forms are marked too, but have no entries: they are decoded first. */
  readonly marks: Int32Array;
  /** A word's slot is the upper bits of its product with this number. */
  readonly multiplier: number;
  readonly shift: number;
  /** Where four characters, as themselves, stand in literals: see `firstEntry`. */
  readonly entries: EntryTable;
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

/** An odd number without a pattern, 2^32 divided by the golden ratio; its odd multiples are as good. */
const MULTIPLIER = 0x9e3779b1 | 0;
/** So many of them are tried. */
const MULTIPLIERS = 8;

const FOLD = 0x20;
/** Of so many slots one is marked. */
const SLOTS_PER_WORD = 64;

/** @param length how many words each run has, one at each character */
export function wordTable(runs: readonly Run[], length: number): WordTable {
  const written = new Set<number>();
  for (const { needle, from } of runs) eachWord(needle, { from, length }, (word) => written.add(word));
  const bits = Math.max(14, Math.ceil(Math.log2(written.size * SLOTS_PER_WORD)));
  const shift = 32 - bits;
  const common = commonWords()
    .map((text) => wordOf((index) => text.charCodeAt(index) | FOLD))
    .filter((word) => !written.has(word));
  const { multiplier, marks } = Array.from({ length: MULTIPLIERS }, (_, index) => {
    const candidate = Math.imul(MULTIPLIER, 2 * index + 1);
    const found = marksOf(written, candidate, shift);
    return {
      multiplier: candidate,
      marks: found,
      cost: falselyMarked(common, { marks: found, multiplier: candidate }, shift),
    };
  }).reduce((best, each) => (each.cost < best.cost ? each : best));

  const places = runs.flatMap(({ needle, from }) => Array.from({ length }, (_, at) => ({ needle, index: from + at })));
  const neighbours = { before: [], beforeMask: [], behind: [], behindMask: [], next: [] } as {
    readonly [name in "before" | "beforeMask" | "behind" | "behindMask" | "next"]: number[];
  };
  const first = new Map<number, number>();
  for (const [entry, { needle, index }] of places.entries()) {
    const { codes } = needle;
    const folded = (from: number) => wordOf((at) => (codes[from + at] ?? 0) | FOLD);
    const mask = (from: number) => wordOf((at) => (codes[from + at] === undefined ? 0 : 0xff));
    const word = folded(index);
    neighbours.next.push(first.get(word) ?? -1);
    first.set(word, entry);
    neighbours.before.push(folded(index - WORD));
    neighbours.beforeMask.push(mask(index - WORD));
    neighbours.behind.push(folded(index + WORD));
    neighbours.behindMask.push(mask(index + WORD));
  }
  return { marks, multiplier, shift, entries: entryTable(first), places, ...neighbours };
}

/** A map as a table of numbers, which is looked into several times as fast. */
interface EntryTable {
  readonly shift: number;
  readonly keys: Int32Array;
  readonly entries: Int32Array;
}

function entryTable(first: ReadonlyMap<number, number>): EntryTable {
  const bits = Math.ceil(Math.log2(first.size * 4));
  const shift = 32 - bits;
  const keys = new Int32Array(2 ** bits);
  const entries = new Int32Array(2 ** bits).fill(-1);
  for (const [word, entry] of first) {
    let slot = Math.imul(word, MULTIPLIER) >>> shift;
    while (entries[slot] !== -1) slot = (slot + 1) % entries.length;
    keys[slot] = word;
    entries[slot] = entry;
  }
  return { shift, keys, entries };
}

/** The number of the first place where four characters stand in a literal; -1 where there is none. */
export function firstEntry({ entries: { shift, keys, entries } }: WordTable, word: number): number {
  let slot = Math.imul(word, MULTIPLIER) >>> shift;
  for (;;) {
    const entry = entries[slot] ?? -1;
    if (entry === -1 || keys[slot] === word) return entry;
    slot = (slot + 1) & (entries.length - 1);
  }
}

function marksOf(words: ReadonlySet<number>, multiplier: number, shift: number): Int32Array {
  const marks = new Int32Array(2 ** (32 - shift) / 32);
  for (const word of words) {
    const slot = Math.imul(word, multiplier) >>> shift;
    marks[slot >>> 5] = (marks[slot >>> 5] ?? 0) | (1 << slot);
  }
  return marks;
}

/** How many of some words share a slot with another that is marked: each costs a look for nothing. */
function falselyMarked(
  words: readonly number[],
  table: Pick<WordTable, "marks" | "multiplier">,
  shift: number,
): number {
  return words.filter((word) => {
    const slot = Math.imul(word, table.multiplier) >>> shift;
    return (((table.marks[slot >>> 5] ?? 0) >>> slot) & 1) === 1;
  }).length;
}
