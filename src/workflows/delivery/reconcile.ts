import { doEach } from "../../core/do-each.ts";
import type { Sink, SinkAccounts } from "./sink.ts";

export interface ReconcileDependencies {
  /** Each has a partition of its own. */
  ruleIds(how: { readonly fresh: boolean }): Promise<readonly string[]>;
  readonly sinks: readonly (Pick<Sink, "takes"> & { readonly outbox: SinkAccounts })[];
  readonly lists: {
    check(ruleId: string): Promise<{ unlisted: readonly Unlisted[]; orphaned: number }>;
    relist(unlisted: Unlisted): Promise<"relisted" | "listed">;
  };
}

interface Unlisted {
  readonly ruleId: string;
  readonly incidentId: string;
  readonly rowKey: string;
  readonly misplaced: readonly string[];
}

/** Sums over the sinks that take every revision. */
export interface Reconciled {
  readonly incidents: number;
  readonly waiting: number;
  readonly acknowledged: number;
  /** Stored, and neither waiting nor acknowledged: they wait again now. */
  readonly requeued: number;
  /** Stored, and not shown by lists as they are: they are now. */
  readonly relisted: number;
  /** Shown by lists, and not stored: only a person can tell what became of them. */
  readonly orphaned: number;
}

export interface Reconciliation {
  readonly figures: Reconciled;
  /** What could not be read or mended. All else is done; the caller fails. */
  readonly errors: readonly unknown[];
}

/**
 * Compares what is stored with what the sinks acknowledged and with what lists show. It queues again and lists again
 * what is missing.
 *
 * Nothing of ours makes a row leave the outbox without an acknowledgement. This is for what is not of ours: rows
 * deleted by hand, a table that was restored, a mistake in a later version.
 */
export async function reconcile({ ruleIds, sinks, lists }: ReconcileDependencies): Promise<Reconciliation> {
  const figures = { incidents: 0, waiting: 0, acknowledged: 0, requeued: 0, relisted: 0, orphaned: 0 };
  const errors: unknown[] = [];

  async function mend<T>(faults: readonly T[], one: (fault: T) => Promise<void>): Promise<void> {
    errors.push(...(await doEach(faults, one)).errors);
  }

  async function reconcileAccounts(ruleId: string, outbox: SinkAccounts): Promise<void> {
    const { incidents, waiting, acknowledged, unaccounted } = await outbox.accounts(ruleId);
    figures.incidents += incidents;
    figures.waiting += waiting;
    figures.acknowledged += acknowledged;
    await mend(unaccounted, async (missing) => {
      if ((await outbox.requeue(missing)) === "requeued") figures.requeued += 1;
    });
  }

  async function reconcileLists(ruleId: string): Promise<void> {
    const { unlisted, orphaned } = await lists.check(ruleId);
    figures.orphaned += orphaned;
    await mend(unlisted, async (incident) => {
      if ((await lists.relist(incident)) === "relisted") figures.relisted += 1;
    });
  }

  const rules = await ruleIds({ fresh: true });
  for (const { takes, outbox } of sinks)
    if (takes === "every revision") await mend(rules, (ruleId) => reconcileAccounts(ruleId, outbox));
  await mend(rules, reconcileLists);
  return { figures, errors };
}

/** Whether somebody has to look. */
export function isAmiss({ requeued, relisted, orphaned }: Reconciled): boolean {
  return requeued + relisted + orphaned > 0;
}
