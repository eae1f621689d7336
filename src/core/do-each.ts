/** This many different things fail in a row only if what they depend on is down, not because of the things. */
export const DOWN_AFTER = 3;

/**
 * Does the same to each of several things, one after the other. One that fails does not hold up the others; after
 * DOWN_AFTER failures in a row the rest is left, since a dependency that is down answers the rest no better.
 *
 * @returns how many were done, and the errors of the others: for the caller to fail with
 */
export async function doEach<T>(
  things: Iterable<T> | AsyncIterable<T>,
  work: (thing: T) => Promise<unknown>,
): Promise<{ readonly done: number; readonly errors: readonly unknown[] }> {
  const errors: unknown[] = [];
  let done = 0;
  let failedInARow = 0;
  for await (const thing of things) {
    try {
      await work(thing);
      done += 1;
      failedInARow = 0;
    } catch (error) {
      errors.push(error);
      failedInARow += 1;
      if (failedInARow >= DOWN_AFTER) break;
    }
  }
  return { done, errors };
}

/**
 * As `doEach`, for things that may be at fault themselves, also several side by side: after DOWN_AFTER failures in a row
 * it tries the last thing that is left. If that one succeeds, the dependency works, and it goes on.
 *
 * @returns the errors in order; `isDown`: also the last thing failed, and the rest was left
 */
export async function doMost<T>(
  things: readonly T[],
  work: (thing: T) => Promise<unknown>,
): Promise<{ readonly errors: readonly unknown[]; readonly isDown: boolean }> {
  const left = [...things];
  const errors: unknown[] = [];
  let failedInARow = 0;
  for (;;) {
    const isProbe = failedInARow >= DOWN_AFTER;
    const [thing] = left.splice(isProbe ? -1 : 0, 1);
    if (thing === undefined) return { errors, isDown: false };
    try {
      await work(thing);
      failedInARow = 0;
    } catch (error) {
      errors.push(error);
      failedInARow += 1;
      if (isProbe) return { errors, isDown: true };
    }
  }
}

/** Fails with the first of several errors, once all else is done. */
export function throwFirst([first]: readonly unknown[]): void {
  if (first !== undefined)
    throw first instanceof Error ? first : new Error("something else than an error was thrown", { cause: first });
}

/** Begins with another item, so that what fails or takes long at one of them holds up others only now and then. */
export function rotated<T>(items: readonly T[], by: number): T[] {
  const start = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
