import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown, type InputOptions } from "rolldown";
import { describe, expect, onTestFinished, test } from "vitest";
import { HOSTED, RESOLVE } from "../build.ts";
import { cratesIn } from "../scripts/third-party/crates.ts";
import { npmComponents } from "../scripts/third-party/npm-packages.ts";
import { UsageError } from "../src/errors.ts";

/* The licences and the list of what others made, in dist/: held against what a bundle is made of, and not package.json. */

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const DIST = join(ROOT, "dist");
const NOTICES = await readFile(join(DIST, "THIRD-PARTY-NOTICES.txt"), "utf8");

const LINE = "=".repeat(100);
const SECTION = new RegExp(`^${LINE}\n(.+)\n${LINE}$`, "gm");

interface Listed {
  readonly type: string;
  readonly purl: string;
  readonly group?: string;
  readonly name: string;
  readonly version?: string;
  readonly licenses: readonly { readonly license?: { readonly id: string }; readonly expression?: string }[];
  readonly hashes?: readonly { readonly content: string }[];
  readonly components?: readonly Listed[];
}
interface Sbom {
  readonly components: readonly Listed[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}
const SBOM: Sbom = JSON.parse(await readFile(join(DIST, "sbom.cdx.json"), "utf8"));
const LISTED = SBOM.components.flatMap((component) => [component, ...(component.components ?? [])]);
const titleOf = ({ group, name, version }: Listed): string =>
  `${group === undefined ? "" : `${group}/`}${name} ${version}`;

/** Folders below node_modules that a bundle has code of: the modules that rolldown keeps something of. */
async function foldersIn(options: InputOptions): Promise<string[]> {
  const bundle = await rolldown(options);
  onTestFinished(() => bundle.close());
  const { output } = await bundle.generate({ format: "esm", minify: true });
  const modules = output.flatMap((file) => (file.type === "chunk" ? Object.entries(file.modules) : []));
  const kept = modules.filter(([, { renderedLength }]) => renderedLength > 0).map(([id]) => id);
  return kept.flatMap((id) => {
    const [, folder] = /.*(node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(relative(ROOT, id).replaceAll("\\", "/")) ?? [];
    return folder ?? [];
  });
}

const APP: InputOptions = { input: "src/app.ts", platform: "node", external: HOSTED, resolve: RESOLVE };
const PAGE: InputOptions = {
  input: "src/dashboard/main.tsx",
  platform: "browser",
  tsconfig: join(ROOT, "src/dashboard/tsconfig.json"),
};
/** What dist/ has besides bundles: the regular expressions, the font, and the bundler's own helpers. */
const COPIED = ["node_modules/rregex", "node_modules/@fontsource-variable/inter", "node_modules/rolldown"];

async function bundled(): Promise<{ folder: string; title: string }[]> {
  const folders = new Set([...(await foldersIn(APP)), ...(await foldersIn(PAGE)), ...COPIED]);
  return Promise.all(
    [...folders].map(async (folder) => {
      const { name, version }: { name: string; version: string } = JSON.parse(
        await readFile(join(ROOT, folder, "package.json"), "utf8"),
      );
      return { folder, title: `${name} ${version}` };
    }),
  );
}

test("the SBOM lists every package that is bundled, and no other", async () => {
  const titles = (await bundled()).map(({ title }) => title).toSorted();

  expect(titles.length).toBeGreaterThan(60);
  const packages = SBOM.components.filter(({ purl }) => purl.startsWith("pkg:npm/"));
  expect(packages.map(titleOf).toSorted()).toEqual(titles);
});

test("the hashes are the lockfile's, for each package", async () => {
  const lock: { packages: Readonly<Record<string, { integrity: string }>> } = JSON.parse(
    await readFile(join(ROOT, "package-lock.json"), "utf8"),
  );
  for (const { folder, title } of await bundled()) {
    const [hash] = LISTED.find((component) => titleOf(component) === title)?.hashes ?? [];
    const integrity = `sha512-${Buffer.from(hash?.content ?? "", "hex").toString("base64")}`;
    expect(integrity, title).toBe(lock.packages[folder]?.integrity);
  }
});

test("the crates of the regular expressions are listed, as the module names them", async () => {
  const wasm = await readFile(join(DIST, "rregex/rregex.wasm"), "latin1");
  const named = new Set(
    [...wasm.matchAll(/\/([a-z_-]+)-(\d+\.\d+\.\d+)\/src\//g)].map(([, name, version]) => `${name} ${version}`),
  );
  const crates = LISTED.filter(({ purl }) => purl.startsWith("pkg:cargo/")).map(titleOf);

  expect(named).toContain("regex 1.13.1");
  expect(new Set(crates)).toEqual(new Set([...named, "wasm-bindgen 0.2.100"]));
  expect(LISTED.map(({ purl }) => purl)).toContain("pkg:generic/rust-std@1.97.0");
});

test("the rule that is Microsoft's is listed, and none of ours", async () => {
  const rules: readonly { name: string; version: string }[] = JSON.parse(
    await readFile(join(DIST, "rules.json"), "utf8"),
  );
  const official = LISTED.filter(({ type }) => type === "data");

  expect(official).toMatchObject([{ name: "Changes to PIM Settings", licenses: [{ license: { id: "MIT" } }] }]);
  expect(rules).toContainEqual(expect.objectContaining({ name: official[0]?.name, version: official[0]?.version }));
});

test("the SBOM is what CycloneDX's schema wants", async () => {
  const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
  const text = await readFile(join(DIST, "sbom.cdx.json"), "utf8");

  expect(await validator.validate(text)).toBeNull();
  expect(await validator.validate(text.replace('"MIT"', '"MITT"'))).not.toBeNull(); // the control
});

test("in the SBOM everything is reached from pimwatch, and nothing is named that is not there", () => {
  const edges = new Map(SBOM.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  const reached = new Set<string>();
  const visit = (ref: string): void => {
    if (reached.has(ref)) return;
    reached.add(ref);
    for (const next of edges.get(ref) ?? []) visit(next);
  };
  visit("pimwatch");

  expect([...reached].toSorted()).toEqual(["pimwatch", ...LISTED.map(({ purl }) => purl)].toSorted());
  expect([...edges.keys()].toSorted()).toEqual([...reached].toSorted());
  expect(edges.get("pkg:npm/rhea-promise@3.0.3")).toContain("pkg:npm/rhea@3.0.5");
});

test("each is under a licence that allows this, and the notices have a section for each, and no other", () => {
  const allowed =
    /^(0BSD|Apache-2\.0|BSD-[23]-Clause|ISC|MIT|OFL-1\.1|(Unlicense|MIT) OR (MIT|Apache-2\.0)|\(MIT OR Apache-2\.0\) AND Unicode-(3\.0|DFS-2016))$/;
  const licenses = LISTED.map((component) => ({
    title: titleOf(component),
    license: component.licenses.map(({ license, expression }) => license?.id ?? expression).join(),
  }));

  expect(licenses.filter(({ license }) => !allowed.test(license))).toEqual([]);
  const sections = [...NOTICES.matchAll(SECTION)].map(([, title]) => title);
  expect(sections.map(String).toSorted()).toEqual(
    licenses.map(({ title, license }) => `${title} (${license})`).toSorted(),
  );
});

test("the notices have the licences and notices of each package, whole", async () => {
  const texts = await Promise.all(
    (await bundled()).map(async ({ folder, title }) => {
      const names = (await readdir(join(ROOT, folder))).filter((name) =>
        /licen[cs]e|copying|notice|copyright/i.test(name),
      );
      const files = await Promise.all(names.map((name) => readFile(join(ROOT, folder, name), "utf8")));
      return files.map((text) => ({ title, names, isThere: sectionOf(title).includes(text.trim()) }));
    }),
  );

  expect(texts.flat().filter(({ isThere }) => !isThere)).toEqual([]);
  expect(sectionOf("apache-arrow 21.2.0")).toContain("Apache Arrow JavaScript\nCopyright 2017"); // NOTICE.txt
  expect(sectionOf("apache-arrow 21.2.0")).toContain("TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION");
  expect(sectionOf("@fontsource-variable/inter 5.3.0")).toContain("SIL OPEN FONT LICENSE Version 1.1");
  const sections = NOTICES.split(LINE)
    .slice(2)
    .filter((_, index) => index % 2 === 0);
  expect(sections.filter((text) => text.trim().length < 400)).toEqual([]); // none is empty
});

test("the page carries the notices of what a browser gets, and our own licence lies beside the app", async () => {
  const page = await readFile(join(DIST, "dashboard/index.html"), "utf8");
  const [, link = ""] = /<link rel="license" href="dashboard\/(notices-\w{8}\.txt)"/.exec(page) ?? [];
  const notices = await readFile(join(DIST, "dashboard", link), "utf8");

  expect([...notices.matchAll(SECTION)].map(([, title]) => title)).toEqual([
    "@fontsource-variable/inter 5.3.0 (OFL-1.1)",
    "preact 11.2.0 (MIT)",
  ]);
  expect(notices).toContain(sectionOf("preact 11.2.0"));
  expect(await readFile(join(DIST, "LICENSE"), "utf8")).toBe(await readFile(join(ROOT, "LICENSE"), "utf8"));
});

test("what is released as SBOM is the one of the app", async () => {
  const release = await readFile(join(ROOT, ".github/workflows/release.yml"), "utf8");
  expect(release).toContain('cp dist/sbom.cdx.json "release/pimwatch-$GITHUB_REF_NAME.cdx.json"');
  expect(release).not.toContain("npm sbom");
});

function sectionOf(title: string): string {
  const start = NOTICES.indexOf(`\n${title} (`);
  const end = NOTICES.indexOf(`\n${LINE}`, NOTICES.indexOf(`\n${LINE}`, start) + 1);
  return start < 0 ? "" : NOTICES.slice(NOTICES.indexOf("\n\n", start), end < 0 ? undefined : end).trim();
}

describe("a package that cannot be passed on as it is stops the build, by name, with what to do", () => {
  /** A repository with one package in it. */
  async function repository(manifest: object, files: Readonly<Record<string, string>>, integrity = "sha512-AAAA") {
    const root = await mkdtemp(join(tmpdir(), "pimwatch-licences-"));
    onTestFinished(() => rm(root, { recursive: true, force: true }));
    const folder = join(root, "node_modules/@sample/thing");
    await mkdir(folder, { recursive: true });
    const whole = { name: "@sample/thing", version: "1.2.3", ...manifest };
    await writeFile(join(folder, "package.json"), JSON.stringify(whole));
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const packages = { "node_modules/@sample/thing": { integrity } };
    await writeFile(join(root, "package-lock.json"), JSON.stringify({ packages }));
    return { root, folder };
  }

  test.each(["LICENSE", "license", "LICENCE.md", "License.txt", "COPYING", "LICENSE-MIT"])(
    "the control: one with a file %s goes",
    async (name) => {
      const { root, folder } = await repository({ license: "MIT" }, { [name]: "the text\n", "NOTICE.txt": "a notice" });
      expect(npmComponents([folder], root)).toEqual([
        {
          purl: "pkg:npm/%40sample/thing@1.2.3",
          type: "library",
          group: "@sample",
          name: "thing",
          version: "1.2.3",
          license: "MIT",
          texts: ["the text", "a notice"],
          sha512: "000000",
          needs: [],
        },
      ]);
    },
  );

  test.each([
    {
      why: "no text",
      manifest: { license: "MIT" },
      files: {},
      message: /^pkg:npm\/%40sample\/thing@1\.2\.3: .*vetted-licenses\.ts\.$/,
    },
    { why: "a notice alone", manifest: { license: "MIT" }, files: { NOTICE: "x" }, message: /without a licence text/ },
    {
      why: "no licence in its manifest",
      manifest: {},
      files: { LICENSE: "x" },
      message: /^@sample\/thing 1\.2\.3: its package\.json has no "license"/,
    },
  ])("$why", async ({ manifest, files, message }) => {
    const { root, folder } = await repository(manifest, files);
    expect(() => npmComponents([folder], root)).toThrow(UsageError);
    expect(() => npmComponents([folder], root)).toThrow(message);
  });

  test("the control: node_modules may be a link", async () => {
    const { root } = await repository({ license: "MIT" }, { LICENSE: "x" });
    const other = await mkdtemp(join(tmpdir(), "pimwatch-licences-"));
    onTestFinished(() => rm(other, { recursive: true, force: true }));
    await cp(join(root, "package-lock.json"), join(other, "package-lock.json"));
    await symlink(join(root, "node_modules"), join(other, "node_modules"));
    const [component] = npmComponents([join(root, "node_modules/@sample/thing")], other);
    expect(component).toMatchObject({ name: "thing", sha512: "000000" });
  });

  test("no hash in the lockfile", async () => {
    const { root, folder } = await repository({ license: "MIT" }, { LICENSE: "x" }, "sha1-AAAA");
    expect(() => npmComponents([folder], root)).toThrow(
      "package-lock.json: node_modules/@sample/thing has no sha512 integrity",
    );
  });

  test("a crate whose licence nobody looked up", () => {
    const wasm = Buffer.from(
      "…/registry/src/index/regex-1.13.1/src/lib.rs…/registry/src/index/surprise-0.1.0/src/lib.rs…",
    );
    expect(() => cratesIn(wasm)).toThrow(/^pkg:cargo\/surprise@0\.1\.0: it is part of the app/);
    expect(cratesIn(wasm.subarray(0, 50)).map(({ purl }) => purl)).toEqual(["pkg:cargo/regex@1.13.1"]);
  });
});
