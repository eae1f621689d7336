import { valueText } from "../../src/core/value-text.ts";
import type { StoredIncident } from "../../src/core/incident/incident-row.ts";
import type { DetectDependencies } from "../../src/workflows/detection/detect-batch.ts";
import { TENANT } from "../samples.ts";
import { readyRule } from "../shipped-rule.ts";

export type Letter = Parameters<DetectDependencies["deadLetters"]["add"]>[0];

/** The stores that detection needs, in memory. Each adds a row or a dead letter only once. */
export function memoryStores() {
  const stored = new Map<string, StoredIncident>();
  const letters: Letter[] = [];
  const add = (incident: StoredIncident): "added" | "known" => {
    const id = `${valueText(incident.row["RuleId"])} ${valueText(incident.row["IncidentId"])}`;
    if (stored.has(id)) return "known";
    stored.set(id, incident);
    return "added";
  };
  const deps: DetectDependencies = {
    rules: [readyRule()],
    allowedTenantIds: new Set([TENANT]),
    incidents: { addAll: (incidents) => Promise.resolve(incidents.map(add)) },
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

/** Marks of suspects in memory, for workers that the test kills. */
export function memorySuspects() {
  const marks = new Map<string, { deaths: number; isDead: boolean; quarantined: boolean; together?: boolean }>();
  const log: string[] = [];
  return {
    marks,
    log,
    /** The worker is gone: what is marked now was not ended. */
    die() {
      for (const mark of marks.values()) mark.isDead = true;
    },
    suspects: {
      beginTogether(keys: readonly string[]) {
        const areNew = keys.every((key) => !marks.has(key));
        log.push(areNew ? `begin ${keys.length} together` : `do not begin ${keys.length} together`);
        if (areNew)
          for (const key of keys) marks.set(key, { deaths: 0, isDead: false, quarantined: false, together: true });
        return Promise.resolve(areNew);
      },
      endTogether(keys: readonly string[]) {
        log.push(`end ${keys.length} together`);
        for (const key of keys) marks.delete(key);
        return Promise.resolve();
      },
      begin(key: string) {
        log.push(`begin ${key.split("|", 1).join()}`);
        const mark = marks.get(key) ?? { deaths: 0, isDead: false, quarantined: false };
        if (mark.quarantined) return Promise.resolve({ outcome: "quarantined" } as const);
        const deaths = mark.deaths + (mark.isDead && mark.together !== true ? 1 : 0);
        marks.set(key, { deaths, isDead: false, quarantined: false });
        return Promise.resolve({ outcome: "begun", deaths } as const);
      },
      end(key: string) {
        log.push(`end ${key.split("|", 1).join()}`);
        marks.delete(key);
        return Promise.resolve();
      },
      quarantine(key: string) {
        marks.set(key, { deaths: 0, isDead: false, quarantined: true });
        return Promise.resolve();
      },
      known() {
        const all = [...marks];
        const quarantined = all.filter(([, mark]) => mark.quarantined).map(([key]) => key);
        const marked = all.filter(([, mark]) => !mark.quarantined).map(([key]) => key);
        return Promise.resolve({ quarantined: new Set(quarantined), marked: new Set(marked) });
      },
    },
  };
}
