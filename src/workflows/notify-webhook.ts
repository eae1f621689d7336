import { text } from "../core/audit-log.ts";
import type { IncidentRow, StoredIncident } from "../core/incident-row.ts";
import { DependencyError } from "../errors.ts";
import type { Forwarded } from "./forward-rows.ts";

export interface NotifyDependencies {
  readonly webhook?:
    | {
        readonly outbox: {
          pending(ruleId: string, which: { limit: number; queuedBefore: Date }): Promise<IncidentRow[]>;
          markForwarded(row: IncidentRow): Promise<void>;
          markRefused(row: IncidentRow, reason: string): Promise<void>;
        };
        post(row: IncidentRow): Promise<{ outcome: "accepted" | "refused"; reason?: string }>;
      }
    | undefined;
  now(): Date;
}

export interface NotifySweepDependencies extends NotifyDependencies {
  /** Rules whose incidents may wait; each has a partition of its own. */
  ruleIds(how: { readonly fresh: boolean }): Promise<readonly string[]>;
  readonly incidents: { get(ruleId: string, id: string): Promise<StoredIncident | undefined> };
}

interface Budget {
  readonly milliseconds: number;
}

const NOTHING: Forwarded = { forwarded: 0, refused: 0 };
const OUT_OF_TIME = "out of time";
const PAGE_SIZE = 100;

/**
 * Tells the webhook of incidents, one at a time, until the time is up. What is not taken stays in its outbox: each is
 * told of at least once. Where there is no webhook nothing is done.
 *
 * It comes after Log Analytics, and its time is bounded: a webhook that is slow or down holds up nothing else.
 */
export async function notifyWebhook(
  rows: readonly IncidentRow[],
  deps: NotifyDependencies,
  { milliseconds }: Budget,
): Promise<Forwarded> {
  const { webhook } = deps;
  if (webhook === undefined) return NOTHING;
  const until = deps.now().getTime() + milliseconds;
  const count = { forwarded: 0, refused: 0 };
  for (const row of rows) {
    if (deps.now().getTime() > until) return { ...count, stopped: OUT_OF_TIME };
    let answer;
    try {
      answer = await webhook.post(row);
    } catch (error) {
      if (error instanceof DependencyError) return { ...count, stopped: error.message };
      throw error;
    }
    if (answer.outcome === "accepted") {
      await webhook.outbox.markForwarded(row);
      count.forwarded += 1;
    } else {
      await webhook.outbox.markRefused(row, answer.reason ?? "refused");
      count.refused += 1;
    }
  }
  return count;
}

/** Tells of the incidents that an invocation could not tell of. They are told of as they are now. */
export async function sweepWebhook(
  deps: NotifySweepDependencies,
  { queuedBefore, milliseconds }: Budget & { readonly queuedBefore: Date },
): Promise<Forwarded> {
  const { webhook } = deps;
  if (webhook === undefined) return NOTHING;
  const until = deps.now().getTime() + milliseconds;
  let total = NOTHING;
  for (const ruleId of await deps.ruleIds({ fresh: true })) {
    let waiting: IncidentRow[];
    do {
      waiting = await webhook.outbox.pending(ruleId, { limit: PAGE_SIZE, queuedBefore });
      for (const pointer of waiting) {
        const incident = await deps.incidents.get(ruleId, text(pointer["IncidentId"]));
        // Its place in the outbox is that of the revision that was queued.
        const row = incident && { ...incident.row, Revision: pointer["Revision"] ?? null };
        if (row === undefined) {
          await webhook.outbox.markForwarded(pointer); // deleted by hand: there is nothing to tell
          continue;
        }
        const budget = { milliseconds: until - deps.now().getTime() };
        const { forwarded, refused, stopped } = await notifyWebhook([row], deps, budget);
        total = { forwarded: total.forwarded + forwarded, refused: total.refused + refused };
        if (stopped !== undefined) return { ...total, stopped };
      }
    } while (waiting.length === PAGE_SIZE);
  }
  return total;
}
