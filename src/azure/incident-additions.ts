import type { TableClient, TransactionAction } from "@azure/data-tables";
import { throwFirst } from "../core/do-each.ts";
import type { StoreOutcome } from "../core/incident-row.ts";
import { DependencyError } from "../errors.ts";
import { knownIncidents } from "./known-incidents.ts";
import { sideBySide } from "./side-by-side.ts";
import { confirmed, dataRefusal, hasStatus, TABLE_SERVICE } from "./table-rows.ts";
import { type RowSet, transactionGroups } from "./transaction-groups.ts";

/** The part of the SDK's client that this file uses. */
export type AdditionsClient = Pick<TableClient, "submitTransaction" | "listEntities">;

/** The rows of a new incident. */
export interface Addition extends RowSet {
  readonly id: string;
}

/**
 * Transactions that are under way at a time. A partition takes about 2,000 rows a second: more would only be refused.
 * https://learn.microsoft.com/azure/storage/tables/scalability-targets
 */
const SIDE_BY_SIDE = 4;
/** Groups are made this many times. After that somebody else keeps storing the same, or a row is in the way. */
const ROUNDS = 2;
/** Believe that the table refuses a row only after this many refusals in a row: a dead letter waits for a person. */
const REFUSALS_BELIEVED = 3;

/**
 * Stores those of many different incidents that are not there yet, together with others of their rule.
 *
 * A transaction that meets one row which exists stores nothing, and does not reliably say which row it was. So the
 * incidents that exist are looked up, many at a time, and the others are stored in new groups.
 *
 * @returns an outcome for each. An incident is known only if its own row exists
 * @throws the first failure, after the incidents that it does not concern are stored
 */
export async function storeMissing(
  table: AdditionsClient,
  additions: readonly Addition[],
  timeoutMs: number,
): Promise<ReadonlyMap<Addition, StoreOutcome>> {
  const outcomes = new Map<Addition, StoreOutcome>();
  const failures: unknown[] = [];
  const alone: Addition[] = [];

  /** @returns the members of groups of which a row exists. Of a group that is refused, each must be tried alone */
  async function store(groups: readonly (readonly Addition[])[]): Promise<Addition[]> {
    const { results, failures: failed } = await sideBySide(groups, SIDE_BY_SIDE, async (group) => {
      const answer = await answerTo(group, table, timeoutMs);
      if (answer === "exists") return group;
      if (answer === "added" || group.length === 1) for (const addition of group) outcomes.set(addition, answer);
      else alone.push(...group);
      return [];
    });
    failures.push(...failed);
    return results.flat();
  }

  /** @returns those that are not known */
  async function missingOf(some: readonly Addition[]): Promise<Addition[]> {
    const missing: Addition[] = [];
    for (const [ruleId, ofRule] of Map.groupBy(some, ({ partitionKey }) => partitionKey)) {
      const known = await knownIncidents(table, { ruleId, ids: ofRule.map(({ id }) => id) }, timeoutMs);
      for (const addition of ofRule) {
        if (known.has(addition.id)) outcomes.set(addition, "known");
        else missing.push(addition);
      }
    }
    return missing;
  }

  const [first, ...others] = transactionGroups(additions);
  if (first === undefined) return outcomes;
  // Where the first group is known, the batch was delivered before: it would be in vain to try the other groups.
  let open = await store([first]);
  open = open.length > 0 ? [...additions] : await store(others);
  for (let round = 0; round < ROUNDS && open.length > 0; round += 1)
    open = await store(transactionGroups(await missingOf(open)));
  open = await store([...alone, ...(await missingOf(open))].map((addition) => [addition]));
  failures.push(...(await missingOf(open)).map(stuck));
  throwFirst(failures);
  return outcomes;
}

/** What the table says to a transaction of these rows. "exists": it holds one of them, at least. */
async function answerTo(
  group: readonly Addition[],
  table: AdditionsClient,
  timeoutMs: number,
): Promise<"added" | "exists" | { readonly refused: string }> {
  const actions = group.flatMap(({ entities }) => entities.map((entity): TransactionAction => ["create", entity]));
  for (let refusals = 1; ; refusals += 1) {
    try {
      await confirmed(table, actions, timeoutMs);
      return "added";
    } catch (error) {
      if (hasStatus(error, 409)) return "exists";
      const refused = dataRefusal(error);
      if (refused === undefined) throw error;
      if (group.length > 1 || refusals >= REFUSALS_BELIEVED) return { refused };
    }
  }
}

/** Only its own row makes an incident known. One that cannot be stored without that row needs a person. */
function stuck({ id, partitionKey }: Addition): DependencyError {
  const problem = `incident ${id} of rule ${partitionKey} cannot be stored: other rows with its id are there without it`;
  return new DependencyError(TABLE_SERVICE, problem);
}
