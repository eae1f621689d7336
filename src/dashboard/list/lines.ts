import type { IncidentRow } from "../../core/incident/incident-row.ts";
import { EFFECTS } from "../../core/pim-settings/finding.ts";
import { urgencyOf } from "../../core/triage/urgency.ts";
import { field } from "../format.ts";
import { idOf } from "./use-incidents.ts";

/** A line of the list: an incident, or a burst that is folded into one line, with its worst incident. */
export interface Line {
  readonly row: IncidentRow;
  /** What its box selects: all incidents of a folded burst. */
  readonly selects: readonly IncidentRow[];
  /** The burst whose first line this is. */
  readonly burst?: FoldedBurst;
  /** Whether it is one of the lines of an unfolded burst, below the first. */
  readonly isBelow?: true;
}

interface FoldedBurst {
  readonly key: string;
  /** Number of its incidents in this group. */
  readonly size: number;
  readonly isUnfolded: boolean;
  /** The worst effect of its incidents, and the most settings that one of them weakens. */
  readonly effect: string;
  readonly times: number;
}

interface Folding {
  /** The name of the group: a burst has a line in each priority. */
  readonly group: string;
  /** Keys of the bursts that somebody unfolded. */
  readonly unfolded: ReadonlySet<string>;
  /** Id of the open incident, whose burst is unfolded too. */
  readonly incident: string;
}

/** Folds the incidents of a burst into one line, where the first of them stands. */
export function linesOf(rows: readonly IncidentRow[], { group, unfolded, incident }: Folding): readonly Line[] {
  const bursts = Map.groupBy(rows, (row) => field(row, "BurstId") || idOf(row));
  return [...bursts].flatMap(([id, members]): Line[] => {
    const [worst, ...others] = members.toSorted((a, b) => (badness(a) < badness(b) ? -1 : 1));
    if (worst === undefined) return [];
    if (others.length === 0) return [{ row: worst, selects: [worst] }];
    const key = `${group} ${id}`;
    const isUnfolded = unfolded.has(key) || others.some((row) => idOf(row) === incident);
    const [effect = ""] = members.map((row) => field(row, "Effect")).toSorted((a, b) => rankOf(a) - rankOf(b));
    const times = Math.max(...members.map((row) => Number(row["WeakenedSettings"])));
    const burst = { key, size: members.length, isUnfolded, effect, times };
    if (!isUnfolded) return [{ row: worst, selects: members, burst }];
    return [
      { row: worst, selects: [worst], burst },
      ...others.map((row): Line => ({ row, selects: [row], isBelow: true })),
    ];
  });
}

/** Sorts the worst first. */
function badness(row: IncidentRow): string {
  return `${field(row, "Priority")}${urgencyOf(row)}${rankOf(field(row, "Effect"))}`;
}

/** The place among the effects, worst first; those that nobody assessed are last. */
function rankOf(effect: string): number {
  const at = EFFECTS.findIndex((one) => one === effect);
  return at < 0 ? EFFECTS.length : at;
}
