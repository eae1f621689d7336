import { odata } from "@azure/data-tables";
import type { IncidentRow, StoredIncident, StoreOutcome } from "../../core/incident/incident-row.ts";
import { valueText } from "../../core/value-text.ts";
import { SINKS_ALWAYS_ON } from "../../core/incident/sinks.ts";
import { identityOf, INCIDENT_ROWS, incidentKeys, LISTED_ROWS, listedKeys, recordKeys } from "../tables/row-keys.ts";
import { assertWithinTableLimits } from "../tables/table-limits.ts";
import type { TableRows } from "../tables/table-rows.ts";
import { type Addition, storeMissing } from "./incident-additions.ts";
import type { KnownIncident } from "./known-incidents.ts";
import { incidentEntity, recordEntity, rowOfEntity, textOfRecordEntity } from "./incident-entity.ts";
import { incidentOutbox } from "./incident-outbox.ts";
import { outboxRows } from "./outbox-entity.ts";

/**
 * Incidents, and the outbox of incidents that a sink does not have yet.
 *
 * All rows of one incident share a partition. One transaction writes them, with those of other incidents if they fit,
 * so an incident is never stored twice or without its outbox row. incident-pages.ts makes lists; incident-changes.ts, changes.
 *
 * @param sinks the sinks that new incidents are queued for
 */
export function incidentTable(table: TableRows, sinks = SINKS_ALWAYS_ON) {
  function additionOf({ row, record }: StoredIncident): Addition {
    const { ruleId, id } = identityOf(row);
    const entities = [
      incidentEntity(incidentKeys(ruleId, id), row),
      incidentEntity(listedKeys(row), row, "listed"),
      recordEntity(recordKeys(ruleId, id), record),
      ...outboxRows(row, "new", sinks),
    ];
    const bytes = entities.reduce((sum, entity) => sum + assertWithinTableLimits(entity), 0);
    return { partitionKey: ruleId, id, contentHash: valueText(row["ContentHash"]), entities, bytes };
  }

  /** Rows beyond the service's limits are a bug of ours, which must not hold up their partition for ever. */
  function additionOrRefusal(incident: StoredIncident): Addition | { readonly refused: string } {
    try {
      return additionOf(incident);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return { refused: error.message };
    }
  }

  return {
    /** Makes the table unless it exists. For local runs: in Azure, Bicep makes it. */
    async create(): Promise<void> {
      await table.make();
    },

    /**
     * Stores incidents and queues them for forwarding, unless they are stored already. It stores those of a rule together,
     * in as few transactions as the service's limits allow.
     *
     * "known" may also mean our own write whose answer was lost: then its row waits in the outbox for the sweep.
     *
     * @returns the outcomes in the order given. If an id comes twice, the second is known or has other content. An incident
     *   that the table never accepts is refused, and one that cannot be stored now has failed; neither holds up another
     * @throws when no incident can be stored, or the table does not answer; then each is stored whole or not at all
     */
    async addAll(incidents: readonly StoredIncident[]): Promise<readonly StoreOutcome[]> {
      const additions = incidents.map(additionOrRefusal);
      const once = new Map<string, Addition>(); // the service always refuses a transaction that names a row twice
      for (const addition of additions)
        if ("id" in addition && !once.has(keyOf(addition))) once.set(keyOf(addition), addition);
      const outcomes = await storeMissing(table, [...once.values()]);
      return additions.map((addition) => {
        if ("refused" in addition) return addition;
        const first = once.get(keyOf(addition)) ?? addition;
        const outcome = outcomes.get(first) ?? { failed: new Error("the store gave no outcome") };
        if (outcome === "added") return first === addition ? "added" : knownAs(first, addition);
        return "known" in outcome ? knownAs(outcome.known, addition) : outcome;
      });
    },

    /** One incident with its audit record, or undefined. */
    async get(ruleId: string, id: string): Promise<StoredIncident | undefined> {
      const row = await table.get(incidentKeys(ruleId, id));
      if (row === undefined) return undefined;
      const record = await table.get(recordKeys(ruleId, id));
      return { row: rowOfEntity(row), record: textOfRecordEntity(record ?? {}) };
    },

    /** Every incident of a rule, newest activity first, each with the columns that lists show. */
    async *list(ruleId: string): AsyncGenerator<IncidentRow> {
      for await (const entity of table.list({ partitionKey: ruleId, prefix: LISTED_ROWS })) yield rowOfEntity(entity);
    },

    /** The incidents of a rule that were detected from a time on: their tenants, and when their events reached the hub. */
    async *detectedSince(
      ruleId: string,
      since: Date,
    ): AsyncGenerator<{ readonly tenant: string; readonly at: number }> {
      const where = [odata`DetectedTime ge ${since.toISOString().slice(0, SECONDS)}`];
      const select = ["EntraTenantId", "EventHubEnqueuedTime", "DetectedTime"];
      for await (const row of table.list({ partitionKey: ruleId, prefix: INCIDENT_ROWS, where, select })) {
        const reached = Date.parse(String(row["EventHubEnqueuedTime"]));
        const at = Number.isNaN(reached) ? Date.parse(String(row["DetectedTime"])) : reached;
        yield { tenant: String(row["EntraTenantId"]), at };
      }
    },

    ...incidentOutbox(table, "log-analytics"),
  };
}

/** Length of an ISO 8601 time up to its seconds, which sorts before the same second with a fraction of any length. */
const SECONDS = 19;

/** An incident of an older version has no hash. */
function knownAs(stored: KnownIncident, { contentHash }: KnownIncident): "known" | "otherContent" {
  return stored.contentHash === "" || stored.contentHash === contentHash ? "known" : "otherContent";
}

/** A table key cannot contain a slash. */
function keyOf({ partitionKey, id }: Addition): string {
  return `${partitionKey}/${id}`;
}

export type IncidentTable = ReturnType<typeof incidentTable>;
