// Commands that list something print it as JSON too. Those on storage are in dead-letters.test.ts and incidents.test.ts.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../cli/pimwatch.ts";
import { settingsChange } from "../samples.ts";
import { ruleText } from "../sentinel/rule-text.ts";
import { fakeTerminal } from "./fake-terminal.ts";

const ESCAPE = "\u001b";
const OVERRIDE = "\u202e";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pimwatch-json-"));
  await writeFile(
    join(folder, "change.json"),
    JSON.stringify(settingsChange({}, { resultReason: `${ESCAPE}[2J${OVERRIDE}` })),
  );
  await mkdir(join(folder, "bad"));
  await writeFile(join(folder, "bad/rule.yaml"), ruleText({ query: `AuditLogs\n| where Categry == "${OVERRIDE}"` }));
  await mkdir(join(folder, "untested"));
  await writeFile(join(folder, "untested/rule.yaml"), ruleText());
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each([
  {
    line: "test pim-alert-disabled --json",
    first: { rule: "pim-alert-disabled", test: expect.any(String), outcome: "passed", failures: [] },
  },
  { line: "test --rules DIR/untested --json", first: { rule: "untested", test: null, outcome: "none", failures: [] } },
  {
    line: "explain DIR/change.json --json",
    first: { where: expect.stringContaining("change.json"), operationName: "Update role setting in PIM" },
  },
  { line: "support --rules DIR/bad --json", first: { rule: "bad", runs: false, problems: [expect.anything()] } },
  { line: "support extend --json", first: { kind: "operator", name: "extend" } },
  { line: "lint DIR/bad --json", first: { level: "error", code: "unknown-column" } },
  { line: "coverage --json", first: { tactic: expect.any(String) } },
  { line: "doctor --json", first: { check: "settings", status: "problem" } },
])("$line", async ({ line, first }) => {
  const terminal = fakeTerminal();
  await run(
    line.split(" ").map((word) => word.replace("DIR", folder)),
    terminal,
  );

  const out = terminal.outs.join("");
  expect(valuesOf(out)[0]).toMatchObject(first);
  expect(out).not.toContain(ESCAPE);
  expect(out).not.toContain(OVERRIDE);
});

/** The elements of a document, or the values of the lines. */
function valuesOf(out: string): unknown[] {
  return out.startsWith("[\n")
    ? JSON.parse(out)
    : out
        .trimEnd()
        .split("\n")
        .map((line): unknown => JSON.parse(line));
}
