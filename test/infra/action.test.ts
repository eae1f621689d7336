import { NoOperationTraceWriter } from "@actions/workflow-parser";
import { parseAction } from "@actions/workflow-parser/actions/index";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";

/* action.yml: GitHub's own parser reads it, and its shell steps run here as GitHub would run them in another repository. */

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const TEXT = await readFile(join(ROOT, "action.yml"), "utf8");

interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}
const STEPS: readonly Step[] = parse(TEXT).runs.steps;

test("GitHub's own parser accepts the action, and notices an unknown key", () => {
  expect(problemsIn(TEXT)).toEqual([]);
  expect(problemsIn(TEXT.replace("using:", "use:"))).not.toEqual([]);
});

test("the action uses others at a commit, and installs from its own checkout alone", () => {
  const uses = [...TEXT.matchAll(/uses: (\S+)(.*)/g)];

  expect(uses.map(([, action]) => action)).toEqual([
    expect.stringMatching(/^actions\/setup-node@[0-9a-f]{40}$/),
    expect.stringMatching(/^github\/codeql-action\/upload-sarif@[0-9a-f]{40}$/),
  ]);
  for (const [, , comment] of uses) expect(comment).toMatch(/# v\d+\.\d+\.\d+$/);
  expect(TEXT).not.toMatch(/\bnpx\b|npm (install|exec|i)\b/);
  expect(STEPS.find(({ id }) => id === "install")).toMatchObject({
    env: { ACTION: "${{ github.action_path }}" },
    run: expect.stringMatching(/^npm ci --prefix "\$ACTION" /),
  });
});

let folder = "";

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "pimwatch-action-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, "detections"));
  await cp(join(ROOT, "rules/pim-alert-disabled"), join(folder, "detections/pim-alert-disabled"), { recursive: true });
});

test("rules that are fine pass, and the SARIF has no result, which clears earlier ones", async () => {
  const lint = await runStep("lint");
  expect(lint).toMatchObject({ code: 0, outputs: { sarif: join(folder, "pimwatch.sarif") } });
  expect(sarifOf(await readFile(join(folder, "pimwatch.sarif"), "utf8"))).toEqual([]);
  const tested = await runStep("test");
  expect(tested).toMatchObject({ code: 0, outputs: { junit: join(folder, "pimwatch-junit.xml") } });
  expect(await readFile(join(folder, "pimwatch-junit.xml"), "utf8")).toContain("<testsuite ");
});

test("a rule that is broken fails both steps, and the SARIF names its place in the repository", async () => {
  const file = join(folder, "detections/pim-alert-disabled/rule.yaml");
  await writeFile(file, (await readFile(file, "utf8")).replace(/\bOperationName\b/, "OperationNme"));

  const lint = await runStep("lint");
  expect(lint).toMatchObject({ code: 1, outputs: { sarif: join(folder, "pimwatch.sarif") } });
  expect(lint.out).toContain("OperationNme");
  const result = {
    level: "error",
    message: { text: expect.stringContaining("OperationNme") },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: "detections/pim-alert-disabled/rule.yaml" },
          region: { startLine: expect.any(Number), startColumn: expect.any(Number) },
        },
      },
    ],
  };
  expect(sarifOf(await readFile(join(folder, "pimwatch.sarif"), "utf8"))).toContainEqual(
    expect.objectContaining(result),
  );
  expect(await runStep("test")).toMatchObject({ code: 1 });
});

test("a folder that is missing fails, and there is nothing to upload", async () => {
  expect(await runStep("lint", "nowhere")).toMatchObject({ code: 2, outputs: {} });
  const upload = STEPS.find(({ uses = "" }) => uses.includes("upload-sarif"));
  expect(upload?.if).toContain("steps.lint.outputs.sarif != ''");
});

/** What SARIF 2.1.0 requires of a log, of a run and of a result. @returns the results */
function sarifOf(text: string): readonly Readonly<Record<string, unknown>>[] {
  const log = JSON.parse(text);
  expect(log).toMatchObject({ version: "2.1.0", runs: [{ tool: { driver: { name: "pimwatch" } } }] });
  for (const { message, ruleId, ruleIndex } of log.runs[0].results) {
    expect(typeof message.text).toBe("string");
    expect(log.runs[0].tool.driver.rules[ruleIndex]).toEqual({ id: ruleId });
  }
  return log.runs[0].results;
}

function problemsIn(content: string): string[] {
  const { context } = parseAction({ name: "action.yml", content }, new NoOperationTraceWriter());
  return context.errors.getErrors().map(({ message }) => message);
}

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly outputs: Readonly<Record<string, string>>;
}

/** Runs a step with GitHub's options of bash, in another repository's workspace. */
async function runStep(id: string, rules = "detections"): Promise<Ran> {
  const step = STEPS.find((candidate) => candidate.id === id);
  const values: Readonly<Record<string, string>> = { "github.action_path": ROOT, "inputs.rules": rules };
  const env = Object.fromEntries(
    Object.entries(step?.env ?? {}).map(([name, text]) => [
      name,
      text.replaceAll(/\$\{\{ ([\w.]+) \}\}/g, (_whole, expression: string) => String(values[expression])),
    ]),
  );
  const output = join(folder, "output");
  await writeFile(output, "");
  const all = { ...process.env, ...env, RUNNER_TEMP: folder, GITHUB_OUTPUT: output };
  const args = ["--noprofile", "--norc", "-eo", "pipefail", "-c", step?.run ?? "exit 99"];
  const { code, out } = await new Promise<Omit<Ran, "outputs">>((resolve) => {
    const child = execFile("bash", args, { cwd: folder, env: all }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, out: stdout + stderr }),
    );
  });
  const lines = (await readFile(output, "utf8")).split("\n").filter((line) => line.includes("="));
  return { code, out, outputs: Object.fromEntries(lines.map((line) => line.split("=", 2))) };
}
