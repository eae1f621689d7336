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

/** Sums over the sinks that get every revision. */
export interface Reconciled {
  readonly incidents: number;
  readonly waiting: number;
  readonly acknowledged: number;
  /** Stored incidents that were neither waiting nor acknowledged, and now wait again. */
  readonly requeued: number;
  /** Stored incidents that lists did not show correctly, and now do. */
  readonly relisted: number;
  /** Incidents that lists show but that are not stored. Only a person can find out why. */
  readonly orphaned: number;
}

export interface Reconciliation {
  readonly figures: Reconciled;
  /** Errors of reading and repairing. All else is done; the caller fails. */
  readonly errors: readonly unknown[];
}

/**
 * Compares the stored incidents with the acknowledgements of sinks and with the rows of lists. It queues and lists missing
 * ones again.
 *
 * pimwatch itself never removes a row from the outbox without an acknowledgement. This repairs other damage: rows deleted
 * by hand, a restored table, a bug in a later version.
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

/** Whether a person should look. */
export function isAmiss({ requeued, relisted, orphaned }: Reconciled): boolean {
  return requeued + relisted + orphaned > 0;
}
