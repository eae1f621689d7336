import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readHostJson } from "../../local/function-host/host-json.ts";
import { routesInOrder, shadowedRoutes } from "../../local/function-host/http-routes.ts";
import { planTriggers } from "../../local/function-host/trigger-plans.ts";
import { startWorker } from "../../local/function-host/worker.ts";
import { operationsOf } from "../api/conformance.ts";
import {
  API_DEADLINE_MS,
  BODY_TIMEOUT_MS,
  CALL_TIMEOUT_MS,
  CERTAINLY_DEAD_MS,
  EXPORT_BUDGET_MS,
  HEALING_BUDGET_MS,
  HEALTH_LATE_AFTER_MS,
  INVOCATION_DEADLINE_MS,
} from "../../src/core/timing.ts";

/* What a host relies on, as the built app says it. Each of these by itself loses events when it is otherwise. */

const sample: { Values: Record<string, string> } = JSON.parse(await readFile("local.settings.sample.json", "utf8"));

async function registeredFunctions() {
  const worker = await startWorker({
    appDirectory: resolve("dist"),
    settings: {},
    nodePath: process.execPath,
    nodeOptions: [],
    log: () => undefined,
    onExit: () => undefined,
  });
  onTestFinished(() => worker.stop());
  return worker.started.functions;
}

test("the host delivers whole batches as bytes, and retries them for ever", async () => {
  const found = (await registeredFunctions()).find(({ name }) => name === "audit-events");
  // Without "binary" the host parses, and one event that is not JSON fails the whole batch before our code runs.
  expect(Object.values(found?.bindings ?? {})).toMatchObject([
    { type: "eventHubTrigger", cardinality: "many", dataType: "binary" },
  ]);
  // If the retries had an end, the host would then write the checkpoint past the failed batch.
  expect(found?.retryOptions).toMatchObject({ retryStrategy: "exponentialBackoff", maxRetryCount: -1 });
});

test("a worker counts as dead only after the platform's time limit, and that comes after our deadline", async () => {
  const { functionTimeoutMs = Infinity, eventHubs } = await readHostJson("dist");
  const stallMs = Number(sample.Values["LEDGER_STALL_SECONDS"]) * 1_000;
  expect(INVOCATION_DEADLINE_MS).toBeLessThan(functionTimeoutMs);
  expect(functionTimeoutMs).toBeLessThan(CERTAINLY_DEAD_MS);
  expect(functionTimeoutMs).toBeLessThan(stallMs);
  const { updateIntervalMs, ownershipExpiryMs } = eventHubs.loadBalancing;
  expect(ownershipExpiryMs).toBeGreaterThanOrEqual(3 * updateIntervalMs); // a renewal or two may fail
  expect(ownershipExpiryMs + updateIntervalMs).toBeLessThan(30_000); // from a host's death to the next reader
  expect(eventHubs.batchCheckpointFrequency).toBe(1); // above 1 the extension may checkpoint what failed, at shutdown
});

test("work ends before the deadline of its invocation, even if its last call takes as long as a call may", () => {
  const requests = [HEALTH_LATE_AFTER_MS, EXPORT_BUDGET_MS + CALL_TIMEOUT_MS, BODY_TIMEOUT_MS + CALL_TIMEOUT_MS];
  expect(Math.max(...requests)).toBeLessThan(API_DEADLINE_MS);
  expect(HEALTH_LATE_AFTER_MS).toBeGreaterThan(CALL_TIMEOUT_MS); // else one slow call would look like an app that is down
  // A chunk under way reads the hub for two time limits, stores its events and notes them in the ledger.
  expect(HEALING_BUDGET_MS + 4 * CALL_TIMEOUT_MS).toBeLessThan(INVOCATION_DEADLINE_MS);
});

test("every HTTP function that is registered is an operation of the OpenAPI document, and the other way round", async () => {
  const registered = (await registeredFunctions()).flatMap(({ name, bindings }) =>
    Object.values(bindings).flatMap((binding) =>
      binding["type"] === "httpTrigger" ? [{ name, methods: binding["methods"], route: binding["route"] }] : [],
    ),
  );
  const documented = [...operationsOf(JSON.parse(await readFile("dist/openapi.json", "utf8")))].map(
    ([name, { method, path }]) => ({ name, methods: [method], path }),
  );
  const pathOf = (route: unknown): string => `/${String(route).replaceAll(/:[^}/]*(?=\})/g, "")}`;
  const byName = <One extends { readonly name: string }>(all: readonly One[]) =>
    all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const found = registered.map(({ route, ...one }) => ({ ...one, path: pathOf(route) }));
  expect(byName(found), "add the route to ROUTES in src/api/routes.ts").toEqual(byName(documented));
  expect(found.length).toBeGreaterThan(10);
});

test("no route catches the requests of another", async () => {
  const settings = { ...sample.Values, AzureWebJobsStorage: "UseDevelopmentStorage=true" };
  const plans = planTriggers(await registeredFunctions(), settings, "api");
  const routes = plans.flatMap((plan) => (plan.kind === "http" ? [plan.route] : []));

  expect(routes.map(({ functionName }) => functionName)).toContain("incidents-summary");
  expect(shadowedRoutes(routesInOrder(routes))).toEqual([]);
});
