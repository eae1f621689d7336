import { text } from "../../src/core/audit-log.ts";
import type { StoredIncident } from "../../src/core/incident-row.ts";
import type { DetectDependencies } from "../../src/workflows/detect-batch.ts";
import { TENANT } from "../samples.ts";
import { readyRule } from "../shipped-rule.ts";

export type Letter = Parameters<DetectDependencies["deadLetters"]["add"]>[0];

/** What detection needs, kept in memory: a row is added once, a dead letter is kept once for its bytes. */
export function memoryStores() {
  const stored = new Map<string, StoredIncident>();
  const letters: Letter[] = [];
  const deps: DetectDependencies = {
    rules: [readyRule()],
    allowedTenantIds: new Set([TENANT]),
    incidents: {
      add: (incident) => {
        const id = `${text(incident.row["RuleId"])} ${text(incident.row["IncidentId"])}`;
        if (stored.has(id)) return Promise.resolve("known");
        stored.set(id, incident);
        return Promise.resolve("added");
      },
    },
    deadLetters: {
      add: (letter) => {
        letters.push(letter);
        return Promise.resolve();
      },
    },
    now: () => new Date("2026-03-04T09:14:01Z"),
  };
  return { deps, stored, letters };
}
