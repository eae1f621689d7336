import { type Literal, MINIMUM_LITERAL_LENGTH } from "./literal.ts";
import { rarestRun } from "./rarest-run.ts";
import { firstEntry, type WordTable, wordTable } from "./word-table.ts";
import { decodedWord, needleOf, standsAt, startOfCharacter, WORD } from "./written-literal.ts";

/** Finds literals in bytes. */
export interface LiteralScan {
  /** How many bytes lie between two looks. */
  readonly stride: number;
  /**
   * A place within the next written literal, -1 where none follows, or GIVEN_UP. A literal that begins before `from`
   * may be missed.
   */
  find(body: Uint8Array, from: number): number;
}

/** The bytes hold so many escapes that reading all of them is quicker than looking at each. */
export const GIVEN_UP = -2;

/** So many looks at escapes that belong to no literal are made, and one more for each of so many bytes that were searched. */
const ESCAPES_LOOKED_AT = 16;
const BYTES_PER_ESCAPE = 512;

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
 * It finds every literal of valid JSON. It may also find text that only looks like one, such as `\\u0050` for P.
 */
export function literalScan(literals: readonly Literal[]): LiteralScan {
  const shortest = Math.min(...literals.map(({ text }) => text.length));
  if (literals.length === 0 || shortest < MINIMUM_LITERAL_LENGTH)
    throw new RangeError(`literals of at least ${MINIMUM_LITERAL_LENGTH} characters are needed`);
  const step = Math.min(LONGEST_STRIDE, shortest - (WORD - 1)) >> 2;
  // Of a long literal only as many words in a row as the grid cannot miss: those that other texts hold least often.
  const runs = literals.map(needleOf).map((needle) => ({ needle, from: rarestRun(needle, step * WORD) }));
  const words = wordTable(runs, step * WORD);
  const viewOf = wordView();
  return {
    stride: step * WORD,
    find: (body, from) => find(body, from, viewOf(body), step, words),
  };
}

// eslint-disable-next-line max-params -- the inner loop: what it uses lies in registers, not in a closure's scope
function find(body: Uint8Array, from: number, view: Int32Array, step: number, words: WordTable): number {
  const { marks, multiplier, shift } = words;
  const offset = body.byteOffset;
  const end = (offset + body.length) >> 2;
  const twice = 2 * step;
  const thrice = 3 * step;
  const last = end - thrice;
  let at = (offset + from + WORD - 1) >> 2;
  const start = at;
  let escapes = 0;
  // Four looks before one decision: the processor does them side by side.
  for (; at < last; at += 4 * step) {
    const first = Math.imul((view[at] ?? 0) | FOLD_WORD, multiplier) >>> shift;
    const second = Math.imul((view[at + step] ?? 0) | FOLD_WORD, multiplier) >>> shift;
    const third = Math.imul((view[at + twice] ?? 0) | FOLD_WORD, multiplier) >>> shift;
    const fourth = Math.imul((view[at + thrice] ?? 0) | FOLD_WORD, multiplier) >>> shift;
    // A shift counts modulo 32.
    const marked =
      ((marks[first >>> 5] ?? 0) >>> first) |
      ((marks[second >>> 5] ?? 0) >>> second) |
      ((marks[third >>> 5] ?? 0) >>> third) |
      ((marks[fourth >>> 5] ?? 0) >>> fourth);
    if ((marked & 1) === 0) continue;
    for (let look = at; look <= at + thrice; look += step) {
      const slot = Math.imul((view[look] ?? 0) | FOLD_WORD, multiplier) >>> shift;
      if ((((marks[slot >>> 5] ?? 0) >>> slot) & 1) === 0) continue;
      const seen = lookAt(body, view, look, words);
      if (seen === LITERAL) return look * WORD - offset;
      if (seen !== ESCAPE) continue;
      escapes += 1;
      if (escapes > ESCAPES_LOOKED_AT + ((look - start) * WORD) / BYTES_PER_ESCAPE) return GIVEN_UP;
    }
  }
  for (; at < end; at += step) if (lookAt(body, view, at, words) === LITERAL) return at * WORD - offset;
  return -1;
}

/** What a word of a literal turns out to be part of: nothing, the literal, or an escape that belongs to none. */
const NOTHING = 0;
const LITERAL = 1;
const ESCAPE = 2;

function lookAt(body: Uint8Array, view: Int32Array, look: number, words: WordTable): number {
  const at = look * WORD - body.byteOffset;
  const word = view[look] ?? 0;
  if (standsPlainly(body, view, look, words)) return LITERAL;
  const isInEscape = holdsBackslash(word) || holdsBackslash(view[look - 1] ?? 0) || holdsBackslash(view[look - 2] ?? 0);
  if (!isInEscape) return NOTHING;
  const start = startOfCharacter(body, at);
  const decoded = decodedWord(body, start);
  if (decoded === undefined) return NOTHING;
  for (let entry = firstEntry(words, decoded); entry >= 0; entry = words.next[entry] ?? -1) {
    const place = words.places[entry];
    if (place && standsAt(body, start, place)) return LITERAL;
  }
  return ESCAPE;
}

/** Whether a literal stands where the word lies, its four bytes being four characters. Compares the neighbours first. */
function standsPlainly(body: Uint8Array, view: Int32Array, look: number, words: WordTable): boolean {
  let entry = firstEntry(words, (view[look] ?? 0) | FOLD_WORD);
  if (entry < 0) return false;
  const before = (view[look - 1] ?? 0) | FOLD_WORD;
  const behind = (view[look + 1] ?? 0) | FOLD_WORD;
  let mayBeEscaped: boolean | undefined;
  for (; entry >= 0; entry = words.next[entry] ?? -1) {
    const isBetween =
      ((before ^ (words.before[entry] ?? 0)) & (words.beforeMask[entry] ?? 0)) === 0 &&
      ((behind ^ (words.behind[entry] ?? 0)) & (words.behindMask[entry] ?? 0)) === 0;
    if (!isBetween) {
      // One of the four characters before begins at most nine bytes before.
      mayBeEscaped ??=
        holdsBackslash(view[look + 1] ?? 0) ||
        holdsBackslash(view[look - 1] ?? 0) ||
        holdsBackslash(view[look - 2] ?? 0) ||
        holdsBackslash(view[look - 3] ?? 0);
      if (!mayBeEscaped) continue;
    }
    const place = words.places[entry];
    if (place && standsAt(body, look * WORD - body.byteOffset, place)) return true;
  }
  return false;
}

const BACKSLASHES = 0x5c5c5c5c;
const ONES = 0x01010101;
const TOPS = 0x80808080 | 0;

/** Perhaps also where there is none, but a byte that differs in the last bit, behind one. */
function holdsBackslash(word: number): boolean {
  const bytes = word ^ BACKSLASHES;
  return ((bytes - ONES) & ~bytes & TOPS) !== 0;
}

/** A view of the words of the buffer in which a body lies. Small bodies share one: it is made once for all of them. */
function wordView(): (body: Uint8Array) => Int32Array {
  let buffer: ArrayBufferLike | undefined;
  let words: Int32Array = new Int32Array(0);
  return (body) => {
    if (body.buffer !== buffer) {
      buffer = body.buffer;
      words = new Int32Array(buffer, 0, buffer.byteLength >> 2);
    }
    return words;
  };
}
