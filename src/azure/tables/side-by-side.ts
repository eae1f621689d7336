import { DOWN_AFTER, throwFirst } from "../../core/do-each.ts";

export interface SideBySide<Result> {
  /** Results of the items that did not fail, in their order. */
  readonly results: readonly Result[];
  readonly failures: readonly unknown[];
}

/**
 * Works on items in parallel, at most `limit` at a time. No work is running any more when it settles.
 *
 * An item that fails does not hold up the others.
 *
 * @throws when several items fail in a row, because then the service is down; no other item is tried
 */
export async function sideBySide<Item, Result>(
  items: readonly Item[],
  limit: number,
  work: (item: Item) => Promise<Result>,
): Promise<SideBySide<Result>> {
  const results: { readonly index: number; readonly result: Result }[] = [];
  const failures: unknown[] = [];
  const waiting = items.entries();
  let inARow = 0;

  async function lane(): Promise<void> {
    for (const [index, item] of waiting) {
      try {
        results.push({ index, result: await work(item) });
        inARow = 0;
      } catch (error) {
        failures.push(error);
        inARow += 1;
      }
      if (inARow >= DOWN_AFTER) return;
    }
  }

  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  if (inARow >= DOWN_AFTER) throwFirst(failures.slice(-1));
  return { results: results.toSorted((a, b) => a.index - b.index).map(({ result }) => result), failures };
}
