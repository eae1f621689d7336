// Breaks the app on purpose and asks which seed finds it: what no seed finds is a gap in the simulation.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { mutateAll } from "../mutants/mutate.ts";
import { chosen, type Mutation, readMutations } from "../mutants/mutation-list.ts";
import { copyTree } from "../mutants/tree-copy.ts";
import { reasonsFor } from "./not-simulated.ts";
import { runProgram } from "../scripts/run-program.ts";
import { UsageError } from "../src/errors.ts";

const HELP = `Usage: npm run simulate:calibrate -- [options]

Applies each mutation of mutants/list/ that concerns delivery to a temporary copy of this checkout and runs simulated
worlds on it, until one breaks a law. Your files are not touched. Prints a table with the first seed that finds each.

  --seeds N      seeds for each mutation (default 1,800); the small worlds among them are left out
  --only TEXT    only mutations whose id, file or broken promise contains TEXT, even those that
                 simulation/not-simulated.yaml gives a reason for; may be repeated
  --help         print this text

Exit code 0: each was found, or not-simulated.yaml says why not. 1: some were not. 2: the options are wrong, or the list
does not match the code.`;

/** The code that an event passes on its way to the sinks, and what heals it and tells of it. */
const DELIVERY = [
  "src/workflows/detection/detect-",
  "src/workflows/detection/handle-events.ts",
  "src/workflows/detection/judge-record.ts",
  "src/workflows/detection/record-finished.ts",
  "src/workflows/delivery/",
  "src/workflows/healing/",
  "src/workflows/windows/",
  "src/workflows/health/hub-health.ts",
  "src/workflows/health/pipeline-health.ts",
  "src/azure/incidents/incident-additions.ts",
  "src/azure/incidents/incident-outbox.ts",
  "src/azure/incidents/incident-table.ts",
  "src/azure/incidents/known-incidents.ts",
  "src/azure/incidents/rule-ids.ts",
  "src/azure/ledger/",
  "src/azure/sinks/",
  "src/azure/windows/",
  "src/azure/tables/row-keys.ts",
  "src/azure/tables/side-by-side.ts",
  "src/azure/tables/table-errors.ts",
  "src/azure/tables/table-rows.ts",
  "src/azure/audit-hub.ts",
  "src/azure/dead-letters.ts",
  "src/azure/calls.ts",
  "src/core/ledger/",
  "src/core/window/",
  "src/core/incident/row-failure.ts",
  "src/core/do-each.ts",
  "src/invocations/",
];
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const MOST_BYTES = 64 * 1_048_576;
/** A world that never ends counts as found, too. */
const LIMIT_MS = 3_600_000;

interface Found {
  /** Undefined if no seed broke a law. */
  readonly seed: number | undefined;
  readonly law: string;
}

async function main(seeds: string, only: readonly string[]): Promise<number> {
  const all = readMutations(ROOT);
  const mutated = mutateAll(ROOT, all);
  const reasons = reasonsFor(ROOT, all);
  const wanted = chosen(all, only).filter(({ file }) => DELIVERY.some((beginning) => file.startsWith(beginning)));
  const tried = wanted.filter(({ id }) => only.length > 0 || !reasons.has(id));
  const queue = [...tried];
  let unfound = 0;
  console.log(`| mutation | first seed | what it breaks |\n| --- | --- | --- |`);
  async function work(): Promise<void> {
    const tree = await copyTree(ROOT);
    try {
      for (let mutation = queue.shift(); mutation !== undefined; mutation = queue.shift()) {
        const source = mutated.get(mutation)?.source ?? "";
        const { seed, law } = await firstSeed(mutation, source, { directory: tree.directory, seeds });
        if (seed === undefined) unfound += 1;
        console.log(`| ${mutation.id} | ${seed ?? "none"} | ${law.slice(0, 120).replaceAll("|", "\\|")} |`);
      }
    } finally {
      await tree.remove();
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  const explained = wanted.filter((mutation) => !tried.includes(mutation));
  for (const { id } of explained) console.log(`| ${id} | not tried | ${reasons.get(id)} |`);
  console.log(
    `\n${wanted.length} mutations: ${tried.length - unfound} found, ${unfound} not found within ${seeds} seeds, ${explained.length} not tried for the reasons above`,
  );
  return unfound === 0 ? 0 : 1;
}

async function firstSeed(
  { file }: Mutation,
  source: string,
  { directory, seeds }: { readonly directory: string; readonly seeds: string },
): Promise<Found> {
  const path = join(directory, file);
  await writeFile(path, source);
  try {
    const args = ["simulation/simulate.ts", "--seeds", seeds, "--large", "--threads", "1", "--json"];
    await promisify(execFile)(process.execPath, args, { cwd: directory, maxBuffer: MOST_BYTES, timeout: LIMIT_MS });
    return { seed: undefined, law: "" };
  } catch (error) {
    const printed = error instanceof Error && "stdout" in error ? String(error.stdout) : "";
    if (!printed.startsWith("{")) return { seed: 1, law: error instanceof Error ? firstLine(error.message) : "" };
    const { seed, broken }: { readonly seed: number; readonly broken: readonly string[] } = JSON.parse(printed);
    return { seed, law: firstLine(broken[0] ?? "") };
  } finally {
    await writeFile(path, readFileSync(join(ROOT, file)));
  }
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

await runProgram(async () => {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "1800" },
      only: { type: "string", multiple: true, default: [] },
      help: { type: "boolean", default: false },
    },
  });
  if (!/^[1-9]\d{0,8}$/.test(values.seeds)) throw new UsageError(`--seeds ${values.seeds}: give a whole number from 1`);
  if (!values.help) return main(values.seeds, values.only);
  console.log(HELP);
  return 0;
});
