/*
 * Text search that a hostile event cannot slow down. V8's own search is quadratic: 200 KB of crafted text in 400 KB takes
 * minutes. Here long texts are found in one pass (Knuth, Morris and Pratt). Short ones are left to V8, which is faster and
 * compares each place with only a few characters.
 */

/** Length of the longest text that V8 searches for. */
const SHORT = 16;

/**
 * Calls `visit` with every place from `from` on where `wanted` begins, overlaps included, until it returns true.
 *
 * @returns whether `visit` returned true
 */
export function someOccurrence(text: string, wanted: string, visit: (at: number) => boolean, from = 0): boolean {
  if (wanted.length > SHORT) return someLongOccurrence(text, wanted, visit, from);
  for (let at = text.indexOf(wanted, from); at >= 0; at = text.indexOf(wanted, at + 1)) {
    if (visit(at)) return true;
    if (at >= text.length) return false; // The empty text would be found at the end again and again.
  }
  return false;
}

export function indexOfText(text: string, wanted: string, from = 0): number {
  if (wanted.length <= SHORT) return text.indexOf(wanted, from);
  let found = -1;
  const take = (at: number) => {
    found = at;
    return true;
  };
  someOccurrence(text, wanted, take, from);
  return found;
}

/** The pieces before, between and after the occurrences of a separator, which must not be empty. */
export function splitText(text: string, separator: string): string[] {
  if (separator.length <= SHORT) return text.split(separator);
  const pieces: string[] = [];
  let end = 0;
  someOccurrence(text, separator, (at) => {
    if (at < end) return false;
    pieces.push(text.slice(end, at));
    end = at + separator.length;
    return false;
  });
  pieces.push(text.slice(end));
  return pieces;
}

function someLongOccurrence(text: string, wanted: string, visit: (at: number) => boolean, from: number): boolean {
  const last = wanted.length - 1;
  if (text.length - from <= last) return false;
  const borders = bordersOf(wanted);
  let matched = 0;
  for (let index = from; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    while (matched > 0 && wanted.charCodeAt(matched) !== unit) matched = borders[matched - 1] ?? 0;
    if (wanted.charCodeAt(matched) !== unit) continue;
    if (matched < last) {
      matched += 1;
      continue;
    }
    if (visit(index - last)) return true;
    matched = borders[last] ?? 0;
  }
  return false;
}

/** For each prefix of a text, the length of the longest shorter prefix that it also ends with. */
function bordersOf(text: string): Int32Array {
  const borders = new Int32Array(text.length);
  let length = 0;
  for (let index = 1; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    while (length > 0 && text.charCodeAt(length) !== unit) length = borders[length - 1] ?? 0;
    if (text.charCodeAt(length) === unit) length += 1;
    borders[index] = length;
  }
  return borders;
}
