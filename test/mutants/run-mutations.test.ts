import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mutateAll } from "../../mutants/mutate.ts";
import { chosen, type Mutation, readMutations } from "../../mutants/mutation-list.ts";
import { reportJson, reportText, verdictOn } from "../../mutants/report.ts";
import { type Result, runMutations } from "../../mutants/run-mutations.ts";
import { copyTree } from "../../mutants/tree-copy.ts";

/* The whole process on a repository with one function and one test. */

const SOURCE = `const FLOOR = 0;
export async function sum(values: readonly number[]): Promise<number> {
  const kept = values.filter((value) => value > FLOOR);
  return kept.reduce((total, value) => total + value, 0);
}
`;
const TEST = `import { expect, test } from "vitest";
import { sum } from "../../src/sum.ts";

test("sums what is above zero", async () => {
  expect(await sum([1, 2])).toBe(3);
});
`;
const LIST = `
- { id: multiplies, breaks: [sums], file: src/sum.ts, in: sum, find: total + value, replace: total * value, tests: [test/core/sum.test.ts] }
- { id: takes-zero, breaks: [sums], file: src/sum.ts, in: sum, find: value > FLOOR, replace: value >= FLOOR, tests: [test/core/sum.test.ts], equivalent: zero adds nothing }
- { id: takes-all, breaks: [only what is above zero], file: src/sum.ts, in: sum, find: value > FLOOR, replace: "true", tests: [test/core/sum.test.ts] }
- { id: never-ends, breaks: [sums], file: src/sum.ts, in: sum, find: return kept, replace: while (true); return kept, tests: [test/core/sum.test.ts] }
- { id: does-not-load, breaks: [sums], file: src/sum.ts, in: FLOOR, find: "0", replace: none, tests: [test/core/sum.test.ts] }
- { id: falsely-excused, breaks: [sums], file: src/sum.ts, in: sum, find: ", 0", replace: ", 1", tests: [test/core/sum.test.ts], equivalent: nobody looks }
`;

let root: string;
let results: Result[];
const mutationOf = (id: string): Mutation => {
  const [mutation] = chosen(readMutations(root), [id]);
  return mutation ?? expect.unreachable(id);
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "pimwatch-mutants-test-"));
  const config = 'export default { test: { include: ["test/**/*.test.ts"] } };\n';
  const files = { "src/sum.ts": SOURCE, "test/core/sum.test.ts": TEST, "mutants/list/a.yaml": LIST };
  for (const [file, content] of Object.entries({ ...files, "mutants/sources-only.config.ts": config })) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), content);
  }
  await writeFile(join(root, ".gitignore"), "node_modules\n");
  await symlink(resolve("node_modules"), join(root, "node_modules"), "junction");
  execFileSync("git", ["init", "--quiet"], { cwd: root });
  results = await resultsOf(root);
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function resultsOf(directory: string): Promise<Result[]> {
  const mutated = [...mutateAll(directory, readMutations(directory))];
  const work = mutated.map(([mutation, fault]) => [mutation, { ...fault, original: SOURCE }] as const);
  const trees = await Promise.all([copyTree(directory), copyTree(directory)]);
  try {
    const directories = trees.map((tree) => tree.directory);
    const options = { directories, stopping: new AbortController().signal, onResult() {}, startMs: 20_000 };
    return await runMutations(new Map(work), options);
  } finally {
    await Promise.all(trees.map((tree) => tree.remove()));
  }
}

test("each mutation is noticed, survives, does not end or runs no test; the checkout stays unchanged", async () => {
  expect(Object.fromEntries(results.map(({ mutation, outcome, by }) => [mutation.id, [outcome, by]]))).toEqual({
    multiplies: ["noticed", "test/core/sum.test.ts: sums what is above zero"],
    "takes-zero": ["survived", ""],
    "takes-all": ["survived", ""],
    "never-ends": ["timed out", "the tests did not end"],
    "does-not-load": ["no test ran", expect.stringContaining("none is not defined")],
    "falsely-excused": ["noticed", "test/core/sum.test.ts: sums what is above zero"],
  });
  expect(await readFile(join(root, "src/sum.ts"), "utf8")).toBe(SOURCE);
});

test("the report names survivors with the broken promise and a remedy, and equivalent ones with their reason", () => {
  const text = reportText(results);

  expect(text).toContain(
    [
      "takes-all  src/sum.ts:3 (sum)",
      "  breaks: only what is above zero",
      "  - value > FLOOR",
      "  + true",
      "  tests: test/core/sum.test.ts",
      "  SURVIVED: write a test that fails, or give the reason why none can as `equivalent`",
    ].join("\n"),
  );
  expect(text).toContain("  equivalent: zero adds nothing\n");
  expect(text).toContain("  NOTICED though listed as equivalent, by test/core/sum.test.ts: sums what is above zero");
  expect(text).toContain("  NO TEST RAN: ");
  expect(text.split("\n").at(-1)).toBe(
    "6 mutations: 3 noticed, 1 of these because the tests did not end, 1 equivalent, 1 survived, 2 to be corrected",
  );
  expect(JSON.parse(reportJson(results))).toMatchObject({
    mutations: 6,
    noticed: 3,
    timedOut: 1,
    equivalent: 1,
    survived: 1,
    wrong: 2,
    results: expect.arrayContaining([expect.objectContaining({ id: "takes-all", line: 3, outcome: "survived" })]),
  });
  expect(verdictOn(results).survivors.map(({ mutation }) => mutation)).toEqual([mutationOf("takes-all")]);
});

test("the run reports tests that fail without a mutation, since they prove nothing", async () => {
  await writeFile(join(root, "test/core/sum.test.ts"), TEST.replace("toBe(3)", "toBe(4)"));
  const told = "fails without a mutation: test/core/sum.test.ts: sums what is above zero";

  const failing = await resultsOf(root);

  expect(failing.map(({ outcome, by }) => [outcome, by])).toEqual(failing.map(() => ["not tried", told]));
  expect(reportText(failing)).toContain(`  NOT TRIED: ${told}\n`);
  expect(verdictOn(failing)).toMatchObject({ noticed: 0, survivors: [], wrong: failing });
});

test.each([
  ["- {}", "mutants/list/a.yaml: 0.id: "],
  ["[]", "mutants/list/*.yaml: no mutations in "],
  [LIST + LIST, "mutants/list/*.yaml: more than one mutation is called multiplies, takes-zero, "],
])("a malformed list is refused: %#", async (list, problem) => {
  await writeFile(join(root, "mutants/list/a.yaml"), list);
  expect(() => readMutations(root)).toThrow(problem);
});

test("an option that names no mutation is refused", () => {
  expect(() => chosen([], ["gone"])).toThrow("--only gone: no mutation; --list prints them all");
});
