import { incidentIdOf, INCIDENT_ROWS, incidentKeys, LISTED_ROWS, listedKeys } from "../tables/row-keys.ts";
import type { Entity, TableRows } from "../tables/table-rows.ts";
import { incidentEntity, rowOfEntity } from "./incident-entity.ts";
import { knownIncidents } from "./known-incidents.ts";

/** An incident that lists may omit or show in an old state. */
export interface Unlisted {
  readonly ruleId: string;
  readonly incidentId: string;
  /** The key of its row that lists are made from. */
  readonly rowKey: string;
  /** Keys of other rows that show the same incident. */
  readonly misplaced: readonly string[];
}

export interface ListCheck {
  readonly unlisted: readonly Unlisted[];
  /** The number of incidents that lists show although their own row does not exist. */
  readonly orphaned: number;
}

/** The row that lists are made from: its expected key, and the rows found. */
interface Listing {
  readonly rowKey: string;
  readonly revision: unknown;
  foundRevision?: unknown;
  readonly misplaced: string[];
}

/**
 * Compares the rows that lists show (`time|…`) with the stored incidents (`incident|…`).
 *
 * The app writes both in one transaction. They differ if somebody deleted or copied rows, or restored a part of the
 * table. Rows `record|…` are not compared: they cannot be made again, and the comparison would read every audit record.
 */
export function incidentLists(table: TableRows) {
  const rowsOf = (ruleId: string, prefix: string): AsyncGenerator<Entity> =>
    table.list({ partitionKey: ruleId, prefix, select: ["RowKey", "Revision", "ActivityDateTime"] });

  async function listings(ruleId: string): Promise<Map<string, Listing>> {
    const all = new Map<string, Listing>();
    for await (const { rowKey, Revision: revision, ActivityDateTime = null } of rowsOf(ruleId, INCIDENT_ROWS)) {
      const incidentId = incidentIdOf(String(rowKey));
      const listed = listedKeys({
        RuleId: ruleId,
        IncidentId: incidentId,
        ActivityDateTime: String(ActivityDateTime),
      });
      all.set(incidentId, { rowKey: listed.rowKey, revision, misplaced: [] });
    }
    return all;
  }

  /** Notes each row that lists are made from. @returns the ids of incidents that have such a row but are not in `all` */
  async function noteListed(ruleId: string, all: ReadonlyMap<string, Listing>): Promise<string[]> {
    const strangers = new Set<string>();
    for await (const { rowKey, Revision } of rowsOf(ruleId, LISTED_ROWS)) {
      const incidentId = incidentIdOf(String(rowKey));
      const listing = all.get(incidentId);
      if (listing === undefined) strangers.add(incidentId);
      else if (listing.rowKey === rowKey) listing.foundRevision = Revision;
      else listing.misplaced.push(String(rowKey));
    }
    return [...strangers];
  }

  return {
    /** Compares all rows of a rule. Incidents stored or changed meanwhile may be among the unlisted. */
    async check(ruleId: string): Promise<ListCheck> {
      const all = await listings(ruleId);
      const strangers = await noteListed(ruleId, all);
      const added = await knownIncidents(table, { ruleId, ids: strangers });
      const unlisted = [...all]
        .filter(([, { revision, foundRevision, misplaced }]) => foundRevision !== revision || misplaced.length > 0)
        .map(([incidentId, { rowKey, misplaced }]) => ({ ruleId, incidentId, rowKey, misplaced }));
      return { unlisted, orphaned: strangers.length - added.size };
    },

    /** Makes lists show an incident as its own row does. A change that an analyst makes at the same time stands. */
    async relist({ ruleId, incidentId, rowKey, misplaced }: Unlisted): Promise<"relisted" | "listed"> {
      const keys = { partitionKey: ruleId, rowKey };
      const shown = await table.get(keys); // first: a change after this gives the row another ETag
      const incident = await table.get(incidentKeys(ruleId, incidentId));
      if (incident === undefined) return "listed";
      const isRight = shown !== undefined && shown["Revision"] === incident["Revision"];
      if (!isRight) {
        const listed = incidentEntity(keys, rowOfEntity(incident), "listed");
        // If somebody else was first, their change stands.
        if (shown === undefined) await table.insert(listed);
        else await table.replace(listed, shown.etag);
      }
      for (const key of misplaced) await table.remove({ partitionKey: ruleId, rowKey: key });
      return isRight && misplaced.length === 0 ? "listed" : "relisted";
    },
  };
}
