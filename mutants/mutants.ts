// Breaks the code on purpose, one fault at a time, and reports the faults that no test notices.
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runProgram } from "../scripts/run-program.ts";
import { UsageError } from "../src/errors.ts";
import { type Mutated, mutateAll } from "./mutate.ts";
import { chosen, type Mutation, readMutations } from "./mutation-list.ts";
import { mutationText, progressText, reportJson, reportText, verdictOn } from "./report.ts";
import { runMutations } from "./run-mutations.ts";
import { copyTree } from "./tree-copy.ts";

const HELP = `Usage: npm run mutants -- [options]

Breaks the code on purpose: applies each mutation of mutants/list/ to a temporary copy of this checkout and runs the
tests that must notice it. Your files are not touched. Prints the survivors: mutations that no test notices.

  --only TEXT    try only mutations whose id, file or broken promise contains TEXT; may be repeated
  --list         print the mutations and run nothing
  --json         print the results as JSON instead of text
  --workers N    number of parallel mutations, from 1 to 16 (default: 2, or 1 on a single processor)
  --help         print this text

Progress goes to stderr, the result to stdout. Tests of the page need Chromium, tests of infra/ the Bicep CLI.

Exit code 0: each mutation was noticed, or has a reason why none can. 1: some survived. 2: the options are wrong, the
list no longer matches the code, or the tests fail without a mutation.`;

const ROOT = fileURLToPath(new URL("..", import.meta.url));

interface Options {
  readonly only: readonly string[];
  readonly list: boolean;
  readonly json: boolean;
  readonly workers: number;
  readonly help: boolean;
}

async function main(options: Options): Promise<number> {
  const all = readMutations(ROOT);
  const mutated = mutateAll(ROOT, all);
  const wanted = chosen(all, options.only);
  if (options.list) {
    for (const mutation of wanted) console.log(listed(mutation, mutated.get(mutation), options.json));
    return 0;
  }
  const results = await run(wanted, mutated, options);
  console.log(options.json ? reportJson(results) : reportText(results));
  const { survivors, wrong } = verdictOn(results);
  return wrong.length > 0 ? 2 : survivors.length > 0 ? 1 : 0;
}

function listed(mutation: Mutation, mutated: Mutated | undefined, json: boolean): string {
  return json ? JSON.stringify(mutation) : `${mutationText(mutation, mutated?.line ?? 0)}\n`;
}

async function run(wanted: readonly Mutation[], mutated: ReadonlyMap<Mutation, Mutated>, { workers }: Options) {
  const stopping = new AbortController();
  const stop = (): void => stopping.abort(new UsageError("stopped; your checkout was not changed"));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop);
  const trees = [];
  try {
    for (let count = 0; count < Math.min(workers, wanted.length); count += 1) trees.push(await copyTree(ROOT));
    const work = [...mutated].filter(([mutation]) => wanted.includes(mutation));
    const withOriginal = work.map(([mutation, fault]) => {
      return [mutation, { ...fault, original: readFileSync(join(ROOT, mutation.file), "utf8") }] as const;
    });
    const files = new Set(wanted.flatMap(({ tests }) => tests));
    console.error(`${wanted.length} mutations; first their ${files.size} test files run without any`);
    let done = 0;
    return await runMutations(new Map(withOriginal), {
      directories: trees.map(({ directory }) => directory),
      stopping: stopping.signal,
      onResult: (result) => console.error(progressText(result, (done += 1), wanted.length)),
    });
  } finally {
    await Promise.all(trees.map((tree) => tree.remove()));
  }
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      only: { type: "string", multiple: true, default: [] },
      list: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      workers: { type: "string", default: String(Math.min(2, availableParallelism())) },
      help: { type: "boolean", default: false },
    },
  });
  const workers = /^\d+$/.test(values.workers) ? Number(values.workers) : 0;
  if (workers < 1 || workers > 16) throw new UsageError(`--workers ${values.workers}: give a number from 1 to 16`);
  return { ...values, workers };
}

await runProgram(async () => {
  const options = readOptions();
  if (!options.help) return main(options);
  console.log(HELP);
  return 0;
});
