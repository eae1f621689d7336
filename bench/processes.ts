import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { table, valueLine } from "./report.ts";
import { officialRule } from "./rules.ts";
import { detection, pimwatch } from "./detection/methods.ts";
import { mixed, singles } from "./detection/shapes.ts";
import { TENANT_ID } from "../local/samples/tenant.ts";

/** Combined throughput of several processes, each on its own data, measured while all run. */
export async function benchProcesses(counts: readonly number[], seconds: number): Promise<readonly string[]> {
  const rows: string[][] = [];
  let one = Number.NaN;
  for (const count of counts) {
    const children = Array.from({ length: count }, () =>
      fork(fileURLToPath(import.meta.url), ["child", String(seconds)]),
    );
    await Promise.all(children.map((child) => message(child, "ready")));
    const results = children.map((child) => message(child, "done"));
    for (const child of children) child.send("go");
    const rates = await Promise.all(results);
    const total = rates.reduce((sum, { rate }) => sum + rate, 0);
    if (Number.isNaN(one)) one = total / count;
    rows.push([String(count), total.toFixed(2), (total / one).toFixed(2)]);
  }
  return [
    "scaling over processes, large mixed bodies, one rule",
    table([["processes", "GB/s together", "times one process"], ...rows]),
    "",
  ];
}

type Report =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly rate: number }
  | { readonly kind: "measured"; readonly figures: readonly Resident[] };

function message<Kind extends Report["kind"]>(
  child: ChildProcess,
  kind: Kind,
): Promise<Extract<Report, { kind: Kind }>> {
  return new Promise((resolve, reject) => {
    const isIt = (report: Report): report is Extract<Report, { kind: Kind }> => report.kind === kind;
    const onMessage = (report: Report): void => {
      if (isIt(report)) resolve(report);
    };
    child.on("message", onMessage);
    child.once("exit", (code) => reject(new Error(`a process ended with ${code}`)));
  });
}

/** Resident memory of a separate process over a million records, in batches of new events. */
export async function benchMemory(records: number): Promise<readonly string[]> {
  const child = fork(fileURLToPath(import.meta.url), ["memory", String(records)]);
  const { figures } = await message(child, "measured");
  const [early, late] = [figures.slice(1, 5), figures.slice(-4)].map((part) =>
    Math.max(...part.map(({ megabytes }) => megabytes)),
  );
  return [
    `resident memory over ${records} records, incidents made and dropped, data of the benchmark included`,
    table([["records", "MB"], ...figures.map((each) => [String(each.records), each.megabytes.toFixed(0)])]),
    valueLine(
      "memory, last part of a million records against the second tenth to half",
      (late ?? 0) / (early ?? 1),
      "times",
    ),
    "",
  ];
}

interface Resident {
  readonly records: number;
  readonly megabytes: number;
}

async function residentMemory(records: number): Promise<readonly Resident[]> {
  const rule = await officialRule();
  const run = pimwatch([rule], new Set([TENANT_ID]));
  const perBatch = 10_000;
  const figures: Resident[] = [];
  for (let done = 0; done < records; done += perBatch) {
    const { bodies, expected } = singles(perBatch, `memory ${done % (5 * perBatch)}`, 0.001);
    const found = await run(bodies);
    if (found.length !== expected.length) throw new Error(`${found.length} matches instead of ${expected.length}`);
    if ((done + perBatch) % (records / 10) === 0)
      figures.push({ records: done + perBatch, megabytes: process.memoryUsage.rss() / 1e6 });
  }
  return figures;
}

if (process.argv[2] === "child" && process.send !== undefined) {
  const shape = mixed(20_000_000);
  const run = detection([await officialRule()]);
  for (let round = 0; round < 30; round += 1) await run(shape.bodies);
  process.once("message", () => {
    const until = performance.now() + Number(process.argv[3]) * 1_000;
    const began = performance.now();
    let bytes = 0;
    while (performance.now() < until) {
      void run(shape.bodies);
      bytes += shape.bytes;
    }
    process.send?.({ kind: "done", rate: bytes / 1e6 / (performance.now() - began) }, () => process.exit(0));
  });
  process.send({ kind: "ready" } satisfies Report);
}
if (process.argv[2] === "memory") {
  const figures = await residentMemory(Number(process.argv[3]));
  process.send?.({ kind: "measured", figures } satisfies Report, () => process.exit(0));
}
