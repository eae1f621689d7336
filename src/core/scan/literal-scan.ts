import { valueTest } from "./keyed-value.ts";
import { type Literal, MINIMUM_LITERAL_LENGTH } from "./literal.ts";
import { rarestRun } from "./rarest-run.ts";
import { firstEntry, type WordTable, wordTable } from "./word-table.ts";
import {
  decodedWord,
  endOfForm,
  type Needle,
  needleOf,
  type Place,
  startOfCharacter,
  WORD,
} from "./written-literal.ts";

/** Finds literals in bytes. */
export interface LiteralScan {
  /** How many bytes lie between two looks. */
  readonly stride: number;
  /**
   * A place within each written literal, or within its key, in order. Undefined where the bytes hold so many escapes, or
   * parts of literals, that reading all of them is quicker than comparing each.
   */
  search(body: Uint8Array): readonly number[] | undefined;
}

/** So many comparisons may come to nothing, and one more for each of so many bytes that were searched. */
const VAIN_COMPARISONS = 16;
const BYTES_PER_COMPARISON = 512;

/** Further apart, the memory is read no faster. */
const LONGEST_STRIDE = 32;
/** Folds the letters of four bytes at once. */
const FOLD_WORD = 0x20202020;

/**
 * A scan for literals in all the ways in which JSON can write them, in one pass.
 *
 * A text of n bytes, wherever it lies, holds a whole aligned word of each grid whose step is n - 3 or less. So only
 * every such word is read and looked up among the words of all literals; what is found there is compared in full. The
 * words of escaped forms are among them: such a form is longer than the literal, so the grid meets it as well.
 *
 * The quarters of a body are read side by side: the processor waits for the memory of all four at once.
 *
 * A short literal would make the grid narrow for all. Where its key is known, and longer, the key is searched for instead,
 * and its value looked at (`keyed-value.ts`).
 *
 * It finds every literal of valid JSON, also in JSON text that is a string in it. It may also find text that only looks
 * like one, such as `\\u0050` for P.
 */
export function literalScan(literals: readonly Literal[]): LiteralScan {
  const needles = needlesOf(literals);
  const shortest = Math.min(...needles.map(({ codes }) => codes.length));
  if (literals.length === 0 || shortest < MINIMUM_LITERAL_LENGTH)
    throw new RangeError(`literals of at least ${MINIMUM_LITERAL_LENGTH} characters are needed`);
  const step = Math.min(LONGEST_STRIDE, shortest - (WORD - 1)) >> 2;
  // Of a long literal only as many words in a row as the grid cannot miss: those that other texts hold least often.
  const runs = needles.map((needle) => ({ needle, from: rarestRun(needle, step * WORD) }));
  const words = wordTable(runs, step);
  const viewOf = wordView();
  return {
    stride: step * WORD,
    search: (body) => search(body, viewOf(body), words),
  };
}

/** A key that has to be searched for, since one of the texts in its value is short, stands for all texts in its value. */
function needlesOf(literals: readonly Literal[]): readonly Needle[] {
  const keys = new Set(literals.flatMap(({ text, key = "" }) => (key.length > text.length ? key : [])));
  return [
    ...literals.filter(({ key = "" }) => !keys.has(key)).map(needleOf),
    ...Array.from(keys, (key) => ({
      ...needleOf({ text: key, ignoreCase: false }),
      mayBeFollowed: valueTest(literals.filter((literal) => literal.key === key)),
    })),
  ];
}

const NONE: readonly number[] = [];
/**
 * The scan notes which of this many looks met a mark, and then compares at those places. Comparing at once would make the
 * processor wait for the memory of one place at a time. This way it reads on, and the noted places are in its nearest cache.
 */
const CHUNK = 512;
/** Where the looks of a chunk met a mark. */
const marked = new Int32Array(CHUNK + 1);

/** @param view the whole words of the buffer in which the body lies */
function search(body: Uint8Array, view: Int32Array, words: WordTable): readonly number[] | undefined {
  const { step, marks, multiplier, shift } = words;
  const offset = body.byteOffset;
  const start = (offset + WORD - 1) >> 2;
  const end = (offset + body.length) >> 2;
  const quarter = Math.floor((end - start) / (4 * step)) * step;
  const [half, threeQuarters] = [2 * quarter, 3 * quarter];
  const last = start + quarter;
  let found: number[] | undefined;
  let vain = 0;
  for (let from = start; from < last; from += CHUNK * step) {
    const to = Math.min(last, from + CHUNK * step);
    let count = 0;
    for (let at = from; at < to; at += step) {
      const first = Math.imul((view[at] ?? 0) | FOLD_WORD, multiplier) >>> shift;
      const second = Math.imul((view[at + quarter] ?? 0) | FOLD_WORD, multiplier) >>> shift;
      const third = Math.imul((view[at + half] ?? 0) | FOLD_WORD, multiplier) >>> shift;
      const fourth = Math.imul((view[at + threeQuarters] ?? 0) | FOLD_WORD, multiplier) >>> shift;
      marked[count] = at;
      // One more if any mark is there, without a branch that the processor would have to guess.
      count += (((marks[first] ?? 0) | (marks[second] ?? 0) | (marks[third] ?? 0) | (marks[fourth] ?? 0)) + 0xff) >>> 8;
    }
    for (let index = 0; index < count; index += 1) {
      const at = marked[index] ?? 0;
      // Nearly all words of which literals hold one are followed by another byte than there.
      const isFollowed = (look: number): number => {
        const slot = Math.imul((view[look] ?? 0) | FOLD_WORD, multiplier) >>> shift;
        return ((marks[slot] ?? 0) >>> ((body[(look + 1) * WORD - offset] ?? 0) & 7)) & 1;
      };
      let lanes =
        isFollowed(at) |
        (isFollowed(at + quarter) << 1) |
        (isFollowed(at + half) << 2) |
        (isFollowed(at + threeQuarters) << 3);
      for (; lanes !== 0; lanes &= lanes - 1) {
        const look = at + (31 - Math.clz32(lanes & -lanes)) * quarter;
        const seen = lookAt(body, view, look, words);
        if (seen === LITERAL) (found ??= []).push(look * WORD - offset);
        if (seen !== LOOKALIKE) continue;
        vain += 1;
        if (vain > VAIN_COMPARISONS + (4 * (at - start) * WORD) / BYTES_PER_COMPARISON) return undefined;
      }
    }
  }
  for (let at = start + 4 * quarter; at < end; at += step) {
    const slot = Math.imul((view[at] ?? 0) | FOLD_WORD, multiplier) >>> shift;
    if (marks[slot] !== 0 && lookAt(body, view, at, words) === LITERAL) (found ??= []).push(at * WORD - offset);
  }
  return found?.sort((a, b) => a - b) ?? NONE;
}

