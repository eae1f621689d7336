import { expect, test } from "vitest";
import { alertTextOf } from "../../../src/core/incident/alert-details.ts";
import type { Json } from "../../../src/kql/run/values.ts";
import type { AlertDetails, Rule } from "../../../src/core/incident/rule.ts";

function textOf(alertDetails: AlertDetails, columns: Record<string, Json>) {
  const rule = { name: "Rule", description: "About it.", severity: "Medium", tactics: ["Impact"], alertDetails };
  return alertTextOf(rule as unknown as Rule, new Map(Object.entries(columns)));
}

const plain = { title: "Rule", description: "About it.", severity: "Medium", tactics: ["Impact"] };

test("without alert details everything comes from the rule", () => {
  expect(textOf({}, {})).toEqual(plain);
});

test("formats contain columns by name, ignoring whitespace", () => {
  expect(
    textOf({ titleFormat: "{{Who}} did {{ What }}", descriptionFormat: "{{Who}}" }, { Who: "Sam", What: 1 }),
  ).toEqual({
    ...plain,
    title: "Sam did 1",
    description: "Sam",
  });
});

test("if a column is empty or missing, the rule's text stays", () => {
  expect(textOf({ titleFormat: "{{Who}} did it", descriptionFormat: "{{No}}" }, { Who: "" })).toEqual(plain);
});

test("a value that looks like a column is not replaced", () => {
  expect(textOf({ titleFormat: "{{A}}" }, { A: "{{B}} $&", B: "x" }).title).toBe("{{B}} $&");
});

test("a title is cut at 256 characters, a description at 5,000", () => {
  const { title, description } = textOf({ titleFormat: "{{A}}", descriptionFormat: "{{A}}" }, { A: "x".repeat(9_000) });
  expect([title.length, description.length]).toEqual([256, 5_000]);
});

test.each([
  { column: "high", severity: "High" },
  { column: " Informational ", severity: "Informational" },
  { column: "Critical", severity: "Medium" },
  { column: "", severity: "Medium" },
])('severity column "$column" gives $severity', ({ column, severity }) => {
  expect(textOf({ severityColumn: "S" }, { S: column }).severity).toBe(severity);
});

test.each([
  { column: ["Persistence", "impact"], tactics: ["Persistence", "Impact"] },
  { column: '["InitialAccess"]', tactics: ["InitialAccess"] },
  { column: "Discovery, Nonsense", tactics: ["Discovery"] },
  { column: "Nonsense", tactics: ["Impact"] },
])("tactics column $column gives $tactics", ({ column, tactics }) => {
  expect(textOf({ tacticsColumn: "T" }, { T: column }).tactics).toEqual(tactics);
});
