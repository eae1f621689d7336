import { writeFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { workbookFile } from "../infra/workbook/workbook.ts";
import { incidentColumnsFile } from "./incident-columns-file.ts";
import { missedQuery } from "./missed-query.ts";

const ROOT = new URL("../", import.meta.url);

/** The generated files in infra/ with their expected content. Paths start at the root of the repository. */
export async function generatedFiles(): Promise<ReadonlyMap<string, string>> {
  const missed = await missedQuery(fileURLToPath(new URL("rules/", ROOT)));
  return new Map([
    ["infra/incident-columns.json", incidentColumnsFile()],
    ["infra/queries/alerts/detection/missed.kql", missed],
    ["infra/workbook/workbook.json", workbookFile(missed)],
  ]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const [path, content] of await generatedFiles()) {
    await writeFile(new URL(path, ROOT), content);
    console.error(`wrote ${path}`);
  }
}
