import { readFile } from "node:fs/promises";
import wabt from "wabt";

const SOURCE = new URL("../src/core/scan/element-walk.wat", import.meta.url);

/** The TypeScript module that holds the WebAssembly of element-walk.wat, so that the bundle has it without a file. */
export async function elementWalkModule(): Promise<string> {
  const { parseWat } = await wabt();
  const parsed = parseWat("element-walk.wat", await readFile(SOURCE, "utf8"), { simd: true });
  parsed.validate();
  const base64 = Buffer.from(parsed.toBinary({}).buffer).toString("base64");
  parsed.destroy();
  const lines = base64.match(/.{1,100}/g) ?? [];
  return [
    "/** Made of element-walk.wat by `npm run generate`: its WebAssembly, in base64. */",
    "export const ELEMENT_WALK =",
    `${lines.map((line) => `  "${line}"`).join(" +\n")};`,
    "",
  ].join("\n");
}
