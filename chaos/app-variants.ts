import { fork } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileAllRules } from "../src/sentinel/compile-rules.ts";

/** The built app with several versions of host.json, which differ in batch size and time-out. */
export interface AppVariants {
  /** The app, with all its rules. */
  readonly appDirectory: string;
  /** As in production, except for the batch size. */
  readonly patient: readonly string[];
  /** With a functionTimeout of a few seconds. */
  readonly hasty: readonly string[];
  /** Value for NODE_COMPILE_CACHE. */
  readonly compileCache: string;
  remove(): Promise<void>;
}

const BATCH_SIZES = [1, 2, 5, 16, 64];
/** Shorter than a hanging call (20 s), but long enough for a worker to start on a busy machine. */
const HASTY = "00:00:10";
/** Otherwise the client waits a minute for a hub connection that is cut while it is opened. */
const CLIENT_RETRY_OPTIONS = { tryTimeout: "00:00:05", delay: "00:00:00.1" };

/** With the rules of `chaos/rules` beside those of the app. @throws if there is no built app, or a rule has errors */
export async function appVariants(builtApp: string): Promise<AppVariants> {
  const folder = await mkdtemp(join(tmpdir(), "chaos-"));
  const app = join(folder, "app");
  const compileCache = join(folder, "compile-cache");
  await cp(builtApp, app, { recursive: true });
  const rulesFile = join(app, "rules.json");
  const built: unknown[] = JSON.parse(await readFile(rulesFile, "utf8"));
  const { rules } = await compileAllRules("chaos/rules");
  await writeFile(rulesFile, JSON.stringify([...built, ...rules]));
  const hostJson = JSON.parse(await readFile(join(app, "host.json"), "utf8"));
  const eventHubs = hostJson.extensions.eventHubs;
  Object.assign(eventHubs.clientRetryOptions, CLIENT_RETRY_OPTIONS);

  async function variant(name: string, functionTimeout: string, maxEventBatchSize: number): Promise<string> {
    const directory = join(folder, name);
    await mkdir(directory);
    const extensions = { ...hostJson.extensions, eventHubs: { ...eventHubs, maxEventBatchSize } };
    await writeFile(join(directory, "host.json"), JSON.stringify({ ...hostJson, functionTimeout, extensions }));
    await writeFile(join(directory, "package.json"), JSON.stringify({ main: "../app/app.cjs" }));
    return directory;
  }

  const patient = BATCH_SIZES.map((size) => variant(`batches-of-${size}`, hostJson.functionTimeout, size));
  const hasty = BATCH_SIZES.map((size) => variant(`hasty-batches-of-${size}`, HASTY, size));
  const variants = { patient: await Promise.all(patient), hasty: await Promise.all(hasty) };
  await warmUp(app, compileCache);
  return { ...variants, appDirectory: app, compileCache, remove: () => rm(folder, { recursive: true, force: true }) };
}

async function warmUp(app: string, compileCache: string): Promise<void> {
  const script = fileURLToPath(new URL("warm-up.ts", import.meta.url));
  const env = { PATH: process.env["PATH"], NODE_COMPILE_CACHE: compileCache };
  const child = fork(script, [app], { env, stdio: ["ignore", "ignore", "inherit", "ipc"] });
  await once(child, "exit");
}
