import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ofType, variant, VARIANTS } from "./predicted-resources.ts";

/* docs/data.md says what is stored where; it must name every place that the template or the app has. */

const page = readFileSync("docs/data.md", "utf8");
const [table = ""] = /(?:^\|.*\n)+/m.exec(page) ?? [];
const [, , ...rows] = table
  .trim()
  .split("\n")
  .map((row) =>
    row
      .slice(1, -1)
      .split(" | ")
      .map((cell) => cell.trim()),
  );

test.each([
  { type: "Microsoft.Storage/storageAccounts/blobServices/containers", kind: "blob container" },
  { type: "Microsoft.Storage/storageAccounts/tableServices/tables", kind: "table" },
  { type: "Microsoft.EventHub/namespaces/eventhubs", kind: "event hub", of: [variant("main")] }, // others name theirs
  { type: "Microsoft.OperationalInsights/workspaces/tables", kind: "workspace table" },
])("the page has a row for each $kind of the template", ({ type, kind, of = VARIANTS }) => {
  const names = new Set(of.flatMap((deployment) => ofType(deployment, type)).map(({ name }) => name.split("/").at(-1)));

  expect(names.size).toBeGreaterThan(0);
  for (const name of names) {
    const isIt = ([where = ""]: readonly string[]) => where.startsWith(kind) && where.includes(`\`${name}\``);
    expect(rows.filter(isIt).length, `${kind} ${name}`).toBe(1);
  }
});

test("each row says whether there is personal data, for how long it is kept, and how to delete it", () => {
  for (const row of rows) {
    expect(row, row[0]).toHaveLength(5);
    expect(row[2], row[0]).toMatch(/^(\*\*yes\*\*|no$|a little)/);
    for (const cell of row) expect(cell, row[0]).not.toBe("");
  }
});

test("the retention that the page names is the template's parameter, with its default", () => {
  const template = readFileSync("infra/main.bicep", "utf8");
  const named = [...table.matchAll(/`(\w+(?:Days|Hours))`(?:,? \(?(\d+))?/g)];

  expect(named.length).toBeGreaterThan(3);
  for (const [, parameter, value] of named) {
    const [, byDefault] = new RegExp(`^param ${parameter} int = (\\d+)$`, "m").exec(template) ?? [];
    expect(byDefault, parameter).toBeDefined();
    if (value !== undefined) expect(value, parameter).toBe(byDefault);
  }
});

test("who deletes an incident is told each kind of its rows", () => {
  const [, keys = ""] =
    /Table `incidents`([^]*?)Table `ledger`/.exec(readFileSync("src/azure/tables/row-keys.ts", "utf8")) ?? [];
  const kinds = [...keys.matchAll(/^ \* {5}(\w+)\|</gm)].map(([, kind]) => kind);

  expect(kinds.length).toBeGreaterThan(4);
  for (const kind of kinds) expect(page).toContain(`\`${kind}|…\``);
});
