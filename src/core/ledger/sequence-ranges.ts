/** Sequence numbers of one partition, both ends included. */
export interface SequenceRange {
  readonly first: number;
  readonly last: number;
}

/** The total of numbers in the ranges, which must not overlap. */
export function countOf(ranges: readonly SequenceRange[]): number {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

/** The same numbers as ascending ranges that do not overlap or touch. */
export function unionOf(ranges: readonly SequenceRange[]): SequenceRange[] {
  const ascending = ranges.map(({ first, last }) => ({ first, last })).toSorted((a, b) => a.first - b.first);
  return joinTouching(ascending, ({ first }, _next, last) => ({ first, last }));
}

/**
 * Joins ranges that overlap or touch.
 *
 * @param ascending by their first number
 * @param join makes one of two, which ends with `last`
 */
export function joinTouching<Range extends SequenceRange>(
  ascending: readonly Range[],
  join: (previous: Range, next: Range, last: number) => Range,
): Range[] {
  const joined: Range[] = [];
  for (const range of ascending) {
    const previous = joined.at(-1);
    if (previous === undefined || range.first > previous.last + 1) joined.push(range);
    else joined[joined.length - 1] = join(previous, range, Math.max(previous.last, range.last));
  }
  return joined;
}

/** The parts of `whole` that are in none of the ranges, ascending. */
export function missingFrom(whole: SequenceRange, ranges: readonly SequenceRange[]): SequenceRange[] {
  const missing: SequenceRange[] = [];
  let next = whole.first;
  for (const { first, last } of unionOf(ranges)) {
    if (first > whole.last) break;
    if (first > next) missing.push({ first: next, last: first - 1 });
    next = Math.max(next, last + 1);
  }
  if (next <= whole.last) missing.push({ first: next, last: whole.last });
  return missing;
}

/** The parts of the ranges that are in none of the others, ascending. */
export function without(ranges: readonly SequenceRange[], others: readonly SequenceRange[]): SequenceRange[] {
  const all = { first: 0, last: Number.MAX_SAFE_INTEGER };
  return missingFrom(all, [...missingFrom(all, ranges), ...others]);
}

/** The parts of a range below `bound` and from `bound` on; undefined if empty. */
export function splitAt(
  { first, last }: SequenceRange,
  bound: number,
): { below: SequenceRange | undefined; rest: SequenceRange | undefined } {
  return {
    below: first < bound ? { first, last: Math.min(last, bound - 1) } : undefined,
    rest: last >= bound ? { first: Math.max(first, bound), last } : undefined,
  };
}

/** The parts of `whole` that are in one of the ranges, ascending. */
export function commonWith(whole: SequenceRange, ranges: readonly SequenceRange[]): SequenceRange[] {
  return missingFrom(whole, missingFrom(whole, ranges));
}

export function isSingle({ first, last }: SequenceRange): boolean {
  return first === last;
}
