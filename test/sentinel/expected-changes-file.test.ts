import { expect, test } from "vitest";
import { readExpectedChanges } from "../../src/sentinel/overlay/expected-changes-file.ts";

const NOW = new Date("2026-11-23T00:00:00Z");
const FILE = "rules/x/expected-changes.yaml";
const read = (source: string) => readExpectedChanges(source, FILE, NOW);

const entry = (overrides: Readonly<Record<string, string>> = {}): string => {
  const fields = {
    who: "alex@fabrikam.example",
    role: "[Security Reader, Reports Reader]",
    settings: "Approval_EndUser_Assignment",
    ticket: "CHG-7",
    from: "2026-11-23",
    until: "2026-11-30T18:00:00+01:00",
    ...overrides,
  };
  const lines = Object.entries(fields).map(([name, value]) => `    ${name}: ${value}`);
  return `expectedChanges:\n  -\n${lines.join("\n")}\n`;
};

test("planned changes are read, with times in UTC", () => {
  expect(read(entry())).toEqual({
    problems: [],
    expectedChanges: [
      {
        who: ["alex@fabrikam.example"],
        roles: ["Security Reader", "Reports Reader"],
        settings: ["Approval_EndUser_Assignment"],
        ticket: "CHG-7",
        from: "2026-11-23T00:00:00.000Z",
        until: "2026-11-30T17:00:00.000Z",
      },
    ],
  });
});

test.each([
  ["aaaaaaaa-1111-4222-8333-444444444444", ["aaaaaaaa-1111-4222-8333-444444444444"]],
  [
    "[aaaaaaaa-1111-4222-8333-444444444444, BBBBBBBB-1111-4222-8333-444444444444]",
    ["aaaaaaaa-1111-4222-8333-444444444444", "BBBBBBBB-1111-4222-8333-444444444444"],
  ],
])("the tenants %s of a planned change are read", (tenant, tenants) => {
  expect(read(entry({ tenant }))).toMatchObject({ problems: [], expectedChanges: [{ tenants }] });
});

test("a file without entries plans nothing", () => {
  expect(read("expectedChanges:\n")).toEqual({ expectedChanges: [], problems: [] });
});

test.each([
  ["until: an end before the beginning", { until: "2026-11-01" }, 8, /later than "from"/],
  ["a time without an offset", { from: "2026-11-23T08:00:00" }, 7, /with its offset/],
  ["a day that does not exist", { from: "2026-13-41" }, 7, /with its offset/],
  ["an unknown setting", { settings: "approval" }, 5, /policy rule/],
  ["a tenant's name", { tenant: "contoso" }, 9, /tenant id/],
  ["nobody", { who: '""' }, 3, /expected a text/],
  ["a field that does not exist", { reason: "x" }, 3, /reason/],
])("%s is an error at its place", (_why, overrides, line, message) => {
  const { expectedChanges, problems } = read(entry(overrides));
  expect(expectedChanges).toEqual([]);
  expect(problems).toMatchObject([{ file: FILE, line, level: "error", message: expect.stringMatching(message) }]);
});

test("a file that is not YAML is an error", () => {
  expect(read("expectedChanges: [").problems).toMatchObject([{ level: "error", code: "yaml" }]);
});

test.each([
  ["over", { from: "2026-11-01", until: "2026-11-20" }, "expected-change-expired"],
  ["very long", { until: "2027-06-01" }, "expected-change-long"],
  ["of a critical role", { role: "global administrator" }, "expected-change-critical"],
])("an entry that is %s is a warning and stays", (_why, overrides, code) => {
  const { expectedChanges, problems } = read(entry(overrides));
  expect(expectedChanges).toHaveLength(1);
  expect(problems).toMatchObject([{ level: "warning", code }]);
});
