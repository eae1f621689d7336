import { expect, test } from "vitest";
import { connectionString, resolvePlaceholders } from "../../../local/function-host/binding-settings.ts";

test("placeholders are replaced anywhere in the text", () => {
  const settings = { HUB: "audit", STAGE: "test" };

  expect(resolvePlaceholders("%HUB%-%STAGE%", settings, "f: eventHubName")).toBe("audit-test");
  expect(resolvePlaceholders("100 %", settings, "f: route")).toBe("100 %");
});

test("the error names every placeholder without a setting", () => {
  expect(() => resolvePlaceholders("%HUB%-%STAGE%", { HUB: "" }, "f: eventHubName")).toThrow(
    [
      "Settings: 2 problems",
      '  HUB is not set, but f: eventHubName is "%HUB%-%STAGE%"',
      '  STAGE is not set, but f: eventHubName is "%HUB%-%STAGE%"',
    ].join("\n"),
  );
});

test("the error distinguishes an identity-based connection from a missing one", () => {
  const settings = { EVENTS__fullyQualifiedNamespace: "x.servicebus.windows.net" };

  expect(() => connectionString("EVENTS", settings, "f: connection")).toThrow(
    "EVENTS is not set: this host needs a connection string and does not use EVENTS__fullyQualifiedNamespace",
  );
  expect(() => connectionString("STORE", settings, "f: connection")).toThrow(
    'STORE is not set, but f: connection is "STORE"',
  );
});
