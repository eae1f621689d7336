import { expect, test } from "vitest";
import { planTriggers } from "../../../local/function-host/trigger-plans.ts";
import type { RegisteredFunction } from "../../../local/function-host/worker-messages.ts";

const SETTINGS = {
  EVENTS: "Endpoint=sb://127.0.0.1;SharedAccessKeyName=x;SharedAccessKey=y;UseDevelopmentEmulator=true",
  AzureWebJobsStorage: "UseDevelopmentStorage=true",
  GROUP: "g",
};

function eventHub(change: object = {}): RegisteredFunction {
  const bodies = {
    type: "eventHubTrigger",
    direction: "in",
    connection: "EVENTS",
    eventHubName: "hub",
    consumerGroup: "%GROUP%",
    cardinality: "many",
    dataType: "binary",
    ...change,
  };
  return { name: "f", bindings: { bodies } };
}

test("an Event Hub trigger is resolved from the settings", () => {
  expect(planTriggers([eventHub()], SETTINGS, "api")).toEqual([
    {
      kind: "eventHub",
      registered: eventHub(),
      bindingName: "bodies",
      source: {
        connectionString: SETTINGS.EVENTS,
        eventHubName: "hub",
        consumerGroup: "g",
        storageConnectionString: "UseDevelopmentStorage=true",
        cardinality: "many",
        dataType: "binary",
      },
    },
  ]);
});

test("the entity path of the connection string overrides the binding's name, as in Azure", () => {
  const settings = { ...SETTINGS, EVENTS: `${SETTINGS.EVENTS};EntityPath=other` };

  expect(planTriggers([eventHub()], settings, "api")).toMatchObject([{ source: { eventHubName: "other" } }]);
});

test("without a consumer group the default one is used", () => {
  expect(planTriggers([eventHub({ consumerGroup: undefined })], SETTINGS, "api")).toMatchObject([
    { source: { consumerGroup: "$Default" } },
  ]);
});

test.each([
  { change: { dataType: undefined }, problem: 'f: dataType is undefined: without "binary" or "string"' },
  { change: { eventHubName: "" }, problem: "f: eventHubName is not given" },
  { change: { connection: undefined }, problem: "f: connection does not name a setting" },
  { change: { type: "queueTrigger" }, problem: "f: a trigger of type queueTrigger is not supported by this host" },
  { change: { type: "http", direction: "out" }, problem: "f: has no trigger" },
])("$problem", ({ change, problem }) => {
  expect(() => planTriggers([eventHub(change)], SETTINGS, "api")).toThrow(problem);
});

test("a retry policy that the real host refuses at its start is refused", () => {
  const registered = { ...eventHub(), retryOptions: { retryStrategy: "fixedDelay", maxRetryCount: 1 } };

  expect(() => planTriggers([registered], SETTINGS, "api")).toThrow("f: retry: delayInterval is required");
});

test("an HTTP trigger's route begins with the prefix; its default is the function's name", () => {
  const named = { name: "status", bindings: { request: { type: "httpTrigger", methods: ["GET"] } } };
  const routed = { name: "page", bindings: { request: { type: "httpTrigger", route: "pages/%GROUP%" } } };

  expect(planTriggers([named, routed], SETTINGS, "api")).toMatchObject([
    {
      route: {
        functionName: "status",
        methods: new Set(["GET"]),
        segments: [{ literal: "api" }, { literal: "status" }],
      },
    },
    {
      route: {
        functionName: "page",
        methods: undefined,
        segments: [{ literal: "api" }, { literal: "pages" }, { literal: "g" }],
      },
    },
  ]);
});
