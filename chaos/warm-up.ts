// Loads the modules of a host and its worker once, undisturbed, so that NODE_COMPILE_CACHE has them for later starts:
// compiling is half the cost of a start.
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
