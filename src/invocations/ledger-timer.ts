import { lateTimers } from "../core/ledger/timer-runs.ts";
import { HEALING_BUDGET_MS } from "../core/timing.ts";
import { DependencyError, reasonOf } from "../errors.ts";
import type { Services } from "../wiring.ts";
import { checkLedger } from "../workflows/healing/check-ledger.ts";
import { categoryHealth } from "../workflows/health/category-health.ts";
import { handleEvents } from "../workflows/detection/handle-events.ts";
import type { Log } from "./log.ts";

const CHUNK_EVENTS = 32;
/** No hub has more partitions, not even a dedicated one, so a random number below this can begin with any partition. */
const MAX_PARTITIONS = 1_024;

/** Finds the events that nobody has finished and reads them again. @throws the first failure, after everything else is done */
export async function runLedgerTimer(deps: Services, log: Log): Promise<void> {
  const { ledgerGraceSeconds, ledgerStallSeconds, auditEvents } = deps.config;
  const hub = await deps.openAuditHub();
  try {
    const { figures, partitionIds, stuck, failures } = await checkLedger(
      {
        ...deps,
        hub,
        async handle(events, how) {
          const healed = await handleEvents(events, deps, how);
          log.info(JSON.stringify({ event: "gap healed", ...healed }));
        },
        reportLost: (range) => log.error(JSON.stringify({ event: "events lost", ...range })),
      },
      {
        graceMs: ledgerGraceSeconds * 1_000,
        stallMs: ledgerStallSeconds * 1_000,
        retentionMs: auditEvents.retentionHours * 3_600_000,
        chunkEvents: CHUNK_EVENTS,
        until: deps.machine.now() + HEALING_BUDGET_MS,
        firstTurn: Math.floor(deps.machine.random() * MAX_PARTITIONS),
      },
    );
    for (const event of stuck) log.warn(JSON.stringify({ event: "event not stored", ...event }));
    const line = JSON.stringify({ event: "ledger checked", failures: failures.length, ...figures });
    if (figures.alert || failures.length > 0) log.warn(line);
    else log.info(line);
    const housekeeping = await Promise.allSettled([
      endRun(deps, log),
      reportSilence(deps, log),
      deps.suspects.sweep(),
      deps.ledger.forgetStatuses(partitionIds),
    ]);
    const [failure] = failures;
    if (failure !== undefined)
      throw new DependencyError("Ledger", `partition ${failure.partitionId}: ${reasonOf(failure.error)}`, {
        cause: failure.error,
      });
    for (const end of housekeeping) if (end.status === "rejected") throw end.reason;
  } finally {
    await hub.close();
  }
}

/** Notes that this run ended, and logs the timers that have missed runs. */
async function endRun({ timers, config, now }: Services, log: Log): Promise<void> {
  await timers.ended("ledger-timer", now());
  for (const late of lateTimers(await timers.runs(), config.timerSchedules, now().getTime()))
    log.warn(JSON.stringify({ event: "timer late", ...late }));
}

/** Logs the log categories that have been silent for too long. */
async function reportSilence({ sightings, ledger, now }: Services, log: Log): Promise<void> {
  const found = categoryHealth(await sightings.check(now()), await ledger.statuses(), now().getTime());
  for (const { isSilent, ...category } of found)
    if (isSilent) log.warn(JSON.stringify({ event: "category silent", ...category }));
}
