import { cp, mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** What the engine consists of: its CommonJS form reads the WebAssembly beside it, synchronously. */
const FILES = ["commonjs.cjs", "rregex.wasm"];

/**
 * Puts the regular expression engine into `<directory>/rregex`, where src/kql/run/rust-regex.ts looks for it when a
 * bundle in `directory` runs without node_modules.
 *
 * @returns the folder of its package
 */
export async function copyRegexEngine(directory: string): Promise<string> {
  const source = dirname(createRequire(import.meta.url).resolve("rregex"));
  await mkdir(join(directory, "rregex"), { recursive: true });
  for (const file of FILES) await cp(join(source, file), join(directory, "rregex", file));
  return dirname(source);
}
