import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { format } from "prettier";
import * as z from "zod";
import { overlayShape } from "../src/sentinel/overlay/overlay.ts";
import { supportPage } from "../src/sentinel/support-page.ts";
import { testsShape } from "../src/sentinel/tests-file.ts";
import { apiPage } from "./api-page.ts";
import { filtersPage } from "./filters-page.ts";

/**
 * The generated files of the repository with their expected content. A test compares them; `npm run generate` writes
 * them.
 */
export async function generatedPages(): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ["rules/overlay.schema.json", await jsonSchema(overlayShape)],
    ["rules/tests.schema.json", await jsonSchema(testsShape)],
    ["docs/api.md", await format(apiPage(), { parser: "markdown", printWidth: 120 })],
    ["docs/filters.md", await format(filtersPage(), { parser: "markdown", printWidth: 120 })],
    ["docs/support.md", await format(supportPage(), { parser: "markdown", printWidth: 120 })],
  ]);
}

/** For completion and errors in editors. A bigint is a number there, as in the file. */
async function jsonSchema(shape: z.ZodType): Promise<string> {
  const schema = z.toJSONSchema(shape, {
    io: "input",
    unrepresentable: "any",
    override({ zodSchema, jsonSchema: made }) {
      if (zodSchema._zod.def.type === "bigint") made.type = "integer";
    },
  });
  return format(JSON.stringify(schema), { parser: "json", printWidth: 120 });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const [file, text] of await generatedPages()) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    console.error(`wrote ${file}`);
  }
}
