// Sends near-valid audit events through batch processing, up to a million times, and checks what must always hold.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { prepare } from "../../src/kql/run/evaluate.ts";
import { readyRule, type ReadyRule } from "../../src/core/incident/ready-rule.ts";
import type { Rule } from "../../src/core/incident/rule.ts";
import { necessaryLiterals } from "../../src/core/scan/necessary-literals.ts";
import { ruleScan } from "../../src/core/scan/rule-scan.ts";
import { compileAllRules } from "../../src/sentinel/compile-rules.ts";
import { fuzzBodies } from "./fuzz-input.ts";
import { type Detection, emptyStores, fuzzRun, type FuzzFigures } from "./fuzz-run.ts";

const HELP = `Usage: npm run fuzz -- [options]

Sends malformed bodies and records, and good ones in every form, through batch processing into stores in memory, with
all rules or with one. For each batch must hold: nothing is thrown; received = matched + not matched + other category +
dead-lettered; stored rows are within the limits of the table and of the ingestion API; dead letters are the bytes that
were sent; the same batch again, now with the scan, finds the same incidents and nothing new.

  --runs N   number of batches, with one to three bodies each (default 100000)
  --seed S   decides the bytes (default: a new seed, which is printed)
  --from N   begin with that run: --seed S --from N --runs 1 repeats one
  --jobs N   number of processes (default: one per processor)
  --help     print this text

Exit code 1 at the first violation, which is printed with the command that repeats it.`;

interface Options {
  readonly seed: string;
  readonly from: number;
  readonly runs: number;
}

/** Figures of many batches, summed by name. */
type Total = Record<string, number>;

/** Empties the stores now and then: repeated content comes soon after. */
const FORGET_EVERY = 2_000;
const PROGRESS_EVERY = 20_000;
const PER_PROCESS_AT_LEAST = 5_000;

/**
 * All rules together and each alone, in turn: with fewer literals the scan takes longer strides, and more of a literal
 * can lie in a body's last bytes.
 */
async function prepared(): Promise<{
  readonly detections: readonly Detection[];
  readonly literals: readonly string[];
}> {
  const [one, several] = [await compileAllRules("rules"), await compileAllRules("simulation/schedule/rules")];
  const rules = [...one.rules, ...several.rules];
  const detections = rules
    .flatMap((rule) => [rules, [rule]])
    .map((some): Detection => {
      const { scan } = ruleScan(some);
      if (scan === undefined)
        throw new Error("a rule without a literal turns the scan off, so nothing would be tested");
      return { rules: [...some.map(readyRule), ...some.slice(0, 1).map(limited)], scan };
    });
  const literals = rules.flatMap(({ plan }) => necessaryLiterals(plan) ?? []).map((literal) => literal.text);
  return { detections, literals: [...new Set(literals)] };
}

/** @returns the figures, or undefined after a failure, which is printed */
async function runHere({ seed, from, runs }: Options): Promise<Total | undefined> {
  const { detections, literals } = await prepared();
  let unhandled: unknown;
  process.on("unhandledRejection", (reason) => (unhandled ??= reason ?? "nothing"));
  // Otherwise most of the time goes into the error stacks of unreadable JSON.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const total = {};
  let stores = emptyStores();
  for (let run = from; run < from + runs; run += 1) {
    if (run % FORGET_EVERY === 0) {
      stores = emptyStores();
      await new Promise((resolve) => setImmediate(resolve)); // lets unhandled rejections be reported
      if (run % PROGRESS_EVERY === 0 && run > from) console.error(`run ${run}: nothing found since run ${from}`);
    }
    const bodies = fuzzBodies(seed, run, literals);
    const detection = detections[run % detections.length];
    if (detection === undefined) throw new Error("no rule in rules/");
    try {
      add(total, await fuzzRun(bodies, detection, stores));
      if (unhandled !== undefined) throw new Error("an unhandled rejection", { cause: unhandled });
    } catch (error) {
      Error.stackTraceLimit = stackTraceLimit;
      const again = await fuzzRun(bodies, detection, emptyStores()).catch((second: unknown) => second);
      const shown = again instanceof Error ? again : error;
      console.error(`\nFAILED: ${shown instanceof Error ? shown.stack : String(shown)}`);
      console.error(`repeat it: npm run fuzz -- --seed ${seed} --from ${run} --runs 1`);
      for (const body of bodies) console.error(JSON.stringify(Buffer.from(body).toString("latin1").slice(0, 2_000)));
      return undefined;
    }
  }
  return total;
}

/** A rule with limits that records reach, which makes them dead letters whatever other rules find. */
function limited(rule: Rule): ReadyRule {
  const twin = { ...rule, id: "11111111-2222-4333-8444-555555555555", name: "limited" };
  return { ...readyRule(twin), evaluate: prepare(twin.plan, { rows: 10, results: 1, work: 60_000 }) };
}

/** The same with several processes, each taking part of the runs. */
async function runInProcesses({ seed, from, runs }: Options, jobs: number): Promise<Total | undefined> {
  const share = Math.ceil(runs / jobs);
  const script = fileURLToPath(import.meta.url);
  const parts = Array.from({ length: jobs }, async (_, job) => {
    const [first, count] = [from + job * share, Math.min(share, runs - job * share)];
    const args = [script, "--seed", seed, "--from", String(first), "--runs", String(count), "--jobs", "1"];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, "close")]);
    if (code !== 0) throw new Error(`the runs from ${first} ended with exit code ${String(code)}`);
    const { figures } = JSON.parse(stdout) as { readonly figures: Total };
    return figures;
  });
  const total = {};
  let hasFailed = false;
  for (const part of await Promise.allSettled(parts)) {
    if (part.status === "fulfilled") add(total, part.value);
    else {
      hasFailed = true;
      console.error(String(part.reason));
    }
  }
  return hasFailed ? undefined : total;
}

function add(total: Total, figures: Readonly<FuzzFigures | Total>): void {
  for (const [name, count] of Object.entries(figures)) total[name] = (total[name] ?? 0) + count;
}

async function main(options: Options, wantedJobs: number): Promise<number> {
  const jobs = Math.max(1, Math.min(wantedJobs, Math.floor(options.runs / PER_PROCESS_AT_LEAST)));
  if (wantedJobs > 1) console.error(`seed ${options.seed}, runs ${options.from} to ${options.from + options.runs - 1}`);
  const beganAt = performance.now();
  const total = await (jobs === 1 ? runHere(options) : runInProcesses(options, jobs));
  if (total === undefined) return 1;
  if (wantedJobs > 1) {
    const seconds = (performance.now() - beganAt) / 1_000;
    console.error(
      `${options.runs} runs, 0 crashes, 0 unhandled rejections; ${Math.round(options.runs / seconds)} a second`,
    );
  }
  console.log(JSON.stringify({ runs: options.runs, seed: options.seed, figures: total }));
  return 0;
}

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "100000" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 32)) },
    from: { type: "string", default: "0" },
    jobs: { type: "string", default: String(Math.max(2, availableParallelism())) },
    help: { type: "boolean", default: false },
  },
});
const [runs, from, jobs] = [Number(values.runs), Number(values.from), Number(values.jobs)];
if (values.help) console.log(HELP);
else if (![runs, from, jobs].every(Number.isSafeInteger) || runs < 1 || from < 0 || jobs < 1) {
  console.error("--runs, --from and --jobs: give whole numbers");
  process.exitCode = 2;
} else process.exitCode = await main({ seed: values.seed, from, runs }, jobs);
