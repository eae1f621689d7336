import type { Operations, Roles } from "./entra-pages.ts";

/** How a page differs from a list, as lines to print. */
export interface Differences {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly renamed: readonly string[];
}

/** Roles are the same if their template ids are. */
export function roleDifferences(list: Roles, page: Roles): Differences {
  const shown = (roles: Roles, id: string) => `${roles[id]} (${id})`;
  const both = Object.keys(list).filter((id) => page[id] !== undefined);
  return {
    added: Object.keys(page).flatMap((id) => (list[id] === undefined ? [shown(page, id)] : [])),
    removed: Object.keys(list).flatMap((id) => (page[id] === undefined ? [shown(list, id)] : [])),
    renamed: both.flatMap((id) => (list[id] === page[id] ? [] : [`${list[id]} → ${page[id]} (${id})`])),
  };
}

/**
 * Operations have no id: one that is gone and one that is new in the same category count as renamed if they are spelled
 * much alike.
 */
export function operationDifferences(list: Operations, page: Operations): Differences {
  const added: string[] = [];
  const removed: string[] = [];
  const renamed: string[] = [];
  for (const category of new Set([...Object.keys(list), ...Object.keys(page)])) {
    const [before, after] = [list[category] ?? [], page[category] ?? []];
    let fresh = after.filter((name) => !before.includes(name));
    for (const gone of before.filter((name) => !after.includes(name))) {
      const successor = mostAlike(gone, fresh);
      if (successor === undefined) removed.push(`${category}: ${gone}`);
      else renamed.push(`${category}: ${gone} → ${successor}`);
      fresh = fresh.filter((name) => name !== successor);
    }
    added.push(...fresh.map((name) => `${category}: ${name}`));
  }
  return { added, removed, renamed };
}

/** Share of common pairs of letters from which two names count as one. */
const ALIKE = 0.7;

function mostAlike(name: string, others: readonly string[]): string | undefined {
  const ranked = others.map((other) => ({ other, share: commonShare(pairsOf(name), pairsOf(other)) }));
  const [best] = ranked.filter(({ share }) => share >= ALIKE).toSorted((a, b) => b.share - a.share);
  return best?.other;
}

/** Sørensen and Dice's coefficient. */
function commonShare(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const all = new Set([...a, ...b]).size;
  return all === 0 ? 0 : (2 * (a.size + b.size - all)) / (a.size + b.size);
}

function pairsOf(name: string): ReadonlySet<string> {
  const lower = name.toLowerCase();
  return new Set(Array.from({ length: Math.max(0, lower.length - 1) }, (_, index) => lower.slice(index, index + 2)));
}
