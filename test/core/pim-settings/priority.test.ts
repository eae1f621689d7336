import { expect, test } from "vitest";
import { isFailure, type PriorityFactors, priorityOf, priorityTable } from "../../../src/core/pim-settings/priority.ts";

const base: PriorityFactors = {
  effect: "weakens",
  weight: "high",
  tier: "critical",
  actorType: "User",
  failed: false,
  expected: false,
};

test.each<readonly [Partial<PriorityFactors>, string]>([
  [{}, "P1"],
  [{ expected: true }, "P1"],
  [{ failed: true }, "P2"],
  [{ weight: "low" }, "P2"],
  [{ effect: "unknown" }, "P2"],
  [{ effect: "unknown", actorType: "Unknown" }, "P1"],
  [{ effect: "strengthens" }, "P3"],
  [{ tier: "controlPlane" }, "P1"],
  [{ tier: "controlPlane", expected: true }, "P2"],
  [{ tier: "controlPlane", weight: "medium" }, "P2"],
  [{ tier: "standard" }, "P2"],
  [{ tier: "standard", actorType: "Application", weight: "medium" }, "P3"],
  [{ tier: "standard", effect: "strengthens", expected: true }, "P4"],
])("%o: %s", (factors, priority) => {
  expect(priorityOf({ ...base, ...factors })).toBe(priority);
});

test("a change of a critical role never has the lowest priority", () => {
  for (const effect of ["weakens", "strengthens", "neutral", "unknown"] as const) {
    for (const failed of [true, false]) {
      expect(priorityOf({ ...base, effect, failed, weight: "info", expected: true })).not.toBe("P4");
    }
  }
});

test.each([
  ["failure", true],
  ["clientError", true],
  ["success", false],
  ["Success", false],
  ["0", false],
  ["", false],
  ["timeout", false],
])("result %j is a failure: %s", (result, failed) => {
  expect(isFailure(result)).toBe(failed);
});

test("the table for the documentation has a row for each tier and effect", () => {
  const lines = priorityTable().trimEnd().split("\n");
  expect(lines).toHaveLength(2 + 18);
  expect(lines[2]).toBe(
    "| tier 0: Global Administrator, Privileged Role Administrator | weakens, high | P1 | P1 | P2 |",
  );
});
