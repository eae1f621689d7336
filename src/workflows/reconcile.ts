export interface ReconcileDependencies {
  /** Each has a partition of its own. */
  ruleIds(how: { readonly fresh: boolean }): Promise<readonly string[]>;
  readonly accounts: {
    of(ruleId: string): Promise<{
      incidents: number;
      waiting: number;
      acknowledged: number;
      unaccounted: readonly { ruleId: string; incidentId: string; revision: string }[];
    }>;
    requeue(missing: { ruleId: string; incidentId: string; revision: string }): Promise<"requeued" | "accounted for">;
  };
}

export interface Reconciled {
  readonly incidents: number;
  readonly waiting: number;
  readonly acknowledged: number;
  /** Stored, and neither waiting nor acknowledged: they wait again now. */
  readonly requeued: number;
}

/**
 * Compares what is stored with what Log Analytics acknowledged, and queues again what is missing.
 *
 * Nothing of ours makes a row leave the outbox without an acknowledgement. This is for what is not of ours: rows
 * deleted by hand, a table that was restored, a mistake in a later version.
 */
export async function reconcile({ ruleIds, accounts }: ReconcileDependencies): Promise<Reconciled> {
  const total = { incidents: 0, waiting: 0, acknowledged: 0, requeued: 0 };
  for (const ruleId of await ruleIds({ fresh: true })) {
    const { incidents, waiting, acknowledged, unaccounted } = await accounts.of(ruleId);
    total.incidents += incidents;
    total.waiting += waiting;
    total.acknowledged += acknowledged;
    for (const missing of unaccounted) if ((await accounts.requeue(missing)) === "requeued") total.requeued += 1;
  }
  return total;
}
