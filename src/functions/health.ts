import { app, type HttpRequest, type HttpResponseInit, type InvocationContext } from "@azure/functions";
import { readDashboardAccess } from "../config.ts";
import { API_DEADLINE_MS, HEALTH_FRESH_FOR_MS, HEALTH_LATE_AFTER_MS } from "../core/timing.ts";
import { PimwatchError, SettingsError } from "../errors.ts";
import { VERSION } from "../version.ts";
import { healthAnswer, pipelineAnswer } from "../workflows/health/health-api.ts";
import { keptAnswer } from "../workflows/health/kept-answer.ts";
import { type PipelineHealth, pipelineHealth } from "../workflows/health/pipeline-health.ts";
import { MACHINE } from "../machine.ts";
import { runInvocation } from "../invocations/run-invocation.ts";

// The only path that App Service Authentication leaves open, so it tells everyone the same: nobody promises that the
// platform removes forged headers on such a path.
app.http("health", {
  methods: ["GET"],
  authLevel: "anonymous",
  route: "health",
  handler: (_request: HttpRequest, context: InvocationContext) =>
    runInvocation(async (): Promise<HttpResponseInit> => healthAnswer(await loggedHealth(context)), API_DEADLINE_MS),
});

// No function key: see incidents-api.ts.
app.http("pipeline", {
  methods: ["GET"],
  authLevel: "anonymous",
  route: "pipeline",
  handler: (request: HttpRequest, context: InvocationContext) =>
    runInvocation(async (): Promise<HttpResponseInit> => {
      const sender = { url: request.url, header: (name: string) => request.headers.get(name) ?? undefined };
      return pipelineAnswer(sender, {
        access: readDashboardAccess(process.env),
        health: () => loggedHealth(context),
      });
    }, API_DEADLINE_MS),
});

interface AppHealth extends PipelineHealth {
  readonly version: string;
  /** The literals of the scan, or why the scan is off. */
  readonly scan?: string;
  readonly rules?: object;
}

const health = keptAnswer<AppHealth>({
  ask: readHealth,
  freshForMs: HEALTH_FRESH_FOR_MS,
  late: {
    afterMs: HEALTH_LATE_AFTER_MS,
    answer: down([`the dependencies did not answer within ${HEALTH_LATE_AFTER_MS / 1_000} s`]),
  },
  machine: MACHINE,
});

let logged: AppHealth | undefined;

/** Logs the reasons, which only analysts see, once for each new answer. */
async function loggedHealth(context: InvocationContext): Promise<AppHealth> {
  const found = await health();
  if (found === logged || found.status === "ok") return found;
  logged = found;
  const line = JSON.stringify({ event: "pipeline health", status: found.status, problems: found.problems });
  if (found.status === "down") context.error(line);
  else context.warn(line);
  return found;
}

function down(problems: readonly string[]): AppHealth {
  return { version: VERSION, status: "down", problems };
}

async function readHealth(): Promise<AppHealth> {
  const { services } = await import("../services.ts");
  let deps;
  try {
    deps = await services();
  } catch (error) {
    if (error instanceof SettingsError) return down(error.problems);
    // In local runs the tables are created first. The SDK's message is left out: it may name addresses.
    if (error instanceof PimwatchError || (error instanceof Error && error.name === "RestError"))
      return down(["the storage does not answer"]);
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
