import type { Log } from "./log.ts";
import { HEALTH_FRESH_FOR_MS, HEALTH_LATE_AFTER_MS } from "../core/timing.ts";
import { PimwatchError, SettingsError } from "../errors.ts";
import { VERSION } from "../version.ts";
import type { AppHealth } from "../workflows/health/health-api.ts";
import type { Problem } from "../workflows/health/hub-health.ts";
import { keptAnswer } from "../workflows/health/kept-answer.ts";
import { MACHINE } from "../machine.ts";
import { pipelineHealth } from "../workflows/health/pipeline-health.ts";

const health = keptAnswer<AppHealth>({
  ask: readHealth,
  freshForMs: HEALTH_FRESH_FOR_MS,
  late: {
    afterMs: HEALTH_LATE_AFTER_MS,
    answer: down([
      {
        what: `the dependencies did not answer within ${HEALTH_LATE_AFTER_MS / 1_000} s`,
        next: "Check that the storage account can be reached. Events wait in the hub meanwhile.",
      },
    ]),
  },
  machine: MACHINE,
});

let logged: AppHealth | undefined;

/** Logs the reasons, which only analysts see, once for each new answer. */
export async function loggedHealth(log: Log): Promise<AppHealth> {
  const found = await health();
  if (found === logged || found.status === "ok") return found;
  logged = found;
  const line = JSON.stringify({
    event: "pipeline health",
    status: found.status,
    problems: found.problems.map(({ what }) => what),
  });
  if (found.status === "down") log.error(line);
  else log.warn(line);
  return found;
}

function down(problems: readonly Problem[]): AppHealth {
  return { version: VERSION, status: "down", problems };
}

async function readHealth(): Promise<AppHealth> {
  const { services } = await import("../services.ts");
  let deps;
  try {
    deps = await services();
  } catch (error) {
    if (error instanceof SettingsError)
      return down(
        error.problems.map((what) => ({ what, next: "Correct the app setting. The app reads it again by itself." })),
      );
    // In local runs the tables are created first. The SDK's message is left out: it may name addresses.
    if (error instanceof PimwatchError || (error instanceof Error && error.name === "RestError"))
      return down([{ what: "the storage does not answer", next: "Check that it runs and that the app may use it." }]);
    throw error;
  }
  const rules = deps.rules.map(({ rule: { id, name, version, fileHash, queryHash } }) => ({
    id,
    name,
    version,
    fileHash,
    queryHash,
  }));
  const found = await pipelineHealth(deps, {
    ...deps.config.auditEvents,
    schedules: deps.config.timerSchedules,
  });
  return { version: VERSION, ...found, scan: deps.scanSummary, rules };
}
