// Loads what a host and its worker load, once and in peace, so that NODE_COMPILE_CACHE has it for all that are started
// later: half of the cost of a start is compiling.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [appDirectory = ""] = process.argv.slice(2);
await import("../local/function-host/function-host.ts");
await import("../local/function-host/worker-main.ts");
for (const file of await readdir(appDirectory)) {
  if (file.endsWith(".cjs")) await import(pathToFileURL(join(appDirectory, file)).href);
}
process.exit(0);
