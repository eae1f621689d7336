import { app, type HttpResponseInit } from "@azure/functions";
import { PimwatchError, SettingsError } from "../errors.ts";
import { VERSION } from "../version.ts";
import { type PipelineHealth, pipelineHealth } from "../workflows/pipeline-health.ts";
import { settled } from "./settled.ts";

/** Anyone may ask; the tables are asked no more often than this. */
const FRESH_FOR_MS = 2_000;

app.http("health", {
  methods: ["GET"],
  authLevel: "anonymous", // holds no data and no setting's value
  route: "health",
  handler: () => settled(health, 60_000),
});

interface AppHealth extends PipelineHealth {
  /** What the byte scan looks for, or why it is off. */
  readonly scan?: string;
  readonly rules?: object;
}

let latest: { readonly at: number; readonly health: Promise<AppHealth> } | undefined;

/** 200 when events are stored (also when somebody has to look at something), else 503; `problems` says why. */
async function health(): Promise<HttpResponseInit> {
  if (latest === undefined || Date.now() - latest.at >= FRESH_FOR_MS) latest = { at: Date.now(), health: asked() };
  const found = await latest.health;
  return {
    status: found.status === "failing" ? 503 : 200,
    headers: { "cache-control": "no-store" },
    jsonBody: { version: VERSION, ...found },
  };
}

async function asked(): Promise<AppHealth> {
  const { services } = await import("../services.ts");
  let deps;
  try {
    deps = await services();
  } catch (error) {
    if (error instanceof SettingsError) return { status: "failing", problems: error.problems };
    // In local runs the tables are made first; their own words may name addresses.
    if (error instanceof PimwatchError || (error instanceof Error && error.name === "RestError"))
      return { status: "failing", problems: ["the storage does not answer"] };
    throw error;
  }
  const rules = deps.rules.map(({ rule: { id, name, version, fileHash, queryHash } }) => ({
    id,
    name,
    version,
    fileHash,
    queryHash,
  }));
  return {
    ...(await pipelineHealth(deps, { ...deps.config.auditEvents, schedules: deps.config.timerSchedules })),
    scan: deps.scanSummary,
    rules,
  };
}
