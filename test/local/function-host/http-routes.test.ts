import { expect, test } from "vitest";
import { matchRoute, parseRoute, routesInOrder, shadowedRoutes } from "../../../local/function-host/http-routes.ts";

const routes = routesInOrder([
  parseRoute("list", "api/incidents", ["GET"]),
  parseRoute("one", "api/incidents/{id}", ["get", "PATCH"]),
  parseRoute("byNumber", "api/incidents/{number:int}", undefined),
  parseRoute("byLength", "api/incidents/{name:length(4)}", undefined),
  parseRoute("mine", "api/incidents/mine", undefined),
  parseRoute("overview", "api/incidents/overview", undefined),
  parseRoute("optional", "api/pages/{page?}", undefined),
  parseRoute("files", "api/files/{*path}", undefined),
]);

test.each([
  { method: "GET", path: "/api/incidents", is: "list", params: {} },
  { method: "GET", path: "/API/Incidents/", is: "list", params: {} },
  { method: "PATCH", path: "/api/incidents/a%2Fb", is: "one", params: { id: "a/b" } },
  { method: "GET", path: "/api/incidents/12", is: "byNumber", params: { number: "12" } },
  { method: "GET", path: "/api/incidents/1234", is: "byLength", params: { name: "1234" } },
  { method: "GET", path: "/api/incidents/Mine", is: "byLength", params: { name: "Mine" } },
  { method: "GET", path: "/api/incidents/overview", is: "one", params: { id: "overview" } },
  { method: "DELETE", path: "/api/incidents/overview", is: "overview", params: {} },
  { method: "GET", path: "/api/pages", is: "optional", params: {} },
  { method: "GET", path: "/api/pages/2", is: "optional", params: { page: "2" } },
  { method: "GET", path: "/api/files", is: "files", params: {} },
  { method: "GET", path: "/api/files/a/b.css", is: "files", params: { path: "a/b.css" } },
  { method: "GET", path: "/api/incidents/%", is: "one", params: { id: "%" } },
])("$method $path is served by $is", ({ method, path, is, params }) => {
  expect(matchRoute(routes, method, path)).toEqual({ functionName: is, params });
});

test.each([
  { method: "POST", path: "/api/incidents" },
  { method: "DELETE", path: "/api/incidents/a" },
  { method: "GET", path: "/api/incidents/a/b" },
  { method: "GET", path: "/api" },
  { method: "GET", path: "/" },
])("$method $path is served by no function", ({ method, path }) => {
  expect(matchRoute(routes, method, path)).toBeUndefined();
});

test.each([
  { template: "{n:length(2,3)}", fits: ["ab", "abc"], fails: ["a", "abcd"] },
  { template: "{n:minlength(2)}", fits: ["ab", "abcd"], fails: ["a"] },
  { template: "{n:maxlength(2)}", fits: ["a", "ab"], fails: ["abc"] },
  { template: "{n:min(5)}", fits: ["5", "60"], fails: ["4", "-5", "a", "5.5"] },
  { template: "{n:max(5)}", fits: ["5", "-60"], fails: ["6", "a"] },
  { template: "{n:range(1, 5)}", fits: ["1", "5"], fails: ["0", "6"] },
  { template: "{n:long:minlength(2)}", fits: ["12"], fails: ["1", "ab"] },
  { template: "{n:guid}", fits: ["00000000-0000-0000-0000-00000000000a"], fails: ["a"] },
])("$template matches $fits but not $fails", ({ template, fits, fails }) => {
  const route = [parseRoute("f", template, undefined)];

  expect(fits.filter((value) => matchRoute(route, "GET", `/${value}`) === undefined)).toEqual([]);
  expect(fails.filter((value) => matchRoute(route, "GET", `/${value}`) !== undefined)).toEqual([]);
});

test.each([
  { template: "{id}.json", message: 'f: route segment "{id}.json" has a form that is not supported here' },
  { template: "{id:range(1,2}", message: 'f: route segment "{id:range(1,2}" has a form that is not supported here' },
  { template: "{id:range(1)}", message: 'f: route constraint "range(1)" is not supported here' },
  { template: "{id:length()}", message: 'f: route constraint "length()" is not supported here' },
  { template: "{id:int(3)}", message: 'f: route constraint "int(3)" is not supported here' },
  { template: "{id:date}", message: 'f: route constraint "date" is not supported here' },
])("the template $template is refused", ({ template, message }) => {
  expect(() => parseRoute("f", template, undefined)).toThrow(message);
});

test("a route is shadowed by a function that takes its requests and whose name sorts first", () => {
  const free = parseRoute("incidents-show", "incidents/{id}", ["GET"]);
  const bound = parseRoute("incidents-show", "incidents/{id:length(64)}", ["GET"]);
  const change = parseRoute("incidents-change", "incidents/{id}", ["PATCH"]);
  const summary = parseRoute("incidents-summary", "incidents/summary", ["GET"]);

  expect(shadowedRoutes(routesInOrder([summary, free, change]))).toEqual([
    { functionName: "incidents-summary", request: "GET /incidents/summary", by: "incidents-show" },
  ]);
  expect(shadowedRoutes(routesInOrder([summary, bound, change]))).toEqual([]);
});
