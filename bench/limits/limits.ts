import { compileQuery } from "../../src/kql/compile/compile-query.ts";
import { preparePlan } from "../../src/kql/run/evaluate.ts";
import { DEFAULT_LIMITS, EvaluationLimitError } from "../../src/kql/run/evaluation.ts";
import { FUNCTIONS } from "../../src/kql/run/function-table.ts";
import { argumentsOf, costlyCalls, runCall, type Arguments, type CostlyCall } from "./costly-calls.ts";
import { COSTLY_PLANS, type CostlyPlan, rowOf } from "./costly-plans.ts";
import { table, valueLine } from "../report.ts";
import { AUDIT_LOGS } from "../../src/core/event/audit-log-columns.ts";

/** The length of the largest values in a record of 1 MB. */
const LENGTH = 684_000;
const SHORTER = 20_000;

interface Measured {
  readonly call: CostlyCall;
  readonly seconds: number;
  readonly units: number;
  readonly isStopped: boolean;
}

/** Enough for a single call that is charged a lot. */
const WIDE = { rows: Infinity, results: Infinity, work: 10 * DEFAULT_LIMITS.work };

/**
 * Processor seconds and charged units of work. The best of several tries, because other processes use the processor.
 */
function measured(call: CostlyCall, limits = WIDE, tries = 1): Measured | undefined {
  let best: Measured | undefined;
  for (let time = 0; time < tries; time += 1) {
    const before = process.threadCpuUsage();
    const began = performance.now();
    const outcome = runCall(call, limits);
    const wall = (performance.now() - began) / 1000;
    const { user, system } = process.threadCpuUsage(before);
    if (outcome === undefined) return undefined;
    // the processor clock is coarse
    const seconds = wall < 0.02 ? wall : (user + system) / 1e6;
    if (best === undefined || seconds < best.seconds)
      best = { call, seconds, units: outcome.spent.work, isStopped: outcome.value === undefined };
  }
  return best;
}

/** Per unit. In calls with few units, the first use of an engine dominates. */
const nanoseconds = ({ seconds, units }: Measured) => (seconds * 1e9) / Math.max(units, 10_000_000);

/** The worst cost of a call: found with shorter arguments, measured with long ones. */
function worstOf(name: string, shorter: Arguments, long: Arguments): Measured | undefined {
  const tried = [...costlyCalls(name, shorter, 3)].flatMap((call) => measured(call) ?? []);
  const worst = tried.toSorted((left, right) => nanoseconds(right) - nanoseconds(left)).slice(0, 5);
  const again = worst.flatMap(({ call }) => measured(withArguments(call, long), DEFAULT_LIMITS, 3) ?? []);
  return again.toSorted((left, right) => nanoseconds(right) - nanoseconds(left))[0];
}

/** The same call with the arguments of the same names from another set. */
function withArguments(call: CostlyCall, { long, short }: Arguments): CostlyCall {
  const all = [...long, ...short];
  return { ...call, arguments: call.arguments.map((each) => all.find(({ name }) => name === each.name) ?? each) };
}

/** The time that the limit on work allows each function, and rules and records built to run for ever. */
export function benchLimits(names: readonly string[] = Object.keys(FUNCTIONS)): readonly string[] {
  const [shorter, long] = [argumentsOf(SHORTER), argumentsOf(LENGTH)];
  const calls = names
    .flatMap((name) => worstOf(name, shorter, long) ?? [])
    .toSorted((left, right) => nanoseconds(right) - nanoseconds(left))
    .slice(0, SHOWN);
  const plans = COSTLY_PLANS.map(measuredPlan);
  return [
    `the ${calls.length} slowest of ${names.length} functions and operators, arguments of ${LENGTH.toLocaleString("en")} characters`,
    table([["function", "arguments", "seconds", ...UNITS_HEAD], ...calls.map(callRow)]),
    "",
    `rules that would take minutes on a record of that length, each stopped at a limit`,
    table([["rule", "seconds", "million units", "stopped at"], ...plans.map(({ row }) => row)]),
    valueLine("longest that one of them takes", Math.max(...plans.map(({ seconds }) => seconds)), "s"),
    "",
  ];
}

const SHOWN = 25;
const UNITS_HEAD = ["million units", "ns a unit", "seconds at the limit"];

function callRow(each: Measured): string[] {
  return [
    each.call.function,
    each.call.arguments.map(({ name }) => name).join(", "),
    each.seconds.toFixed(3),
    (each.units / 1e6).toFixed(1),
    nanoseconds(each).toFixed(2),
    ((nanoseconds(each) * DEFAULT_LIMITS.work) / 1e9).toFixed(2),
  ];
}

function measuredPlan({ name, query, columns }: CostlyPlan): { readonly seconds: number; readonly row: string[] } {
  const { plan } = compileQuery(query, AUDIT_LOGS);
  if (plan === undefined) throw new Error(`a query that does not compile: ${query}`);
  const { evaluate, spent } = preparePlan(plan);
  const before = process.threadCpuUsage();
  let end = "nothing";
  try {
    evaluate(rowOf(columns(LENGTH)));
  } catch (error) {
    if (!(error instanceof EvaluationLimitError)) throw error;
    end = error.limit;
  }
  const { user, system } = process.threadCpuUsage(before);
  const seconds = (user + system) / 1e6;
  return { seconds, row: [name, seconds.toFixed(2), (spent().work / 1e6).toFixed(0), end] };
}
