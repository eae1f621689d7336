// Runs the built app between fault proxies, kills it again and again, and compares what is stored with what was sent.
import { parseArgs } from "node:util";
import { runProgram } from "../scripts/run-program.ts";
import { build } from "../build.ts";
import { UsageError } from "../src/errors.ts";
import { appVariants, type AppVariants } from "./app-variants.ts";
import { markdown, optionalCellsLeft, sentence, totalsOf } from "./report.ts";
import { runRound, type RoundResult } from "./round.ts";

const HELP = `Usage: npm run chaos -- [options]

Runs the built app on the local stack behind fault proxies. Function hosts that compete for the hub's partitions are
killed with SIGKILL; requests to storage, ingestion, token endpoint and hub fail in every way of the fault matrix;
events arrive twice, in other orders and other batches. In the end everything settles and is compared: each matching
record must be one incident, forwarded, and unreadable bytes must be a dead letter, byte for byte.

  --kills N       minimum number of SIGKILLs (default 100)
  --faults N      minimum number of faults (default 1000)
  --seed S        decides faults, kills and traffic (default: a new seed, which is printed)
  --round N       kills per round; each round has its own services (default 100)
  --hosts N       parallel function hosts (default 6)
  --partitions N  partitions of the hub (default 16)
  --any-cells     do not wait until every cell of the matrix is reached
  --json          print the figures as JSON instead of a table
  --no-build      use the existing dist/
  --help          print this text

Progress goes to stderr, the result to stdout. Ctrl-C ends the storm; the results so far are judged. Exit code 1: an
event was lost, an incident is duplicated, or a dead letter is not what was sent. To repeat a failed round, use the
seed printed with the problem.`;

const APP_DIRECTORY = "dist";
const MOST_PROBLEMS = 50;

interface Options {
  readonly kills: number;
  readonly faults: number;
  readonly seed: string;
  readonly round: number;
  readonly hosts: number;
  readonly partitions: number;
  readonly anyCells: boolean;
  readonly json: boolean;
  readonly build: boolean;
}

async function main(options: Options): Promise<number> {
  if (options.build) await build();
  const variants = await appVariants(APP_DIRECTORY);
  console.error(`seed ${options.seed}`);
  try {
    const enough = new AbortController();
    process.once("SIGINT", () => {
      console.error("ending early: the results so far are judged; press Ctrl-C again to stop at once");
      enough.abort();
    });
    const rounds = await runRounds(options, variants, enough.signal);
    const totals = totalsOf(rounds);
    if (options.json)
      console.log(JSON.stringify({ seed: options.seed, ...totals, byCell: Object.fromEntries(totals.byCell) }));
    else console.log(markdown(totals));
    for (const problem of totals.problems.slice(0, MOST_PROBLEMS)) console.error(`FAILED: ${problem}`);
    if (totals.problems.length > MOST_PROBLEMS)
      console.error(`FAILED: and ${totals.problems.length - MOST_PROBLEMS} more problems`);
    for (const cell of totals.unreachable) console.error(`FAILED: cell not reached: ${cell}`);
    for (const name of optionalCellsLeft(totals))
      console.error(`not in this run (an app requests only one token per start): ${name}`);
    const isGood = totals.problems.length + totals.unreachable.length === 0;
    console.error(`${isGood ? "passed" : "FAILED"}: ${sentence(totals)}; seed ${options.seed}`);
    return isGood ? 0 : 1;
  } finally {
    await variants.remove();
  }
}

async function runRounds(options: Options, variants: AppVariants, enough: AbortSignal): Promise<RoundResult[]> {
  const rounds: RoundResult[] = [];
  const count = Math.max(1, Math.ceil(options.kills / options.round));
  const beganAt = performance.now();
  for (let number = 1; number <= count && (number === 1 || !enough.aborted); number += 1) {
    const seed = count === 1 ? options.seed : `${options.seed}/${number}`;
    const happened = new Set(rounds.flatMap(({ faults }) => [...faults.keys()]));
    const result = await runRound({
      seed,
      kills: Math.ceil(options.kills / count),
      faults: Math.ceil(options.faults / count),
      everyCell: number === count && !options.anyCells,
      happened,
      hosts: options.hosts,
      partitions: options.partitions,
      variants,
      nodePath: process.env["PIMWATCH_NODE"] ?? process.execPath,
      enough,
      onProgress: progressLine(`round ${number}/${count}`),
    });
    rounds.push(result);
    const seconds = Math.round((performance.now() - beganAt) / 1000);
    console.error(
      `\nround ${number}/${count} (seed ${seed}): ${result.kills.worker + result.kills.host} kills, ` +
        `${result.incidents} incidents of ${result.expectedIncidents}, ${result.problems.length} problem(s); ` +
        `storm ${Math.round(result.stormSeconds)} s, calm ${Math.round(result.calmSeconds)} s, in all ${seconds} s`,
    );
  }
  return rounds;
}

function progressLine(name: string) {
  const isTerminal = process.stderr.isTTY;
  let printedAt = 0;
  return (progress: Parameters<Parameters<typeof runRound>[0]["onProgress"]>[0]) => {
    if (performance.now() - printedAt < (isTerminal ? 250 : 10_000)) return;
    printedAt = performance.now();
    const { phase, kills, faults, cells, events, waiting } = progress;
    const line = `${name} ${phase}: ${kills} kills, ${faults} faults, ${cells} cells, ${events} events${waiting === undefined ? "" : `; ${waiting}`}`;
    process.stderr.write(isTerminal ? `\r\u001b[K${line}` : `${line}\n`);
  };
}

function wholeNumber(text: string | undefined, name: string, fallback: number): number {
  if (text === undefined) return fallback;
  if (!/^\d+$/.test(text)) throw new UsageError(`--${name} ${text}: give a whole number`);
  return Number(text);
}

function readOptions(): Options | "help" {
  const { values } = parseArgs({
    options: {
      kills: { type: "string" },
      faults: { type: "string" },
      seed: { type: "string" },
      round: { type: "string" },
      hosts: { type: "string" },
      partitions: { type: "string" },
      "any-cells": { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      "no-build": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  return {
    kills: wholeNumber(values.kills, "kills", 100),
    faults: wholeNumber(values.faults, "faults", 1_000),
    seed: values.seed ?? String(Math.floor(Math.random() * 2 ** 32)),
    round: Math.max(1, wholeNumber(values.round, "round", 100)),
    hosts: Math.max(2, wholeNumber(values.hosts, "hosts", 6)),
    partitions: Math.max(1, wholeNumber(values.partitions, "partitions", 16)),
    anyCells: values["any-cells"],
    json: values.json,
    build: !values["no-build"],
  };
}

await runProgram(async () => {
  const options = readOptions();
  if (options !== "help") return main(options);
  console.log(HELP);
  return 0;
});
