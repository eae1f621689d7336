import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";
import { RESOLVE } from "../build.ts";
import { compileAllRules } from "../src/sentinel/compile-rules.ts";
import { noticesOf } from "./third-party/notices.ts";
import { bundledPackages, npmComponents } from "./third-party/npm-packages.ts";
import { NOTICES_FILE, officialRule } from "./third-party/release-contents.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const BUNDLE = join(ROOT, "bundle");

/*
 * `npm pack` runs this before it packs the command line: it writes the program as JavaScript for Node 20 to bundle/, in
 * chunks that commands load when they need them. Kusto's parser and the regular expressions are loaded by name when first
 * needed, so they are dependencies in package.json.
 */
await rm(BUNDLE, { recursive: true, force: true });
await mkdir(BUNDLE);
const bundle = await build({
  input: { packaged: join(ROOT, "cli/packaged.ts") },
  platform: "node",
  resolve: RESOLVE,
  logLevel: "warn",
  transform: { target: "node20" },
  output: {
    dir: BUNDLE,
    format: "esm",
    minify: true,
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    comments: { legal: false },
  },
});
// The module that reads it looks beside itself.
await copyFile(join(ROOT, "src/sentinel/attack-techniques.csv"), join(BUNDLE, "attack-techniques.csv"));
const { rules } = await compileAllRules(join(ROOT, "rules"));
const components = [...npmComponents(bundledPackages(bundle, ROOT), ROOT), ...officialRule(rules)];
await writeFile(join(BUNDLE, NOTICES_FILE), noticesOf(components));
