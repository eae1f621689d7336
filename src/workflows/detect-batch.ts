import { readEventBody } from "../core/event-body.ts";
import { type Candidates, candidateRecords } from "../core/scan/candidate-records.ts";
import type { LiteralScan } from "../core/scan/literal-scan.ts";
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
  /** Finds what the rules' matches must hold. Undefined: every record is read. */
  readonly scan?: LiteralScan | undefined;
  readonly incidents: { add(incident: StoredIncident): Promise<"added" | "known"> };
  readonly deadLetters: {
    add(letter: { bytes: Uint8Array; reason: string; position: HubPosition }): Promise<void>;
  };
}

/** received = matched + notMatched + skipped + ruledOut + deadLettered, whatever the data: each record has one fate. */
export interface BatchFigures {
  readonly events: number;
  /**
   * Events, among these, whose bytes hold nothing that a match must hold. They are not looked into: neither are their
   * records counted, nor is it noticed where one of them is malformed.
   */
  readonly passedOver: number;
  /** Records of the other events, and one for each stretch of bytes that is none. */
  readonly received: number;
  readonly matched: number;
  readonly notMatched: number;
  /** Records of other categories in the same hub. */
  readonly skipped: number;
  /** Records beside those that hold what a match must hold; they were not parsed. */
  readonly ruledOut: number;
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
  const figures = { ...NOTHING };
  const added: StoredIncident[] = [];
  for (const { body, position } of events) {
    const candidates = deps.scan ? candidateRecords(body, deps.scan) : allRecords(body);
    if (candidates === undefined) {
      figures.passedOver += 1;
      continue;
    }
    const { records, unreadable, ruledOut } = candidates;
    figures.received += records.length + unreadable.length + ruledOut;
    figures.ruledOut += ruledOut;
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

const NOTHING = {
  passedOver: 0,
  received: 0,
  matched: 0,
  notMatched: 0,
  skipped: 0,
  ruledOut: 0,
  deadLettered: 0,
  stored: 0,
  known: 0,
};

function allRecords(body: Uint8Array): Candidates {
  return { ...readEventBody(body), ruledOut: 0 };
}
