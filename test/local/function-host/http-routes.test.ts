import { expect, test } from "vitest";
import { matchRoute, parseRoute } from "../../../local/function-host/http-routes.ts";

const routes = [
  parseRoute("list", "api/incidents", ["GET"]),
  parseRoute("one", "api/incidents/{id}", ["get", "PATCH"]),
  parseRoute("byNumber", "api/incidents/{number:int}", undefined),
  parseRoute("mine", "api/incidents/mine", undefined),
  parseRoute("optional", "api/pages/{page?}", undefined),
  parseRoute("files", "api/files/{*path}", undefined),
];

test.each([
  { method: "GET", path: "/api/incidents", is: "list", params: {} },
  { method: "GET", path: "/API/Incidents/", is: "list", params: {} },
  { method: "PATCH", path: "/api/incidents/a%2Fb", is: "one", params: { id: "a/b" } },
  { method: "GET", path: "/api/incidents/12", is: "byNumber", params: { number: "12" } },
  { method: "GET", path: "/api/incidents/Mine", is: "mine", params: {} },
  { method: "GET", path: "/api/pages", is: "optional", params: {} },
  { method: "GET", path: "/api/pages/2", is: "optional", params: { page: "2" } },
  { method: "GET", path: "/api/files", is: "files", params: {} },
  { method: "GET", path: "/api/files/a/b.css", is: "files", params: { path: "a/b.css" } },
  { method: "GET", path: "/api/incidents/%", is: "one", params: { id: "%" } },
])("$method $path is for $is", ({ method, path, is, params }) => {
  expect(matchRoute(routes, method, path)).toEqual({ functionName: is, params });
});

test.each([
  { method: "POST", path: "/api/incidents" },
  { method: "DELETE", path: "/api/incidents/a" },
  { method: "GET", path: "/api/incidents/a/b" },
  { method: "GET", path: "/api" },
  { method: "GET", path: "/" },
])("$method $path is for none", ({ method, path }) => {
  expect(matchRoute(routes, method, path)).toBeUndefined();
});

test.each([
  { template: "{id}.json", message: 'f: route segment "{id}.json" has a form that is not supported here' },
  { template: "{id:range(1,2)}", message: 'f: route segment "{id:range(1,2)}" has a form that is not supported here' },
  { template: "{id:date}", message: 'f: route constraint "date" is not supported here' },
])("the template $template is refused", ({ template, message }) => {
  expect(() => parseRoute("f", template, undefined)).toThrow(message);
});
