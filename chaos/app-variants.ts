import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Copies of the built app that differ in host.json: in how many events they take at a time. */
export interface AppVariants {
  readonly directories: readonly string[];
  remove(): Promise<void>;
}

const BATCH_SIZES = [1, 2, 5, 16, 64];

/** @throws if the app has not been built */
export async function appVariants(appDirectory: string): Promise<AppVariants> {
  const folder = await mkdtemp(join(tmpdir(), "chaos-"));
  const hostJson = JSON.parse(await readFile(join(appDirectory, "host.json"), "utf8"));
  const directories = BATCH_SIZES.map((size) => join(folder, `batches-of-${size}`));
  for (const [index, directory] of directories.entries()) {
    await cp(appDirectory, directory, { recursive: true });
    hostJson.extensions.eventHubs.maxEventBatchSize = BATCH_SIZES[index];
    // A connection that is cut while it is made would otherwise be waited for a minute.
    Object.assign(hostJson.extensions.eventHubs.clientRetryOptions, { tryTimeout: "00:00:05", delay: "00:00:00.1" });
    await writeFile(join(directory, "host.json"), JSON.stringify(hostJson));
  }
  return { directories, remove: () => rm(folder, { recursive: true, force: true }) };
}