/** What a word of a literal turns out to be part of: nothing, the literal, or what was compared with it in vain. */
const NOTHING = 0;
const LITERAL = 1;
const LOOKALIKE = 2;

function lookAt(body: Uint8Array, view: Int32Array, look: number, words: WordTable): number {
  const at = look * WORD - body.byteOffset;
  const plainly = lookForPlain(body, view, look, words);
  if (plainly === LITERAL) return LITERAL;
  const isInEscape = holdsBackslash(view[look] ?? 0) || holdsBackslashBefore(view, look);
  if (!isInEscape) return plainly;
  const start = startOfCharacter(body, at);
  const seen = lookForEscaped(body, start, words);
  // Behind an escaped backslash, what looks like an escape may be text; then the word begins with a character of its own.
  const isText = seen !== LITERAL && start < at && body[start + 1] === BACKSLASH;
  if (isText && lookForEscaped(body, at, words) === LITERAL) return LITERAL;
  return seen === NOTHING ? plainly : seen;
}

/** What the four characters from a place on are part of, each as itself or escaped. */
function lookForEscaped(body: Uint8Array, start: number, words: WordTable): number {
  const decoded = decodedWord(body, start);
  if (decoded === undefined) return NOTHING;
  for (let entry = firstEntry(words, decoded); entry >= 0; entry = words.next[entry] ?? -1) {
    if (seenAt(body, start, words.places[entry]) === LITERAL) return LITERAL;
  }
  return LOOKALIKE;
}

/** What the word is part of where its four bytes are four characters. Compares the neighbours first. */
function lookForPlain(body: Uint8Array, view: Int32Array, look: number, words: WordTable): number {
  let entry = firstEntry(words, (view[look] ?? 0) | FOLD_WORD);
  if (entry < 0) return NOTHING;
  const before = (view[look - 1] ?? 0) | FOLD_WORD;
  const behind = (view[look + 1] ?? 0) | FOLD_WORD;
  // The view leaves out the last one to three bytes of a buffer: there the bytes themselves are compared.
  let mustCompare: boolean | undefined = look + 1 < view.length ? undefined : true;
  let seen = NOTHING;
  for (; entry >= 0; entry = words.next[entry] ?? -1) {
    const isBetween =
      ((before ^ (words.before[entry] ?? 0)) & (words.beforeMask[entry] ?? 0)) === 0 &&
      ((behind ^ (words.behind[entry] ?? 0)) & (words.behindMask[entry] ?? 0)) === 0;
    if (!isBetween) {
      // Escapes may lie between. One of the four characters before begins at most nine bytes before.
      mustCompare ??= holdsBackslash(view[look + 1] ?? 0) || holdsBackslashBefore(view, look);
      if (!mustCompare) continue;
    }
    const each = seenAt(body, look * WORD - body.byteOffset, words.places[entry]);
    if (each === LITERAL) return LITERAL;
    if (each === LOOKALIKE) seen = LOOKALIKE;
  }
  return seen;
}

/** What stands around a character that is that of a place. A key with another value is nothing: a record has one. */
function seenAt(body: Uint8Array, start: number, place: Place | undefined): number {
  const end = place === undefined ? -1 : endOfForm(body, start, place);
  if (end < 0) return LOOKALIKE;
  return place?.needle.mayBeFollowed?.(body, end) === false ? NOTHING : LITERAL;
}

const BACKSLASH = 0x5c;
const BACKSLASHES = 0x5c5c5c5c;
const ONES = 0x01010101;
const TOPS = 0x80808080 | 0;

/** Perhaps also where there is none, but a byte that differs in the last bit, behind one. */
function holdsBackslash(word: number): boolean {
  const bytes = word ^ BACKSLASHES;
  return ((bytes - ONES) & ~bytes & TOPS) !== 0;
}

/** Whether an escape may stand before the word at a place, or reach up to it: it has nine bytes at most. */
function holdsBackslashBefore(view: Int32Array, look: number): boolean {
  return (
    holdsBackslash(view[look - 1] ?? 0) || holdsBackslash(view[look - 2] ?? 0) || holdsBackslash(view[look - 3] ?? 0)
  );
}

/** A view of the words of the buffer in which a body lies. Small bodies share one: it is made once for all of them. */
function wordView(): (body: Uint8Array) => Int32Array {
  let buffer: ArrayBufferLike | undefined;
  let words: Int32Array = new Int32Array(0);
  return (body) => {
    const length = body.buffer.byteLength >> 2;
    // A resizable buffer stays the same object when its length changes.
    if (body.buffer !== buffer || words.length !== length) {
      buffer = body.buffer;
      words = new Int32Array(buffer, 0, length);
    }
    return words;
  };
}
