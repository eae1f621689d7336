// Runs the whole app in simulated worlds, one for each seed, and reports the first that breaks a law.
import { parseArgs } from "node:util";
import type { Rule } from "../src/core/incident/rule.ts";
import { runProgram } from "../scripts/run-program.ts";
import { UsageError } from "../src/errors.ts";
import { compileAllRules } from "../src/sentinel/compile-rules.ts";
import { type Plan, planOf } from "./plan.ts";
import { type Figures, type Outcome, run } from "./run.ts";
import { shrunk } from "./shrink.ts";

const HELP = `Usage: npm run simulate -- [options]

Runs the real workflows, invocations and stores in one process on simulated services and virtual time: hub, Table
Storage, blobs, Logs Ingestion, a webhook, timers, and machines that crash, restart and have wrong clocks. A seed is a
world: what is sent, what fails and when, and who goes on at each wait. After each world: every event that matches has
its incident once or is reported as lost, every incident was forwarded, dead letters are the bytes that were sent, the
outbox is empty, nothing finished is missing, and no line of the log holds a part of a record.

  --seeds N     number of worlds (default 200)
  --from S      the first seed (default 1)
  --history     print what happened in the world of the first seed, and its digest, and stop
  --json        print the figures, or the seed and the laws that it breaks, as JSON
  --help        print this text

A failure prints the smallest plan found that still fails, the end of its history, and the command that repeats it.
Exit code 1 at the first failure, 2 if the options are wrong.`;

/** The rule that the events of the simulation match. */
const RULE_ID = "0ed0fe7c-af29-4990-af7f-bb5ccb231198";
const PROGRESS_EVERY_MS = 10_000;
const LINES_SHOWN = 60;

interface Options {
  readonly seeds: number;
  readonly from: number;
  readonly history: boolean;
  readonly json: boolean;
  readonly help: boolean;
}

async function main({ seeds, from, history, json }: Options): Promise<number> {
  const rules = (await compileAllRules("rules")).rules.filter(({ id }) => id === RULE_ID);
  if (rules.length === 0) throw new UsageError(`rules/ has no rule ${RULE_ID}, which the events are made for`);
  if (history) {
    const outcome = await run(planOf(from), rules);
    console.log([...outcome.history, `digest ${outcome.digest}`, ...outcome.broken].join("\n"));
    return outcome.broken.length === 0 ? 0 : 1;
  }
  const began = Date.now();
  let saidAt = began;
  const total: Record<string, number> = {};
  for (let seed = from; seed < from + seeds; seed += 1) {
    const outcome = await run(planOf(seed), rules);
    if (outcome.broken.length > 0) {
      if (json) console.log(JSON.stringify({ seed, broken: outcome.broken }));
      else await report(outcome, rules);
      return 1;
    }
    add(total, outcome.figures);
    if (Date.now() - saidAt < PROGRESS_EVERY_MS) continue;
    saidAt = Date.now();
    console.error(`${seed - from + 1} of ${seeds} worlds, nothing broken`);
  }
  const seconds = (Date.now() - began) / 1_000;
  console.log(json ? JSON.stringify({ worlds: seeds, seconds, ...total }) : summary(seeds, seconds, total));
  return 0;
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

async function report(outcome: Outcome, rules: readonly Rule[]): Promise<void> {
  const { seed } = outcome.plan;
  console.error(
    `seed ${seed} breaks ${outcome.broken.length} law(s):\n${outcome.broken.map((law) => `  ${law}`).join("\n")}`,
  );
  console.error("looking for the smallest plan that fails …");
  const plan = await shrunk(outcome.plan, async (candidate) => (await run(candidate, rules)).broken.length > 0);
  const { broken, history } = await run(plan, rules);
  console.error(planText(plan));
  console.error(`which breaks:\n${broken.map((law) => `  ${law}`).join("\n")}`);
  console.error(
    `the last ${LINES_SHOWN} lines of its history:\n${history
      .slice(-LINES_SHOWN)
      .map((line) => `  ${line}`)
      .join("\n")}`,
  );
  console.error(`repeat it: npm run simulate -- --from ${seed} --seeds 1`);
}

function planText({ happenings, ...plan }: Plan): string {
  return [JSON.stringify(plan), ...happenings.map((happening) => `  ${JSON.stringify(happening)}`)].join("\n");
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "200" },
      from: { type: "string", default: "1" },
      history: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  return { ...values, seeds: wholeNumber("--seeds", values.seeds), from: wholeNumber("--from", values.from) };
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
