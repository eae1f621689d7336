import { copyFile, mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Files of the engine: the CommonJS module reads the WebAssembly beside it. */
const FILES = ["commonjs.cjs", "rregex.wasm"];

/**
 * Copies the regular expression engine to `<directory>/rregex`, where src/kql/run/rust-regex.ts finds it when a bundle in
 * `directory` runs without node_modules.
 *
 * @returns the folder of the engine's package
 */
export async function copyRegexEngine(directory: string): Promise<string> {
  const source = dirname(createRequire(import.meta.url).resolve("rregex"));
  await mkdir(join(directory, "rregex"), { recursive: true });
  for (const file of FILES) await copyFile(join(source, file), join(directory, "rregex", file));
  return dirname(source);
}
