import { DEFAULT_LIMITS } from "../src/core/kql/evaluation.ts";
import { FUNCTIONS } from "../src/core/kql/function-table.ts";
import { argumentsOf, costlyCalls, runCall, type Arguments, type CostlyCall } from "./costly-calls.ts";
import { table } from "./report.ts";

/** As long as the largest values of a record of 1 MB are. */
const LENGTH = 684_000;
const SHORTER = 20_000;

interface Measured {
  readonly call: CostlyCall;
  readonly seconds: number;
  readonly units: number;
  readonly isStopped: boolean;
}

const UNBOUNDED = { rows: Infinity, results: Infinity, work: 1e11 };

/** Processor seconds, and units of work charged for them. The best of some tries: others use the processor, too. */
function measured(call: CostlyCall, limits = UNBOUNDED, tries = 1): Measured | undefined {
  let best: Measured | undefined;
  for (let time = 0; time < tries; time += 1) {
    const before = process.threadCpuUsage();
    const began = performance.now();
    const outcome = runCall(call, limits);
    const wall = (performance.now() - began) / 1000;
    const { user, system } = process.threadCpuUsage(before);
    if (outcome === undefined) return undefined;
    // the processor's clock is coarse
    const seconds = wall < 0.02 ? wall : (user + system) / 1e6;
    if (best === undefined || seconds < best.seconds)
      best = { call, seconds, units: outcome.spent.work, isStopped: outcome.value === undefined };
  }
  return best;
}

const nanoseconds = ({ seconds, units }: Measured) => (seconds * 1e9) / Math.max(units, 100_000);

/** What a call costs at worst: found on shorter arguments, measured on long ones. */
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

/** Measures for each function and operator how much time the limit on work leaves it, with arguments made for the purpose. */
export function benchLimits(names: readonly string[] = Object.keys(FUNCTIONS)): readonly string[] {
  const [shorter, long] = [argumentsOf(SHORTER), argumentsOf(LENGTH)];
  const worst = names.flatMap((name) => {
    const found = worstOf(name, shorter, long);
    process.stderr.write(
      `${name} ${found === undefined ? "-" : nanoseconds(found).toFixed(2)} ${found?.seconds} ${found?.units} ${found?.isStopped} ${found?.call.arguments.map(({ name: argument }) => argument).join(" · ")}\n`,
    );
    return found ?? [];
  });
  const rows = worst
    .toSorted((left, right) => nanoseconds(right) - nanoseconds(left))
    .map((each) => [
      each.call.function,
      each.call.arguments.map(({ name }) => name).join(", "),
      each.seconds.toFixed(3),
      (each.units / 1e6).toFixed(1),
      nanoseconds(each).toFixed(2),
      ((nanoseconds(each) * DEFAULT_LIMITS.work) / 1e9).toFixed(2),
    ]);
  const head = ["function", "arguments", "seconds", "million units", "ns a unit", "seconds at the limit"];
  return [`calls with arguments of ${LENGTH.toLocaleString("en")} characters`, table([head, ...rows]), ""];
}
