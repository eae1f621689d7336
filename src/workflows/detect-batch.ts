import { readEventBody } from "../core/event-body.ts";
import type { HubPosition } from "../core/incident.ts";
import type { StoredIncident } from "../core/incident-row.ts";
import { judge, type JudgeDependencies } from "./judge-record.ts";

export type { ReadyRule } from "../core/ready-rule.ts";

/** An event as the hub delivers it. */
export interface HubEvent {
  readonly body: Uint8Array;
  readonly position: HubPosition;
}

export interface DetectDependencies extends JudgeDependencies {
  readonly incidents: { add(incident: StoredIncident): Promise<"added" | "known"> };
  readonly deadLetters: {
    add(letter: { bytes: Uint8Array; reason: string; position: HubPosition }): Promise<void>;
  };
}

/** received = matched + notMatched + skipped + deadLettered, whatever the data: each record has one fate. */
export interface BatchFigures {
  readonly events: number;
  /** Records, and one for each stretch of bytes that is none. */
  readonly received: number;
  readonly matched: number;
  readonly notMatched: number;
  /** Records of other categories in the same hub. */
  readonly skipped: number;
  /** Also a record on which a rule failed, though other rules may have found incidents in it. */
  readonly deadLettered: number;
  /** Incidents that were stored, and those that were there already. A record can give several. */
  readonly stored: number;
  readonly known: number;
}

export interface BatchOutcome {
  readonly figures: BatchFigures;
  readonly added: readonly StoredIncident[];
}

/**
 * Runs every rule over a batch of events and stores what they find.
 *
 * Safe to run twice, and at the same time, on the same events. Bad data is kept as dead letters and never
 * fails the batch; a dependency that does not answer rejects, so that the host delivers the batch again.
 */
export async function detectBatch(events: readonly HubEvent[], deps: DetectDependencies): Promise<BatchOutcome> {
  const figures = { received: 0, matched: 0, notMatched: 0, skipped: 0, deadLettered: 0, stored: 0, known: 0 };
  const added: StoredIncident[] = [];
  for (const { body, position } of events) {
    const { records, unreadable } = readEventBody(body);
    figures.received += records.length + unreadable.length;
    for (const { bytes, reason } of unreadable) {
      await deps.deadLetters.add({ bytes, reason, position });
      figures.deadLettered += 1;
    }
    for (const source of records) {
      const verdict = judge(source, position, deps);
      figures[verdict.fate] += 1;
      for (const { incident } of verdict.found) {
        const outcome = await deps.incidents.add(incident);
        figures[outcome === "added" ? "stored" : "known"] += 1;
        if (outcome === "added") added.push(incident);
      }
      if (verdict.fate === "deadLettered")
        await deps.deadLetters.add({ bytes: source.bytes(), reason: verdict.reason, position });
    }
  }
  return { figures: { events: events.length, ...figures }, added };
}
