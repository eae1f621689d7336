import type { IncidentRow } from "../core/incident-row.ts";
import { type ForwardDependencies, type Forwarded, forwardRows } from "./forward-rows.ts";
import { type OutboxAgeDependencies, outboxAgeSeconds } from "./outbox-age.ts";

export interface SweepDependencies extends ForwardDependencies, OutboxAgeDependencies {
  ruleIds(how?: { readonly fresh: boolean }): Promise<readonly string[]>;
  readonly outbox: ForwardDependencies["outbox"] & {
    pending(ruleId: string, which: { limit: number; queuedBefore: Date }): Promise<IncidentRow[]>;
  };
}

export interface SweepLimits {
  /** Only rows queued before this time: younger ones are still with the invocation that made them. */
  readonly queuedBefore: Date;
  /** Rows read at a time. */
  readonly pageSize: number;
}

export interface Swept extends Forwarded {
  /** How long the oldest row has waited that a sweep which stopped early left behind. 0 after one that did not. */
  readonly oldestSeconds: number;
}

/** Forwards what an invocation could not: rows left in the outbox by a crash or an endpoint that was down. */
export async function sweepOutbox(deps: SweepDependencies, limits: SweepLimits): Promise<Swept> {
  const done = await forwardWaiting(deps, limits);
  return { ...done, oldestSeconds: done.stopped === undefined ? 0 : await outboxAgeSeconds(deps) };
}

async function forwardWaiting(deps: SweepDependencies, limits: SweepLimits): Promise<Forwarded> {
  let total: Forwarded = { forwarded: 0, refused: 0 };
  for (const ruleId of await deps.ruleIds({ fresh: true })) {
    let page: IncidentRow[];
    do {
      page = await deps.outbox.pending(ruleId, { limit: limits.pageSize, queuedBefore: limits.queuedBefore });
      const { forwarded, refused, stopped } = await forwardRows(page, deps);
      total = { forwarded: total.forwarded + forwarded, refused: total.refused + refused };
      if (stopped !== undefined) return { ...total, stopped };
    } while (page.length === limits.pageSize);
  }
  return total;
}
