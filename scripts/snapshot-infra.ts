import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type BicepRun, runBicep } from "./bicep.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const VARIANTS = join(ROOT, "test/infra/variants");

/** Names derive from these ids; they are fixed, so that a snapshot is the same everywhere. */
const PLACE = {
  "tenant-id": "11111111-1111-1111-1111-111111111111",
  "subscription-id": "22222222-2222-2222-2222-222222222222",
  location: "swedencentral",
};

/** azd's file demands that somebody receives alerts. */
const AZD_ENVIRONMENT = { PIMWATCH_ALERT_EMAILS: "soc@contoso.example" };

/** The parameter files with committed snapshots: azd's, with one variable set, and the variants. */
export async function parameterFiles(): Promise<string[]> {
  const variants = (await readdir(VARIANTS)).filter((name) => name.endsWith(".bicepparam")).toSorted();
  return [join(ROOT, "infra/main.bicepparam"), ...variants.map((name) => join(VARIANTS, name))];
}

/** The snapshot of a parameter file: the resources of its deployment, as far as known without asking Azure. */
export function snapshotOf(parameterFile: string): string {
  return parameterFile.replace(/\.bicepparam$/, ".snapshot.json");
}

/** Writes the snapshot of a parameter file, or compares it with the current Bicep files. */
export function runSnapshot(parameterFile: string, mode: "overwrite" | "validate"): Promise<BicepRun> {
  const place = Object.entries(PLACE).flatMap(([name, value]) => [`--${name}`, value]);
  return runBicep(["snapshot", parameterFile, "--mode", mode, ...place], AZD_ENVIRONMENT);
}

/** Bicep orders outputs differently each time; sorted, a snapshot changes only with its content. */
async function sortOutputs(snapshot: string): Promise<void> {
  const { outputs = {}, ...rest }: { outputs?: object } = JSON.parse(await readFile(snapshot, "utf8"));
  const sorted = Object.entries(outputs).toSorted(([one], [other]) => (one < other ? -1 : 1));
  await writeFile(snapshot, `${JSON.stringify({ ...rest, outputs: Object.fromEntries(sorted) }, null, 2)}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const file of await parameterFiles()) {
    const { exitCode, stdout, stderr } = await runSnapshot(file, "overwrite");
    process.stderr.write(stdout + stderr);
    if (exitCode === 0) {
      await sortOutputs(snapshotOf(file));
      console.error(`wrote ${relative(ROOT, snapshotOf(file))}`);
    } else process.exitCode = exitCode;
  }
}
