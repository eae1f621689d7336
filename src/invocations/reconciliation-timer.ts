import { throwFirst } from "../core/do-each.ts";
import type { Services } from "../wiring.ts";
import { isAmiss, reconcile } from "../workflows/delivery/reconcile.ts";
import type { Log } from "./log.ts";

/** Queues incidents that nobody sent, and mends lists. @throws the first error, after everything else is done */
export async function runReconciliationTimer(deps: Services, log: Log): Promise<void> {
  const { figures, errors } = await reconcile(deps);
  const line = JSON.stringify({ event: "reconciled", ...figures });
  if (isAmiss(figures)) log.warn(line);
  else log.info(line);
  await deps.timers.ended("reconciliation-timer", deps.now());
  throwFirst(errors);
}
