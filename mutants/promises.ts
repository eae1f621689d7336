import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The promises of the documents, each quoted from the first cell of its row. */
export function promisesOf(root: string): string[] {
  const threats = firstCells(readFileSync(join(root, "SECURITY.md"), "utf8"), "threat");
  const invariants = firstCells(readFileSync(join(root, "ARCHITECTURE.md"), "utf8"), "invariant");
  return [...threats, ...invariants];
}

/** The first cells of the table whose first heading is that word. */
function firstCells(document: string, heading: string): string[] {
  const [, , ...rows] = document
    .slice(document.search(new RegExp(`^\\| ${heading} +\\|`, "m")))
    .split(/\n(?!\|)/, 1)
    .join()
    .split("\n");
  return rows.map((row) => (row.split(" | ")[0] ?? "").replace(/^\|/, "").trim());
}
