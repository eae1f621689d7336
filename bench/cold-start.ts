import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build as bundle } from "rolldown";
import { HOSTED, RESOLVE } from "../build.ts";
import { startWorker } from "../local/function-host/worker.ts";
import { TENANT_ID } from "../local/samples/tenant.ts";
import { startStack } from "../local/stack.ts";
import { ratioLine, table } from "./report.ts";
import { singles } from "./shapes.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SDKS = [
  "@azure/data-tables",
  "@azure/event-hubs",
  "@azure/identity",
  "@azure/monitor-ingestion",
  "@azure/storage-blob",
];

/**
 * From the start of the app's process to the end of its first batch, the services being up: of the built app, and of the
 * same one file for file, which imports all SDKs at its start. The worker that loads them is JavaScript, as Azure's is:
 * to take the types out of its source would take 45 ms of each start.
 */
export async function benchColdStart(appDirectory: string, rounds: number): Promise<readonly string[]> {
  const unbundled = await unbundledApp(appDirectory);
  const program = await compiledWorker(unbundled);
  const stack = await startStack({ allowedTenantIds: [TENANT_ID] });
  const quiet = singles(1, "no match", 0).bodies;
  const matching = singles(1, "a match", 1).bodies;
  const cases = [
    { name: "as built, no match", directory: appDirectory, bodies: quiet },
    { name: "as built, a match stored and reported", directory: appDirectory, bodies: matching },
    { name: "unbundled with eager imports, no match", directory: unbundled, bodies: quiet },
  ];
  const milliseconds = new Map(cases.map(({ name }) => [name, [] as number[]]));
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
          functionName: "audit-events",
          inputData: [{ name: "bodies", data: { collectionBytes: { bytes } } }],
        };
        const { outcome } = await worker.invoke(request, undefined);
        milliseconds.get(name)?.push(performance.now() - began);
        await worker.stop();
        if (!("value" in outcome)) throw new Error(`${name}: the first batch failed`);
      }
    }
  } finally {
    await stack.stop();
    await rm(unbundled, { recursive: true, force: true });
  }
  const best = (name: string) => Math.min(...(milliseconds.get(name) ?? []));
  const median = (name: string) => (milliseconds.get(name) ?? []).toSorted((a, b) => a - b)[rounds >> 1] ?? Number.NaN;
  const [built = "", , eager = ""] = cases.map(({ name }) => name);
  return [
    "cold start: from the start of the process to the end of its first batch",
    table([
      ["app", "ms, best", "ms, median"],
      ...cases.map(({ name }) => [name, best(name).toFixed(0), median(name).toFixed(0)]),
    ]),
    ratioLine("cold start, unbundled with eager imports against as built", best(eager) / best(built)),
    "",
  ];
}

async function compiledWorker(directory: string): Promise<URL> {
  const input = { worker: join(ROOT, "local/function-host/worker-main.ts") };
  await bundle({ input, platform: "node", output: { dir: join(directory, "worker"), format: "esm" } });
  return pathToFileURL(join(directory, "worker", "worker.js"));
}

/** The app's modules as files of their own, within the repository, so that they find its packages. */
async function unbundledApp(appDirectory: string): Promise<string> {
  const packages = join(ROOT, "bench", "node_modules");
  await mkdir(packages, { recursive: true });
  const directory = await mkdtemp(join(packages, ".unbundled-"));
  await bundle({
    input: { app: join(ROOT, "src/app.ts"), services: join(ROOT, "src/services.ts") },
    platform: "node",
    external: (id) => HOSTED.includes(id) || (!id.startsWith(".") && !isAbsolute(id)),
    resolve: RESOLVE,
    logLevel: "warn",
    output: { dir: directory, format: "esm", preserveModules: true },
  });
  for (const file of ["rules.json", "host.json", "rregex", "dashboard"])
    await cp(join(appDirectory, file), join(directory, file), { recursive: true });
  const imports = [...SDKS, "./services.js", "./app.js"].map((name) => `import "${name}";`);
  await writeFile(join(directory, "eager.js"), `${imports.join("\n")}\n`);
  const manifest = { name: "unbundled", type: "module", main: "eager.js", private: true };
  await writeFile(join(directory, "package.json"), JSON.stringify(manifest));
  return directory;
}
