import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Mutated } from "./mutate.ts";
import type { Mutation } from "./mutation-list.ts";
import { configOf, runTests, type TestOutcome, type TestRunOptions } from "./test-run.ts";

export interface Result {
  readonly mutation: Mutation;
  readonly line: number;
  /** `noticed`: a test failed. `timed out`: the tests did not end, which is noticed, too. `not tried`: they fail anyway. */
  readonly outcome: "noticed" | "timed out" | "survived" | "no test ran" | "not tried";
  /** The test that failed, or why none ran or could tell. */
  readonly by: string;
  readonly seconds: number;
}

export interface RunOptions {
  /** Copies of the repository: as many mutations are tried at a time. */
  readonly directories: readonly string[];
  readonly stopping: AbortSignal;
  onResult(result: Result): void;
  /** How long vitest may take to start, the app to be built and packages to be loaded. */
  readonly startMs?: number;
}

const WHOLE_LIMIT_MS = 3_600_000;

/** Tries mutations, each against its own tests. Those whose tests fail without a mutation are not tried. */
export async function runMutations(
  mutations: ReadonlyMap<Mutation, Mutated & { readonly original: string }>,
  { directories, stopping, onResult, startMs = 45_000 }: RunOptions,
): Promise<Result[]> {
  const [first] = directories;
  if (first === undefined) throw new TypeError("no directory to work in");
  const all = new Set([...mutations.keys()].flatMap(({ tests }) => tests));
  const usual = await runsWithout([...all], { directory: first, workers: directories.length, stopping });
  const secondsOf = ({ tests }: Mutation): number => sum(tests.map((test) => usual.seconds.get(test) ?? 0));
  // The longest first: then no worker is left with one at the end.
  const queue = [...mutations].toSorted(([a], [b]) => secondsOf(b) - secondsOf(a));
  const results: Result[] = [];
  const work = async (directory: string): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [mutation, fault] = next;
      const why = mutation.tests.map((test) => usual.failing.get(test)).find((reason) => reason !== undefined);
      const limitMs = Math.ceil(startMs + 4_000 * secondsOf(mutation));
      const result =
        why === undefined
          ? await tryMutation(mutation, fault, { directory, limitMs, workers: 1, stopping })
          : { mutation, line: fault.line, outcome: "not tried" as const, by: why, seconds: 0 };
      results.push(result);
      onResult(result);
    }
  };
  await Promise.all(directories.map(work));
  return results;
}

/** How the tests end without a mutation. A test that fails already proves nothing. */
interface UsualRuns {
  readonly seconds: ReadonlyMap<string, number>;
  /** By test file, why it fails. */
  readonly failing: ReadonlyMap<string, string>;
}

async function runsWithout(
  tests: readonly string[],
  options: Omit<TestRunOptions, "tests" | "limitMs">,
): Promise<UsualRuns> {
  const seconds = new Map<string, number>();
  const failing = new Map<string, string>();
  const run = async (some: readonly string[]): Promise<TestOutcome> => {
    const ran = await runTests({ ...options, tests: some, limitMs: WHOLE_LIMIT_MS });
    if (ran.outcome === "passed") for (const [test, taken] of ran.seconds) seconds.set(test, taken);
    return ran;
  };
  for (const suite of suitesOf(tests)) {
    if ((await run(suite)).outcome === "passed") continue;
    // One at a time it is told which one fails, and one that only a busy machine failed gets a second chance.
    for (const test of suite) {
      const ran = await run([test]);
      if (ran.outcome !== "passed") failing.set(test, `fails without a mutation: ${explanationOf(ran)}`);
    }
  }
  return { seconds, failing };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

async function tryMutation(
  mutation: Mutation,
  { source, original, line }: Mutated & { readonly original: string },
  options: Omit<TestRunOptions, "tests">,
): Promise<Result> {
  const beganAt = performance.now();
  const file = join(options.directory, mutation.file);
  const resultOf = (outcome: Result["outcome"], by: string): Result => {
    return { mutation, line, outcome, by, seconds: (performance.now() - beganAt) / 1_000 };
  };
  await writeFile(file, source);
  try {
    for (const tests of suitesOf(mutation.tests)) {
      const ran = await runTests({ ...options, tests });
      if (ran.outcome === "failed") return resultOf("noticed", ran.by);
      if (ran.outcome !== "passed") return resultOf(ran.outcome, explanationOf(ran));
    }
    return resultOf("survived", "");
  } finally {
    await writeFile(file, original);
  }
}

/** Test files that one run of vitest takes together; those that need no build come first. */
function suitesOf(tests: readonly string[]): string[][] {
  const byConfig = Map.groupBy(tests, (test) => configOf([test]));
  return [...byConfig].toSorted(([a], [b]) => a.localeCompare(b)).map(([, suite]) => suite);
}

function explanationOf(ran: Exclude<TestOutcome, { outcome: "passed" }>): string {
  if (ran.outcome === "failed") return ran.by;
  return ran.outcome === "no test ran" ? ran.because : "the tests did not end";
}
