import { type Literal, MINIMUM_LITERAL_LENGTH } from "./literal.ts";
import { eachWord, needleOf, type Place, standsAt } from "./written-literal.ts";

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

/** So many looks at escapes that belong to no literal are made in one search, and one more for each of so many bytes. */
const ESCAPES_LOOKED_AT = 64;
const BYTES_PER_ESCAPE = 1_024;

const WORD = 4;
/** Further apart, the memory is read no faster. */
const LONGEST_STRIDE = 32;
/** Folds the letters of four bytes at once. */
const FOLD_WORD = 0x20202020;
/** Spreads words over the table: an odd number without a pattern, 2^32 divided by the golden ratio. */
const MULTIPLIER = 0x9e3779b1 | 0;

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
  const words = wordTable(placesOf(literals));
  const { marks, shift } = words;
  const viewOf = wordView();
  return {
    stride: step * WORD,
    find(body, from) {
      const view = viewOf(body);
      const end = (body.byteOffset + body.length) >> 2;
      let at = (body.byteOffset + from + WORD - 1) >> 2;
      let escapesLeft = ESCAPES_LOOKED_AT + (body.length - from) / BYTES_PER_ESCAPE;
      // Four looks before one decision: the processor does them side by side.
      for (const last = end - 3 * step; at < last; at += 4 * step) {
        const marked =
          (marks[Math.imul((view[at] ?? 0) | FOLD_WORD, MULTIPLIER) >>> shift] ?? 0) |
          (marks[Math.imul((view[at + step] ?? 0) | FOLD_WORD, MULTIPLIER) >>> shift] ?? 0) |
          (marks[Math.imul((view[at + 2 * step] ?? 0) | FOLD_WORD, MULTIPLIER) >>> shift] ?? 0) |
          (marks[Math.imul((view[at + 3 * step] ?? 0) | FOLD_WORD, MULTIPLIER) >>> shift] ?? 0);
        if (marked === 0) continue;
        for (let look = at; look <= at + 3 * step; look += step) {
          const seen = lookAt(body, look * WORD - body.byteOffset, words.placesAt((view[look] ?? 0) | FOLD_WORD));
          if (seen === "literal") return look * WORD - body.byteOffset;
          if (seen === "escape" && (escapesLeft -= 1) < 0) return GIVEN_UP;
        }
      }
      for (; at < end; at += step) {
        const position = at * WORD - body.byteOffset;
        if (lookAt(body, position, words.placesAt((view[at] ?? 0) | FOLD_WORD)) === "literal") return position;
      }
      return -1;
    },
  };
}

/** What a word of a literal turns out to be part of: the literal, an escape that belongs to none, or nothing of that. */
function lookAt(body: Uint8Array, at: number, places: Places | undefined): "literal" | "escape" | undefined {
  if (places === undefined) return undefined;
  if (standsPlainly(body, at, places)) return "literal";
  if (places.escaped.length === 0 || !touchesEscape(body, at)) return undefined;
  return places.escaped.some((place) => standsAt(body, at, place)) ? "literal" : "escape";
}

/** The places of one word. */
interface Places {
  /** Where its bytes are four characters as themselves. */
  readonly plain: Place[];
  /** For each of these the characters before and behind, folded; -1 at the literal's ends. */
  readonly before: number[];
  readonly behind: number[];
  /** Where its bytes are part of an escape, or two. */
  readonly escaped: Place[];
}

const FOLD = 0x20;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

/** Compares the neighbours first: most words of a literal are parts of other texts. */
function standsPlainly(body: Uint8Array, at: number, { plain, before, behind }: Places): boolean {
  if (plain.length === 0) return false;
  const last = (body[at - 1] ?? 0) | FOLD;
  const next = (body[at + WORD] ?? 0) | FOLD;
  const isBehindEscape = body[at - 6] === BACKSLASH;
  const isBeforeEscape = body[at + WORD] === BACKSLASH;
  for (let index = 0; index < plain.length; index += 1) {
    if (before[index] !== last && before[index] !== -1 && !isBehindEscape) continue;
    if (behind[index] !== next && behind[index] !== -1 && !isBeforeEscape) continue;
    const place = plain[index];
    if (place && standsAt(body, at, place)) return true;
  }
  return false;
}

/** Whether an escape begins in the word or reaches into it. */
function touchesEscape(body: Uint8Array, at: number): boolean {
  for (let start = at - 5; start < at + WORD; start += 1)
    if (body[start] === BACKSLASH && body[start + 1] === LETTER_U) return true;
  return false;
}

function placesOf(literals: readonly Literal[]): ReadonlyMap<number, Places> {
  const places = new Map<number, Places>();
  const bytes = new Uint8Array(WORD);
  const word = new Int32Array(bytes.buffer); // in the machine's own byte order, as the body's words are
  for (const literal of literals) {
    eachWord(needleOf(literal), (written, place) => {
      bytes.set(written);
      const key = (word[0] ?? 0) | FOLD_WORD;
      const listed = places.get(key) ?? { plain: [], before: [], behind: [], escaped: [] };
      places.set(key, listed);
      if (place.isPlain) {
        const folded = (index: number) => (place.needle.codes[index] ?? -1) | FOLD; // of -1 it leaves -1
        listed.plain.push(place);
        listed.before.push(folded(place.index - 1));
        listed.behind.push(folded(place.index + WORD));
      } else listed.escaped.push(place);
    });
  }
  return places;
}

/** What the words of the literals are found in: first their marks, most of a body's words have none, then the places. */
interface WordTable {
  readonly marks: Uint8Array;
  /** A word's slot is the upper bits of its product with MULTIPLIER. */
  readonly shift: number;
  placesAt(word: number): Places | undefined;
}

/** At most one slot in 32 is taken, in at least 16 KB. Words whose slot is taken have one of the next. */
function wordTable(places: ReadonlyMap<number, Places>): WordTable {
  const bits = Math.max(14, Math.ceil(Math.log2(places.size * 32)));
  const size = 2 ** bits;
  const shift = 32 - bits;
  const marks = new Uint8Array(size);
  /** The place in `lists`, counted from 1, of the word at the same place in `keys`; 0 where the slot is free. */
  const numbers = new Uint32Array(size);
  const keys = new Int32Array(size);
  const lists: Places[] = [];
  for (const [word, list] of places) {
    let slot = Math.imul(word, MULTIPLIER) >>> shift;
    marks[slot] = 1;
    while (numbers[slot] !== 0) slot = (slot + 1) % size;
    keys[slot] = word;
    numbers[slot] = lists.push(list);
  }
  return {
    marks,
    shift,
    placesAt(word) {
      let slot = Math.imul(word, MULTIPLIER) >>> shift;
      for (; numbers[slot] !== 0; slot = (slot + 1) % size)
        if (keys[slot] === word) return lists[(numbers[slot] ?? 0) - 1];
      return undefined;
    },
  };
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
