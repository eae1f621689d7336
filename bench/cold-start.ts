import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build as bundle } from "rolldown";
import { startWorker } from "../local/function-host/worker.ts";
import { TENANT_ID } from "../local/samples/tenant.ts";
import { startStack } from "../local/stack.ts";
import { ratioLine, table } from "./report.ts";
import { singles } from "./detection/shapes.ts";
import { unbundledApp } from "./unbundled-app.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/**
 * From the start of the app's process to the end of its first batch, with all services up. Compares the built app with
 * the same modules as separate files that import all SDKs at the start. The worker that loads them is JavaScript, as in
 * Azure: stripping its types would add 45 ms to each start.
 */
export async function benchColdStart(appDirectory: string, rounds: number): Promise<readonly string[]> {
  const unbundled = await unbundledApp(appDirectory, { eager: true });
  const program = await compiledWorker(unbundled);
  const stack = await startStack({ allowedTenantIds: [TENANT_ID] });
  const quiet = singles(1, "no match", 0).bodies;
  const matching = singles(1, "a match", 1).bodies;
  const cases = [
    { name: "as built, no match", directory: appDirectory, bodies: quiet },
    { name: "as built, a match stored and reported", directory: appDirectory, bodies: matching },
    { name: "unbundled with eager imports, no match", directory: unbundled, bodies: quiet },
  ];
  const measured = new Map(cases.map(({ name }) => [name, [] as Start[]]));
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const { name, directory, bodies } of cases) {
        const began = performance.now();
        const worker = await startWorker({
          appDirectory: directory,
          settings: stack.settings,
          nodePath: process.execPath,
          nodeOptions: [],
          program,
          log: () => undefined,
          onExit: () => undefined,
        });
        const bytes = bodies.map((body) => Buffer.from(body));
        const request = {
          invocationId: "1",
          functionName: "audit-events",
          inputData: [{ name: "bodies", data: { collectionBytes: { bytes } } }],
        };
        const { outcome } = await worker.invoke(request, undefined);
        measured
          .get(name)
          ?.push({ milliseconds: performance.now() - began, megabytes: residentMegabytes(worker.pid()) });
        await worker.stop();
        if (!("value" in outcome)) throw new Error(`${name}: the first batch failed`);
      }
    }
  } finally {
    await stack.stop();
    await rm(unbundled, { recursive: true, force: true });
  }
  const sorted = (name: string, of: keyof Start) =>
    (measured.get(name) ?? []).map((start) => start[of]).toSorted((a, b) => a - b);
  const best = (name: string) => sorted(name, "milliseconds")[0] ?? Number.NaN;
  const median = (name: string, of: keyof Start) => sorted(name, of)[rounds >> 1] ?? Number.NaN;
  const [built = "", , eager = ""] = cases.map(({ name }) => name);
  return [
    "cold start: from the start of the process to the end of its first batch, and its resident memory then",
    table([
      ["app", "ms, best", "ms, median", "MB, median"],
      ...cases.map(({ name }) => [
        name,
        best(name).toFixed(0),
        median(name, "milliseconds").toFixed(0),
        median(name, "megabytes").toFixed(0),
      ]),
    ]),
    ratioLine("cold start, unbundled with eager imports against as built", best(eager) / best(built)),
    "",
  ];
}

interface Start {
  readonly milliseconds: number;
  readonly megabytes: number;
}

/** NaN if there is no Linux /proc. */
function residentMegabytes(pid: number | undefined): number {
  try {
    const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return (Number(kibibytes) * 1_024) / 1e6;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return Number.NaN;
    throw error;
  }
}

async function compiledWorker(directory: string): Promise<URL> {
  const input = { worker: join(ROOT, "local/function-host/worker-main.ts") };
  await bundle({ input, platform: "node", output: { dir: join(directory, "worker"), format: "esm" } });
  return pathToFileURL(join(directory, "worker", "worker.js"));
}
