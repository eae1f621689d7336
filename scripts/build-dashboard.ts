import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import { build as bundle } from "rolldown";
import { noticesOf } from "./third-party/notices.ts";
import { bundledPackages, npmComponents, packageFolder } from "./third-party/npm-packages.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const SOURCE = fileURLToPath(new URL("../src/dashboard/", import.meta.url));
const FONT = "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2";
const STYLES = ["tokens.css", "page.css", "overview.css", "list.css", "bulk.css", "detail.css"];

/**
 * Builds the page's files in a folder: all except `index.html` with a hash in their names, each with a compressed copy.
 *
 * @returns the folders of the packages it contains
 */
export async function buildDashboard(directory: string): Promise<string[]> {
  await mkdir(directory, { recursive: true });
  const bundled = await bundle({
    input: { app: join(SOURCE, "main.tsx") },
    platform: "browser",
    tsconfig: join(SOURCE, "tsconfig.json"),
    // src/core is pure: what the page does not use of it goes, with the modules of Node that only the app needs.
    external: /^node:/,
    treeshake: { moduleSideEffects: [{ test: /\/src\/core\/|^node:/, sideEffects: false }] },
    logLevel: "warn",
    output: {
      dir: directory,
      format: "esm",
      minify: true,
      entryFileNames: "[name]-[hash].js",
      comments: { legal: false },
    },
  });
  const script = (await readdir(directory)).find((name) => /^app-.*\.js$/.test(name)) ?? "";
  const fontFile = createRequire(import.meta.url).resolve(FONT);
  const font = await hashed(directory, "inter.woff2", await readFile(fontFile));
  const icon = await hashed(directory, "icon.svg", await readFile(join(SOURCE, "icon.svg")));
  const parts = await Promise.all(STYLES.map((name) => readFile(join(SOURCE, "style", name), "utf8")));
  const css = parts
    .join("\n")
    .replaceAll("{{font}}", font)
    .replaceAll(/\/\*[\s\S]*?\*\//g, "");
  const style = await hashed(directory, "style.css", Buffer.from(css));
  const page = await readFile(join(SOURCE, "index.html"), "utf8");
  const packages = [...bundledPackages(bundled, ROOT), packageFolder(fontFile) ?? ""];
  // For everyone who gets the page in a browser: some licences must accompany each copy.
  const notices = await hashed(directory, "notices.txt", Buffer.from(noticesOf(npmComponents(packages, ROOT))));
  const names: Readonly<Record<string, string>> = { script, style, font, icon, notices };
  await writeFile(
    join(directory, "index.html"),
    page.replaceAll(/\{\{(\w+)\}\}/g, (_all, name: string) => `dashboard/${names[name] ?? ""}`),
  );
  for (const name of await readdir(directory)) {
    if (name.endsWith(".woff2")) continue; // already compressed
    await writeFile(join(directory, `${name}.br`), compressed(await readFile(join(directory, name))));
  }
  return packages;
}

async function hashed(directory: string, name: string, content: Buffer): Promise<string> {
  const hash = createHash("sha256").update(content).digest("hex").slice(0, 8);
  const file = name.replace(".", `-${hash}.`);
  await writeFile(join(directory, file), content);
  return file;
}

function compressed(content: Buffer): Buffer {
  return brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
}
