import { MOST_NAMED_ROWS, type UntakenRow, type WaitingRows } from "../../core/incident/outbox.ts";

export interface OutboxStateDependencies {
  readonly outbox: { waiting(ruleId: string, limit?: number): Promise<WaitingRows> };
  /** Each has a partition of its own. */
  readonly ruleIds: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
  /** No more rows are counted, so that the question ends soon however many wait. All are, where it is not given. */
  readonly limit?: number;
}

export interface OutboxState extends Omit<WaitingRows, "oldest"> {
  /** How long the oldest row that is still to be sent has waited; 0 where none waits. */
  readonly oldestSeconds: number;
}

/** What waits for one sink, of all rules together. */
export async function outboxState(deps: OutboxStateDependencies): Promise<OutboxState> {
  const { outbox, ruleIds, now, limit = Infinity } = deps;
  const total = { pending: 0, failing: 0, refused: 0, oldestSeconds: 0 };
  const untaken: UntakenRow[] = [];
  for (const ruleId of ruleIds) {
    const left = limit - total.pending - total.refused;
    if (left <= 0) break;
    const { pending, failing, refused, oldest = "", ...found } = await outbox.waiting(ruleId, left);
    total.pending += pending;
    total.failing += failing;
    total.refused += refused;
    untaken.push(...found.untaken.slice(0, MOST_NAMED_ROWS - untaken.length));
    const queued = Date.parse(oldest);
    if (!Number.isNaN(queued)) total.oldestSeconds = Math.max(total.oldestSeconds, Math.round((now - queued) / 1_000));
  }
  return { ...total, untaken };
}
