import { cp, mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build as bundle } from "rolldown";
import { HOSTED, RESOLVE } from "../build.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SDKS = [
  "@azure/data-tables",
  "@azure/event-hubs",
  "@azure/identity",
  "@azure/monitor-ingestion",
  "@azure/storage-blob",
];

/**
 * The app's modules as separate files, in a new folder inside the repository, where they find its packages.
 *
 * @param built folder of the built app, from which the other files are copied
 * @param eager whether it imports all its modules and SDKs at the start
 */
export async function unbundledApp(built: string, { eager }: { readonly eager: boolean }): Promise<string> {
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
    await cp(join(built, file), join(directory, file), { recursive: true });
  const imports = [...SDKS, "./services.js", "./app.js"].map((name) => `import "${name}";`);
  await writeFile(join(directory, "eager.js"), `${imports.join("\n")}\n`);
  const manifest = { name: "unbundled", type: "module", main: eager ? "eager.js" : "app.js", private: true };
  await writeFile(join(directory, "package.json"), JSON.stringify(manifest));
  return directory;
}
