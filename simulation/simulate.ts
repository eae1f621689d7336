// Runs the whole app in simulated worlds, one for each seed, and reports the first that breaks a law.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import type { Rule } from "../src/core/incident/rule.ts";
import { runProgram } from "../scripts/run-program.ts";
import { UsageError } from "../src/errors.ts";
import { type Judged, manyWorlds } from "./many-worlds.ts";
import { type Plan, planOf } from "./plan.ts";
import { type Figures, run, runTwice } from "./run.ts";
import { shrunk } from "./shrink.ts";
import { simulatedRules } from "./simulated-rules.ts";

const HELP = `Usage: npm run simulate -- [options]

Runs the real workflows, invocations and stores in one process on simulated services and virtual time: hub, Table
Storage, blobs, Logs Ingestion, a webhook, timers, and machines that crash, restart and have wrong clocks. A seed is a
world: what is sent, what fails and when, and who goes on at each wait. After each world: every event that matches has
its incident once or is reported as lost, every incident was forwarded, dead letters are the bytes that were sent, the
outbox is empty, nothing finished is missing, and no line of the log holds a part of a record.

  --seeds N     number of worlds (default 200)
  --from S      the first seed (default 1)
  --threads N   worlds at a time (default: one for each processor)
  --large       leave out the small worlds, which are five of six
  --twice       run each world twice: a history that differs is a failure, too
  --history     print what happened in the world of the first seed, and its digest, and stop
  --json        print the figures, or the seed and the laws that it breaks, as JSON
  --help        print this text

A failure prints the smallest plan found that still fails, the end of its history, and the command that repeats it.
Exit code 1 at the first failure, 2 if the options are wrong.`;

const PROGRESS_EVERY_MS = 10_000;
const LINES_SHOWN = 60;

interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly threads: number;
  readonly twice: boolean;
  readonly large: boolean;
  readonly history: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

async function main({ from, seeds, threads, twice, large, history, json }: Options): Promise<number> {
  const rules = await simulatedRules();
  if (history) return printHistory(from, rules);
  const began = Date.now();
  let saidAt = began;
  let worlds = 0;
  const total: Record<string, number> = {};
  const failure = await manyWorlds({ rules, from, seeds, twice, large }, Math.min(threads, seeds), ({ figures }) => {
    worlds += 1;
    add(total, figures);
    if (Date.now() - saidAt < PROGRESS_EVERY_MS) return;
    saidAt = Date.now();
    console.error(`${worlds} of ${seeds} worlds, nothing broken`);
  });
  if (failure !== undefined) {
    const { seed, broken } = failure;
    if (json) console.log(JSON.stringify({ seed, broken }));
    else await report(failure, rules, twice);
    return 1;
  }
  const seconds = (Date.now() - began) / 1_000;
  console.log(json ? JSON.stringify({ worlds, seconds, ...total }) : summary(worlds, seconds, total));
  return 0;
}

async function printHistory(seed: number, rules: readonly Rule[]): Promise<number> {
  const { history, digest, broken } = await run(planOf(seed), rules);
  console.log([...history, `digest ${digest}`, ...broken].join("\n"));
  return broken.length === 0 ? 0 : 1;
}

function add(total: Record<string, number>, figures: Figures): void {
  for (const [name, value] of Object.entries(figures)) total[name] = (total[name] ?? 0) + value;
}

function summary(worlds: number, seconds: number, total: Readonly<Record<string, number>>): string {
  const of = (name: keyof Figures): string => (total[name] ?? 0).toLocaleString("en-US");
  return [
    `${worlds} worlds in ${seconds.toFixed(0)} s (${(worlds / seconds).toFixed(1)} worlds per second): 0 lost, 0 duplicated, 0 stuck`,
    `${of("events")} events with ${of("incidents")} incidents, ${of("virtualMinutes")} simulated minutes`,
    `${of("calls")} calls to services, ${of("faults")} of them failed; ${of("crashes")} processes died; ${of("sentAgain")} rows were sent again`,
  ].join("\n");
}

async function report({ seed, broken }: Judged, rules: readonly Rule[], twice: boolean): Promise<void> {
  console.error(`seed ${seed} breaks ${broken.length} law(s):\n${indented(broken)}`);
  console.error("looking for the smallest plan that fails …");
  const outcomeOf = (plan: Plan) => (twice ? runTwice : run)(plan, rules);
  const plan = await shrunk(planOf(seed), async (candidate) => (await outcomeOf(candidate)).broken.length > 0);
  const smallest = await outcomeOf(plan);
  console.error(planText(plan));
  console.error(`which breaks:\n${indented(smallest.broken)}`);
  console.error(`the last ${LINES_SHOWN} lines of its history:\n${indented(smallest.history.slice(-LINES_SHOWN))}`);
  console.error(`repeat it: npm run simulate -- --from ${seed} --seeds 1${twice ? " --twice" : ""}`);
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join("\n");
}

function planText({ happenings, ...plan }: Plan): string {
  return [JSON.stringify(plan), ...happenings.map((happening) => `  ${JSON.stringify(happening)}`)].join("\n");
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "200" },
      from: { type: "string", default: "1" },
      threads: { type: "string", default: String(availableParallelism()) },
      twice: { type: "boolean", default: false },
      large: { type: "boolean", default: false },
      history: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  return {
    ...values,
    seeds: wholeNumber("--seeds", values.seeds),
    from: wholeNumber("--from", values.from),
    threads: wholeNumber("--threads", values.threads),
  };
}

function wholeNumber(option: string, text: string): number {
  const value = /^\d{1,12}$/.test(text) ? Number(text) : 0;
  if (value < 1) throw new UsageError(`${option} ${text}: give a whole number from 1`);
  return value;
}

await runProgram(async () => {
  const options = readOptions();
  if (!options.help) return main(options);
  console.log(HELP);
  return 0;
});
