import { commonWords } from "./rarest-run.ts";
import { eachWord, type Needle, type Place, WORD, wordOf } from "./written-literal.ts";

/** Words of literals, by their four bytes folded: first their marks, since most of a body's words have none. */
export interface WordTable {
  /** How many words lie between two looks. */
  readonly step: number;
  /**
   * By slot the bytes that may follow its words, a bit for each residue by eight. The words of escaped forms are marked
   * too, but have no entries: they are decoded first.
   */
  readonly marks: Uint8Array;
  /** A word's slot is the upper bits of its product with this number. */
  readonly multiplier: number;
  readonly shift: number;
  /** Where four characters, as themselves, stand in literals: see `firstEntry`. */
  readonly entries: EntryTable;
  /** By entry: the next place of the same four characters, or -1. */
  readonly next: Int32Array;
  readonly places: readonly Place[];
  /** By entry: the words before and behind, folded, and which of their bytes belong to the literal. */
  readonly before: Int32Array;
  readonly beforeMask: Int32Array;
  readonly behind: Int32Array;
  readonly behindMask: Int32Array;
}

/** A stretch of a literal: its words from the one at the index `from` on. */
export interface Run {
  readonly needle: Needle;
  readonly from: number;
}

/** An odd number without a pattern, 2^32 divided by the golden ratio; its odd multiples are as good. */
const MULTIPLIER = 0x9e3779b1 | 0;
/** So many of them are tried. */
const MULTIPLIERS = 4;

const FOLD = 0x20;
/** Of so many slots one is marked. */
const SLOTS_PER_WORD = 64;

/** The runs have as many words, one at each character, as `step` words have bytes. */
export function wordTable(runs: readonly Run[], step: number): WordTable {
  const length = step * WORD;
  const written = new Map<number, number>();
  for (const { needle, from } of runs)
    eachWord(needle, { from, length }, (word, following) =>
      written.set(word, (written.get(word) ?? 0) | (following === undefined ? 0xff : 1 << (following & 7))),
    );
  const bits = Math.max(15, Math.ceil(Math.log2(written.size * SLOTS_PER_WORD)));
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
  const column = () => new Int32Array(places.length);
  const [next, before, beforeMask, behind, behindMask] = [column(), column(), column(), column(), column()];
  const first = new Map<number, number>();
  for (const [entry, { needle, index }] of places.entries()) {
    const { codes } = needle;
    const folded = (from: number) => wordOf((at) => (codes[from + at] ?? 0) | FOLD);
    const mask = (from: number) => wordOf((at) => (codes[from + at] === undefined ? 0 : 0xff));
    const word = folded(index);
    next[entry] = first.get(word) ?? -1;
    first.set(word, entry);
    before[entry] = folded(index - WORD);
    beforeMask[entry] = mask(index - WORD);
    behind[entry] = folded(index + WORD);
    behindMask[entry] = mask(index + WORD);
  }
  return {
    step,
    marks,
    multiplier,
    shift,
    entries: entryTable(first),
    places,
    next,
    before,
    beforeMask,
    behind,
    behindMask,
  };
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

function marksOf(words: ReadonlyMap<number, number>, multiplier: number, shift: number): Uint8Array {
  const marks = new Uint8Array(2 ** (32 - shift));
  for (const [word, following] of words) {
    const slot = Math.imul(word, multiplier) >>> shift;
    marks[slot] = (marks[slot] ?? 0) | following;
  }
  return marks;
}

/** How many of some words share a slot with another that is marked: each costs a look for nothing. */
function falselyMarked(
  words: readonly number[],
  table: Pick<WordTable, "marks" | "multiplier">,
  shift: number,
): number {
  return words.filter((word) => table.marks[Math.imul(word, table.multiplier) >>> shift] !== 0).length;
}
