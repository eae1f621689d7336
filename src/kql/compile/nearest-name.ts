/** The known name closest to a misspelt one, if one is close enough. */
export function nearestName(wanted: string, known: Iterable<string>): string | undefined {
  const target = wanted.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(target, name.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [name, distance];
  }
  return best;
}

/** `; did you mean "X"?`, or nothing. */
export function suggestion(wanted: string, known: Iterable<string>): string {
  const nearest = nearestName(wanted, known);
  return nearest === undefined ? "" : `; did you mean "${nearest}"?`;
}

/** Number of letters added, removed, changed or swapped with their neighbour. */
function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const isChanged = left[row - 1] !== right[column - 1];
      const isSwapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      const swapped = isSwapped ? (beforeLast[column - 2] ?? Number.POSITIVE_INFINITY) + 1 : Number.POSITIVE_INFINITY;
      current.push(
        Math.min(
          (previous[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (previous[column - 1] ?? 0) + Number(isChanged),
          swapped,
        ),
      );
    }
    [beforeLast, previous] = [previous, current];
  }
  return previous[right.length] ?? 0;
}
