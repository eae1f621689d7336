import { throwFirst } from "../core/do-each.ts";
import type { Services } from "../wiring.ts";
import { sweepOutbox } from "../workflows/delivery/sweep-outbox.ts";
import type { Log } from "./log.ts";

/** Sends the rows that invocations left in the outbox. @throws the first error, after everything else is done */
export async function runOutboxTimer(deps: Services, log: Log): Promise<void> {
  const queuedBefore = new Date(deps.machine.now() - deps.config.outboxMinimumAgeSeconds * 1_000);
  const { figures, errors } = await sweepOutbox(deps, queuedBefore);
  log.info(JSON.stringify({ event: "outbox swept", ...figures }));
  await deps.timers.ended("outbox-timer", deps.now());
  throwFirst(errors);
}
