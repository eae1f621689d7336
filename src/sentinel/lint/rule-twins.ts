import type { Problem } from "../../kql/compile/problem.ts";
import type { RuleFiles } from "../rule-files.ts";

/** A rule file with its identity. */
export interface Identified {
  readonly files: RuleFiles;
  readonly id: string;
  readonly queryHash: string;
}

export interface Twins<Item extends Identified> {
  /** One rule for each id, in input order. */
  readonly kept: readonly Item[];
  readonly problems: readonly Problem[];
}

/**
 * If two rules share an id, only one of them runs, since both would make the same incidents.
 *
 * The one with files of our own beside it (guide, overlay, tests) runs: a second copy of an official file changes nothing,
 * and is a warning. If both have such files, or neither has and their queries differ, the choice is unclear: an error.
 */
export function withoutTwins<Item extends Identified>(items: readonly Item[]): Twins<Item> {
  const kept = new Map<string, Item>();
  const problems: Problem[] = [];
  for (const item of items) {
    const other = kept.get(item.id);
    if (other === undefined) {
      kept.set(item.id, item);
      continue;
    }
    const [used, left] = hasOwnFiles(item.files) && !hasOwnFiles(other.files) ? [item, other] : [other, item];
    kept.set(item.id, used);
    problems.push(twinProblem(used, left));
  }
  return { kept: items.filter((item) => kept.get(item.id) === item), problems };
}

function twinProblem(used: Identified, left: Identified): Problem {
  const place = { file: left.files.rule.name, line: 1, column: 1, code: "duplicate-id" } as const;
  const name = used.files.rule.name;
  const isOnePreferred = hasOwnFiles(used.files) !== hasOwnFiles(left.files);
  if (!isOnePreferred && (hasOwnFiles(left.files) || used.queryHash !== left.queryHash)) {
    return { ...place, level: "error", message: `${name} has the same id ${left.id}; keep one of them` };
  }
  const query = used.queryHash === left.queryHash ? "the same query" : "another query";
  return {
    ...place,
    level: "warning",
    message: `${name} has the same id ${left.id} and ${query}; it runs, and this rule does not`,
  };
}

/** Whether the rule has files of our own beside it. */
function hasOwnFiles({ guide, overlay, tests, expectedChanges }: RuleFiles): boolean {
  return [guide, overlay, tests, expectedChanges].some((file) => file !== undefined);
}
