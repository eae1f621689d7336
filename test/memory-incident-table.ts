import { incidentEntity, rowOfEntity } from "../src/azure/incident-entity.ts";
import type { IncidentTable } from "../src/azure/incident-table.ts";
import { text } from "../src/core/audit-log.ts";
import type { IncidentRow, StoredIncident } from "../src/core/incident-row.ts";

interface Waiting {
  readonly row: IncidentRow;
  readonly refusedReason?: string;
}

/** An incident table in memory. It passes the same contract tests as the real one against Azurite. */
export function memoryIncidentTable(): IncidentTable {
  const incidents = new Map<string, StoredIncident>();
  const outbox = new Map<string, Waiting>();
  const waiting = (ruleId: string) =>
    [...outbox].toSorted(([a], [b]) => compare(a, b)).filter(([, { row }]) => row["RuleId"] === ruleId);
  const add = (incident: StoredIncident): "added" | "known" => {
    const key = incidentKey(incident.row["RuleId"], incident.row["IncidentId"]);
    if (incidents.has(key)) return "known";
    incidents.set(key, structuredClone(incident));
    outbox.set(outboxKey(incident.row), { row: structuredClone(incident.row) });
    return "added";
  };

  return {
    create: () => Promise.resolve(),
    addAll: (all) => Promise.resolve(all.map(add)),
    get: (ruleId, id) => Promise.resolve(structuredClone(incidents.get(incidentKey(ruleId, id)))),
    async *list(ruleId) {
      const rows = [...incidents.values()].map(({ row }) => row).filter((row) => row["RuleId"] === ruleId);
      const newestFirst = rows.toSorted(
        (a, b) => activityTime(b) - activityTime(a) || compare(text(a["IncidentId"]), text(b["IncidentId"])),
      );
      for (const row of newestFirst) yield rowOfEntity(incidentEntity({ partitionKey: "", rowKey: "" }, row, "listed"));
    },
    pending(ruleId, { limit, queuedBefore }) {
      const due = waiting(ruleId)
        .map(([, { row, refusedReason }]) => ({ row, refusedReason }))
        .filter(({ row, refusedReason }) => {
          const made = Date.parse(text(row["TimeGenerated"])) - queuedBefore.getTime();
          return refusedReason === undefined && (made < 0 || made >= 3_600_000);
        });
      return Promise.resolve(due.slice(0, limit).map(({ row }) => structuredClone(row)));
    },
    markForwarded(row) {
      outbox.delete(outboxKey(row));
      return Promise.resolve();
    },
    markRefused(row, reason) {
      const entry = outbox.get(outboxKey(row));
      if (entry !== undefined) outbox.set(outboxKey(row), { row: entry.row, refusedReason: reason });
      return Promise.resolve();
    },
    outboxSize(ruleId) {
      const all = waiting(ruleId);
      const refused = all.filter(([, { refusedReason }]) => refusedReason !== undefined).length;
      return Promise.resolve({ pending: all.length - refused, refused });
    },
  };
}

function incidentKey(ruleId: unknown, id: unknown): string {
  return JSON.stringify([ruleId, id]);
}

function outboxKey(row: IncidentRow): string {
  return JSON.stringify([row["RuleId"], row["IncidentId"], row["Revision"]]);
}

/** Without a time that can be read, as old as 1970. */
function activityTime(row: IncidentRow): number {
  return Date.parse(text(row["ActivityDateTime"])) || 0;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
