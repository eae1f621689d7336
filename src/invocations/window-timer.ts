import { throwFirst } from "../core/do-each.ts";
import { WINDOWS_BUDGET_MS } from "../core/timing.ts";
import { dateOf } from "../kql/run/time.ts";
import type { Services } from "../wiring.ts";
import { revise } from "../workflows/windows/revise.ts";
import { runWindows } from "../workflows/windows/run-windows.ts";
import type { Log } from "./log.ts";

/** More windows than an app has. */
const MANY = 1_000_000;

/** Evaluates the rules that need several events. @throws the first error, after everything else is done */
export async function runWindowTimer(deps: Services, log: Log): Promise<void> {
  const { figures, failed, errors } = await runWindows(
    { ...deps, revise: (incident) => revise(incident, deps) },
    {
      until: deps.machine.now() + WINDOWS_BUDGET_MS,
      firstTurn: Math.floor(deps.machine.random() * MANY),
      retentionMs: deps.config.auditEvents.retentionHours * 3_600_000,
    },
  );
  for (const { instant, ...failure } of failed)
    log.error(JSON.stringify({ event: "window not evaluated", ...failure, instant: dateOf(instant).toISOString() }));
  log.info(JSON.stringify({ event: "windows evaluated", ...figures, failed: failed.length }));
  await deps.timers.ended("window-timer", deps.now());
  throwFirst(errors);
}
