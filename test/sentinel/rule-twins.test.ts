// Two rules with one id: which of them runs, and the problem that is reported.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { compileRules } from "../../src/sentinel/compile-rules.ts";
import { lint } from "../../src/sentinel/lint/lint.ts";
import { formatProblem } from "../../src/kql/compile/problem.ts";
import { ruleText } from "./rule-text.ts";

let folder = "";
afterEach(() => rm(folder, { recursive: true, force: true }));

const ID = "aaaaaaaa-0000-4000-8000-000000000001";
const OTHER = ruleText({ query: "AuditLogs | where Id == 'y'" });
const SPACED = ruleText({ query: "AuditLogs   // everything\n| where Category == 'x'" });

/** The files of the rules that run, and the problems of the build; lint must report the same. */
async function compiled(files: Readonly<Record<string, string>>) {
  folder = await mkdtemp(join(tmpdir(), "pimwatch-twins-"));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  const short = (text: string): string => text.replaceAll(`${folder}/`, "");
  const { sourced, problems } = await compileRules(folder);
  const reported = problems.map(formatProblem).map(short);
  const linted = (await lint([folder], new Date("2026-11-23T00:00:00Z"))).problems.map(formatProblem).map(short);
  expect(linted).toEqual(reported);
  return { runs: sourced.map(({ files: { rule } }) => short(rule.name)), reported };
}

test("a second copy of an official file is a warning, and the rule with files of its own runs", async () => {
  const ours = { "b/rule.yaml": ruleText(), "b/overlay.yaml": "enabled: true" };

  expect(await compiled({ "a/Official.yaml": OTHER, ...ours })).toEqual({
    runs: ["b/rule.yaml"],
    reported: [
      `a/Official.yaml:1:1: warning: b/rule.yaml has the same id ${ID} and another query; it runs, and this rule does not (duplicate-id)`,
    ],
  });
});

test("of two files without companions whose queries differ only in whitespace and comments, the first runs", async () => {
  expect(await compiled({ "a.yaml": ruleText(), "b.yaml": SPACED })).toEqual({
    runs: ["a.yaml"],
    reported: [
      `b.yaml:1:1: warning: a.yaml has the same id ${ID} and the same query; it runs, and this rule does not (duplicate-id)`,
    ],
  });
});

test.each([
  {
    why: "two files without companions whose queries differ",
    files: { "a.yaml": ruleText(), "b.yaml": OTHER },
    left: "b.yaml",
  },
  {
    why: "two rules that have files of their own",
    files: {
      "a/rule.yaml": ruleText(),
      "a/overlay.yaml": "enabled: true",
      "b/rule.yaml": ruleText(),
      "b/overlay.yaml": "enabled: true",
    },
    left: "b/rule.yaml",
  },
])("$why are an error, because the choice is unclear", async ({ files, left }) => {
  const first = Object.keys(files)[0] ?? "";
  expect((await compiled(files)).reported).toEqual([
    `${left}:1:1: error: ${first} has the same id ${ID}; keep one of them (duplicate-id)`,
  ]);
});

test("a folder's only other YAML file is its rule, whatever its name", async () => {
  expect(await compiled({ "a/Official.yaml": ruleText(), "a/overlay.yaml": "severity: Low" })).toEqual({
    runs: ["a/Official.yaml"],
    reported: [],
  });
});
