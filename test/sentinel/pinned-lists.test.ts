import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { compileRules } from "../../src/sentinel/compile-rules.ts";
import { listFinder, MAX_LIST_BYTES } from "../../src/sentinel/rule-files.ts";
import { ruleText } from "./rule-text.ts";

const READS = (url: string) => `AuditLogs | where Id in ((externaldata(id: string)[@"${url}"]))`;

/** A folder with these files. */
async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "pimwatch-lists-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

test("a rule reads the list in its own folder, or else the one beside the folders of all rules", async () => {
  const list = "externaldata/lists.example/a%20b.csv";
  const query = READS("https://lists.example/a b.csv");
  const id = "aaaaaaaa-0000-4000-8000-00000000000";
  const folder = await folderOf({
    "one/rule.yaml": ruleText({ id: `${id}1`, query }),
    [`one/${list}`]: "own\n",
    "two/rule.yaml": ruleText({ id: `${id}2`, query: `${query} | project Id` }),
    "three.yaml": ruleText({ id: `${id}3`, query: `${query} | project Id, Category` }),
    [list]: "common\ncommon too\n",
  });
  const { rules, problems } = await compileRules(folder);
  expect(problems.filter(({ level }) => level !== "note")).toEqual([]);
  expect(rules.map(({ id: each, lists }) => [each.slice(-1), lists?.map(({ rows }) => rows)])).toEqual([
    ["1", [1]],
    ["3", [2]],
    ["2", [2]],
  ]);
});

test("without a copy, the rule is refused with the command that downloads it", async () => {
  const folder = await folderOf({ "one/rule.yaml": ruleText({ query: READS("https://lists.example/apps.csv?v=1") }) });
  const { rules, problems } = await compileRules(folder);
  expect(rules).toEqual([]);
  const file = join(folder, "externaldata", "lists.example", "apps.csv%3Fv%3D1");
  expect(problems.map(({ code, message }) => [code, message])).toEqual([
    [
      "no-list",
      `externaldata reads a local copy of the list when the rule is built, and there is none of https://lists.example/apps.csv?v=1. Download it, check it and build again: curl --fail --location --create-dirs --output '${file}' 'https://lists.example/apps.csv?v=1'`,
    ],
  ]);
});

test("a rule over several events reads lists too", async () => {
  const query = `${READS("https://lists.example/a.csv")} | summarize n = count() by Id | where n > 1`;
  const folder = await folderOf({
    "one/rule.yaml": ruleText({ query, schedule: { frequency: "1h", period: "1h" } }),
    "externaldata/lists.example/a.csv": "a\n",
  });
  await utimes(join(folder, "externaldata/lists.example/a.csv"), 0, Date.parse("2026-11-30T12:00:00Z") / 1000);
  const { sourced } = await compileRules(folder);
  expect(sourced.map(({ rule }) => rule.lists)).toMatchObject([[{ date: "2026-11-30", rows: 1 }]]);
});

test("a list that is too large is refused", async () => {
  const folder = await folderOf({ "externaldata/lists.example/a.csv": "x".repeat(MAX_LIST_BYTES + 1) });
  const file = join(folder, "externaldata", "lists.example", "a.csv");
  expect(listFinder(folder)("https://lists.example/a.csv")).toEqual({
    problem: `${file} has ${MAX_LIST_BYTES + 1} bytes; a list has at most ${MAX_LIST_BYTES}: every instance loads it`,
  });
});

test.each([
  "https://lists.example/../../secret",
  "https://lists.example/%2e%2e/%2e%2e/secret",
  "https:\\\\lists.example\\..\\secret",
])("no URL leads out of the folder: %s", async (url) => {
  const folder = await folderOf({ secret: "x", "externaldata/lists.example/secret": "list" });
  const found = listFinder(folder)(url);
  expect("name" in found && found.name).toBe(join(folder, "externaldata", "lists.example", "secret"));
});

test.each(["file:///etc/hosts", "lists.example/a.csv", ""])("%j is not the URL of a list", (url) => {
  expect(listFinder("/")(url)).toEqual({ problem: `externaldata: "${url}" is not a URL that begins with https://` });
});

test("a URL cannot end the download command's quotes", async () => {
  const found = listFinder("rules")("https://lists.example/'; rm -rf '/");
  const problem = "problem" in found ? found.problem : "";
  expect(problem).toMatch(/--output '[^']*' '[^']*'$/);
});
