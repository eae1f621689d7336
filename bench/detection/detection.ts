import type { ReadyRule } from "../../src/core/incident/ready-rule.ts";
import { bareRead, detection, libraryCopy, type Method, pimwatch, plainHandler, searchThenParse } from "./methods.ts";
import { ratioLine, speedRow, SPEED_HEAD, table } from "../report.ts";
import { alternate, type Contestant, partsOf } from "./rounds.ts";
import type { Shape } from "./shapes.ts";

export interface DetectionOptions {
  readonly rule: ReadyRule;
  readonly tenants: ReadonlySet<string>;
  readonly rounds: number;
  /** Name in the `bench:` lines. */
  readonly name: string;
  /** The usual first improvement misses escapes, so it is left out for data with escapes. */
  readonly hasEscapes?: boolean;
}

/** Compares the detection path with its alternatives on data of one shape. */
export async function benchDetection(shape: Shape, options: DetectionOptions): Promise<readonly string[]> {
  const { rule, tenants, rounds, name, hasEscapes = false } = options;
  const methods = new Map<string, Method>([
    [PLAIN, plainHandler],
    ["pimwatch", detection([rule], { tenants })],
    [
      "pimwatch, looking for a log category that is missing",
      detection([rule], { tenants, categories: ["RiskyUsers"] }),
    ],
    ["pimwatch, with incidents made", pimwatch([rule], tenants)],
  ]);
  if (!hasEscapes) methods.set("string search, then parse", searchThenParse);
  for (const [method, run] of methods) assertSame(method, await run(shape.bodies), shape);
  const timings = await alternate(
    new Map<string, Contestant<readonly Uint8Array[]>>([
      ...methods,
      ["bare memory read", bareRead],
      ["the library's copy", libraryCopy],
    ]),
    partsOf(shape.bodies),
    rounds,
  );
  const plain = timings.get(PLAIN);
  const ours = timings.get("pimwatch");
  const bare = timings.get("bare memory read");
  if (!plain || !ours || !bare) throw new Error("a method was not measured");
  return [
    `${shape.name}: ${shape.bodies.length} bodies, ${(shape.bytes / 1e6).toFixed(0)} MB, ${shape.records} records, ${shape.expected.length} matches`,
    table([SPEED_HEAD, ...[...timings].map(([method, timing]) => speedRow(method, timing, shape.bytes, plain))]),
    ratioLine(`${name}, one rule, against the plain handler`, plain.minimum / ours.minimum),
    ratioLine(`${name}, one rule, against the bare memory read`, bare.minimum / ours.minimum),
    "",
  ];
}

/** Measures the cost of more rules on the same data, against one rule and against the plain handler. */
export async function benchRuleCount(
  shape: Shape,
  sets: Readonly<Record<string, readonly ReadyRule[]>>,
  { rounds }: { readonly rounds: number },
): Promise<readonly string[]> {
  const methods = new Map<string, Method>(Object.entries(sets).map(([name, rules]) => [name, detection(rules)]));
  methods.set(PLAIN, plainHandler);
  for (const [name, run] of methods) assertSame(name, await run(shape.bodies), shape);
  const timings = await alternate(methods, partsOf(shape.bodies), rounds);
  const [one] = timings.values();
  const plain = timings.get(PLAIN);
  if (one === undefined || plain === undefined) throw new Error("no rules were measured");
  const rows = [...timings].map(([name, { minimum, median }]) => [
    name,
    (shape.bytes / 1e9 / minimum).toFixed(2),
    (shape.bytes / 1e9 / median).toFixed(2),
    (minimum / one.minimum).toFixed(2),
    (plain.minimum / minimum).toFixed(1),
  ]);
  return [
    `cost of rules, ${shape.name}`,
    table([
      ["rules", "GB/s, best round", "GB/s, median", "times the time of the first", "times the plain handler"],
      ...rows,
    ]),
    ...[...timings]
      .slice(1, -1)
      .map(([name, { minimum }]) => ratioLine(`time of ${name} against one rule`, minimum / one.minimum)),
    "",
  ];
}

const PLAIN = "plain JSON.parse handler";

/** @throws {Error} if a method found other records than expected, which makes its speed meaningless */
export function assertSame(method: string, found: readonly string[], { name, expected }: Shape): void {
  const at =
    Math.max(found.length, expected.length) === 0 ? -1 : expected.findIndex((id, index) => found[index] !== id);
  if (found.length === expected.length && at < 0) return;
  throw new Error(
    `${method} on ${name}: found ${found.length} records instead of ${expected.length}, different from number ${Math.max(at, 0) + 1} on`,
  );
}
