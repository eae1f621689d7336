import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import type { RolldownOutput } from "rolldown";
import { UsageError } from "../../src/errors.ts";
import type { Component } from "./component.ts";
import { vettedLicense } from "./vetted-licenses.ts";

/** The bundler's own runtime modules. */
const BUNDLERS_OWN = "\0rolldown/";

/**
 * The folders of the packages in a bundle, without modules removed as unused.
 *
 * @param root of the repository
 */
export function bundledPackages({ output }: RolldownOutput, root: string): string[] {
  const modules = output
    .flatMap((file) => (file.type === "chunk" ? Object.entries(file.modules) : []))
    .filter(([, { renderedLength }]) => renderedLength > 0)
    .map(([id]) => id);
  const folders = modules.flatMap((id) =>
    id.startsWith(BUNDLERS_OWN) ? join(root, "node_modules/rolldown") : (packageFolder(id) ?? []),
  );
  return [...new Set(folders)].toSorted();
}

/** The package folder of a file; undefined for our own files. */
export function packageFolder(file: string): string | undefined {
  return /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+(?=[\\/])/.exec(file)?.[0];
}

/**
 * The installed packages in these folders, from their package.json, the lockfile and their texts.
 *
 * @throws {UsageError} for a package without a licence or its text
 */
export function npmComponents(folders: readonly string[], root: string): Component[] {
  const lock: Lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  return folders.map((folder) => {
    const manifest = manifestOf(folder);
    const purl = purlOf(manifest);
    const [name = "", group] = manifest.name.split("/").toReversed();
    const { license, texts } = licenseOf(folder, manifest);
    return {
      purl,
      type: "library",
      ...(group !== undefined && { group }),
      name,
      version: manifest.version,
      license,
      texts,
      sha512: sha512Of(lock, lockedPath(folder, root)),
      needs: Object.keys(manifest.dependencies ?? {})
        .map((needed) => installedFrom(folder, needed))
        .filter((needed) => needed !== undefined && folders.includes(needed))
        .map((needed) => purlOf(manifestOf(needed ?? ""))),
    };
  });
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly integrity?: string }>>;
}

function manifestOf(folder: string): Manifest {
  const manifest: Manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return manifest;
}

function purlOf({ name, version }: Manifest): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

/** Files at the top of a package: its licence and other texts to pass on. */
const LICENSE_FILE = /^(licen[cs]e|copying)/i;
const OTHER_FILE = /^(notice|copyright|third.?party)/i;

function licenseOf(folder: string, manifest: Manifest): Pick<Component, "license" | "texts"> {
  const files = readdirSync(folder).toSorted();
  const read = (form: RegExp): string[] =>
    files.filter((name) => form.test(name)).map((name) => readFileSync(join(folder, name), "utf8").trim());
  const [licenses, others] = [read(LICENSE_FILE), read(OTHER_FILE)];
  if (licenses.length === 0) {
    const { license, text } = vettedLicense(purlOf(manifest));
    return { license, texts: [text, ...others] };
  }
  const { name, version, license } = manifest;
  if (license === undefined)
    throw new UsageError(`${name} ${version}: its package.json has no "license" with an SPDX id or expression`);
  return { license, texts: [...licenses, ...others] };
}

/** The name of a package's folder in the lockfile. `node_modules` may link to a folder outside `root`. */
function lockedPath(folder: string, root: string): string {
  const path = relative(root, folder).split(sep).join("/");
  return path.slice(path.indexOf("node_modules/"));
}

function sha512Of({ packages }: Lock, path: string): string {
  const integrity = packages[path]?.integrity ?? "";
  if (!integrity.startsWith("sha512-")) throw new UsageError(`package-lock.json: ${path} has no sha512 integrity`);
  return Buffer.from(integrity.slice("sha512-".length), "base64").toString("hex");
}

/** The folder in which Node finds a package that another one in `folder` needs. */
function installedFrom(folder: string, name: string): string | undefined {
  const found = join(folder, "node_modules", name);
  if (existsSync(join(found, "package.json"))) return found;
  return dirname(folder) === folder ? undefined : installedFrom(dirname(folder), name);
}
