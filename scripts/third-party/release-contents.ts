import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Rule } from "../../src/core/incident/rule.ts";
import { VERSION } from "../../src/version.ts";
import type { Component } from "./component.ts";
import { cratesIn } from "./crates.ts";
import { noticesOf } from "./notices.ts";
import { npmComponents } from "./npm-packages.ts";
import { sbomOf } from "./sbom.ts";
import { vettedLicense } from "./vetted-licenses.ts";

export const NOTICES_FILE = "THIRD-PARTY-NOTICES.txt";
const SBOM_FILE = "sbom.cdx.json";

export interface Bundled {
  /** The root of the repository. */
  readonly root: string;
  /** Folders of the packages in the app, and of those in the page. */
  readonly app: readonly string[];
  readonly page: readonly string[];
  readonly rules: readonly Rule[];
}

/**
 * Writes three files beside the built app in `directory`: our licence, the licences and notices of all third-party
 * components, and a list of these components (SBOM).
 *
 * @throws {UsageError} for a component without a licence or its text
 */
export async function writeReleaseContents(directory: string, bundled: Bundled): Promise<void> {
  const { root } = bundled;
  const components = await componentsOf(directory, bundled);
  const manifest: { license: string } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const described = { name: "pimwatch", version: VERSION, license: manifest.license, needs: unneeded(components) };
  await copyFile(join(root, "LICENSE"), join(directory, "LICENSE"));
  await writeFile(join(directory, NOTICES_FILE), noticesOf(components));
  await writeFile(join(directory, SBOM_FILE), sbomOf(described, components));
}

async function componentsOf(directory: string, { root, app, page, rules }: Bundled): Promise<Component[]> {
  const wasm = await readFile(join(directory, "rregex/rregex.wasm"));
  const packages = npmComponents([...new Set([...app, ...page])].toSorted(), root).map((component) =>
    component.name === "rregex" ? { ...component, parts: cratesIn(wasm) } : component,
  );
  return [...packages, ...officialRule(rules)];
}

/** pimwatch itself needs the components that no other component needs. */
function unneeded(components: readonly Component[]): string[] {
  const needed = new Set(components.flatMap(({ needs }) => needs));
  return components.map(({ purl }) => purl).filter((purl) => !needed.has(purl));
}

const OFFICIAL_RULE = "0ed0fe7c-af29-4990-af7f-bb5ccb231198";

/** The rule with Microsoft's fields and query; our other rules are our own. */
export function officialRule(rules: readonly Rule[]): Component[] {
  const rule = rules.find(({ id }) => id === OFFICIAL_RULE);
  if (rule === undefined) return [];
  const purl = "pkg:github/azure/azure-sentinel#Detections/AuditLogs/ChangestoPIMSettings.yaml";
  const { license, text } = vettedLicense(purl);
  return [{ purl, type: "data", name: rule.name, version: rule.version, license, texts: [text], needs: [] }];
}
