import { doMost, throwFirst } from "../../core/do-each.ts";
import type { StoreOutcome } from "../../core/incident/incident-row.ts";
import { DependencyError } from "../../errors.ts";
import { type KnownIncident, knownIncidents } from "./known-incidents.ts";
import { sideBySide } from "../tables/side-by-side.ts";
import { TABLE_SERVICE, type TableRows } from "../tables/table-rows.ts";
import { type RowSet, transactionGroups } from "../tables/transaction-groups.ts";

/** The rows of a new incident. */
export interface Addition extends RowSet, KnownIncident {
  readonly id: string;
}

/** `known`: the incident's own row as it is stored. */
export type AdditionOutcome = Exclude<StoreOutcome, "known" | "otherContent"> | { readonly known: KnownIncident };

/**
 * Transactions that run at a time. A partition takes about 2,000 rows a second and would refuse more.
 * https://learn.microsoft.com/azure/storage/tables/scalability-targets
 */
const SIDE_BY_SIDE = 4;
/** Makes groups this many times. After that, another process keeps storing the same incidents, or a row is in the way. */
const ROUNDS = 2;

/**
 * Stores the new ones among many different incidents, those of a rule together.
 *
 * A transaction that meets an existing row stores nothing and does not reliably say which row it was. So this function
 * looks up the existing incidents, many at a time, and stores the others in new groups. If a transaction fails for any
 * other reason, it tries each incident of the group alone.
 *
 * @returns an outcome for each. An incident is known only if its own row exists
 * @throws when no incident can be stored, or several in a row fail: then the table is down
 */
export async function storeMissing(
  table: TableRows,
  additions: readonly Addition[],
): Promise<ReadonlyMap<Addition, AdditionOutcome>> {
  const outcomes = new Map<Addition, AdditionOutcome>();
  const alone: Addition[] = [];

  /** @returns the members of groups that met an existing row. Each member of a refused group must be tried alone */
  async function store(groups: readonly (readonly Addition[])[]): Promise<Addition[]> {
    const { results } = await sideBySide(groups, SIDE_BY_SIDE, async (group) => {
      try {
        return await storeGroup(group);
      } catch (error) {
        for (const addition of group) if (!outcomes.has(addition)) outcomes.set(addition, { failed: error });
        throw error;
      }
    });
    return results.flat();
  }

  async function storeGroup(group: readonly Addition[]): Promise<readonly Addition[]> {
    let answer;
    try {
      answer = await answerTo(group, table);
    } catch (error) {
      if (group.length === 1) throw error;
      return storeEach(group);
    }
    if (answer === "exists") return group;
    if (answer === "added" || group.length === 1) for (const addition of group) outcomes.set(addition, answer);
    else alone.push(...group);
    return [];
  }

  /** Tries each incident of a group that failed as a whole. @throws when the table is down */
  async function storeEach(group: readonly Addition[]): Promise<readonly Addition[]> {
    const open: Addition[] = [];
    const { errors, isDown } = await doMost(group, async (addition) => {
      try {
        open.push(...(await storeGroup([addition])));
      } catch (error) {
        outcomes.set(addition, { failed: error });
        throw error;
      }
    });
    if (isDown) throwFirst(errors);
    return open;
  }

  /** @returns the incidents that are not known */
  async function missingOf(some: readonly Addition[]): Promise<Addition[]> {
    const missing: Addition[] = [];
    for (const ruleId of new Set(some.map(({ partitionKey }) => partitionKey))) {
      const ofRule = some.filter(({ partitionKey }) => partitionKey === ruleId);
      const known = await knownIncidents(table, { ruleId, ids: ofRule.map(({ id }) => id) });
      for (const addition of ofRule) {
        const stored = known.get(addition.id);
        if (stored === undefined) missing.push(addition);
        else outcomes.set(addition, { known: stored });
      }
    }
    return missing;
  }

  const [first, ...others] = transactionGroups(additions);
  if (first === undefined) return outcomes;
  // If the first group is known, the batch was delivered before, and trying the other groups would be in vain.
  // A group of several throws only if the table is down; then no other group is tried.
  let open = first.length > 1 ? await storeGroup(first) : await store([first]);
  open = open.length > 0 ? additions.filter((addition) => !outcomes.has(addition)) : await store(others);
  for (let round = 0; round < ROUNDS && open.length > 0; round += 1)
    open = await store(transactionGroups(await missingOf(open)));
  open = await store([...alone, ...(await missingOf(open))].map((addition) => [addition]));
  for (const addition of await missingOf(open)) outcomes.set(addition, { failed: stuck(addition) });
  throwIfAllFailed([...outcomes.values()]);
  return outcomes;
}

function throwIfAllFailed(outcomes: readonly AdditionOutcome[]): void {
  const failures = outcomes.flatMap((outcome) =>
    typeof outcome === "object" && "failed" in outcome ? [outcome.failed] : [],
  );
  if (failures.length === outcomes.length) throwFirst(failures);
}

/** The table's answer to a transaction of these rows. "exists": it holds at least one of them. */
async function answerTo(
  group: readonly Addition[],
  table: TableRows,
): Promise<"added" | "exists" | { readonly refused: string }> {
  const inserts = group.map(({ entities }) => entities.map((insert) => ({ insert })));
  const answer = await table.commitItems(inserts);
  if (answer.outcome === "committed") return "added";
  if (answer.outcome === "conflict") return "exists";
  if (answer.outcome === "missing") throw answer.error;
  return { refused: answer.reason };
}

/** Only its own row makes an incident known. If other rows block an incident without that row, a person must act. */
function stuck({ id, partitionKey }: Addition): DependencyError {
  const problem = `incident ${id} of rule ${partitionKey} cannot be stored: other rows with its id are there without it`;
  return new DependencyError(TABLE_SERVICE, problem);
}
