import { app, type InvocationContext, type Timer } from "@azure/functions";
import { DependencyError } from "../errors.ts";
import { checkLedger } from "../workflows/check-ledger.ts";
import { handleEvents } from "../workflows/handle-events.ts";
import { settled } from "./settled.ts";

/** Reading again is begun for so long; what is left waits for the next run. Well below the deadline of `settled`. */
const BUDGET_MS = 120_000;
const CHUNK_EVENTS = 32;

app.timer("ledger-timer", {
  schedule: "%LEDGER_TIMER_SCHEDULE%",
  handler: (_timer: Timer, context: InvocationContext) => settled(() => check(context)),
});

async function check(context: InvocationContext): Promise<void> {
  const { services } = await import("../services.ts");
  const deps = await services();
  const { ledgerGraceSeconds, ledgerStallSeconds, auditEvents } = deps.config;
  const hub = await deps.openAuditHub();
  try {
    const { figures, lost, failures } = await checkLedger(
      {
        ...deps,
        hub,
        async handle(events, how) {
          const healed = await handleEvents(events, deps, how);
          context.info(JSON.stringify({ event: "gap healed", ...healed }));
        },
      },
      {
        graceMs: ledgerGraceSeconds * 1_000,
        stallMs: ledgerStallSeconds * 1_000,
        retentionMs: auditEvents.retentionHours * 3_600_000,
        chunkEvents: CHUNK_EVENTS,
        until: Date.now() + BUDGET_MS,
      },
    );
    for (const range of lost) context.error(JSON.stringify({ event: "events lost", ...range }));
    const line = JSON.stringify({ event: "ledger checked", failures: failures.length, ...figures });
    if (figures.alert || failures.length > 0) context.warn(line);
    else context.info(line);
    const [failure] = failures;
    if (failure !== undefined)
      throw new DependencyError("Ledger", `partition ${failure.partitionId}: ${String(failure.error)}`, {
        cause: failure.error,
      });
    await deps.suspects.sweep(); // last: were it to fail, what was found above would never be said
  } finally {
    await hub.close();
  }
}
