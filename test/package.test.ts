import { cp, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { parseAst } from "rolldown/parseAst";
import { expect, onTestFinished, test } from "vitest";
import { HOSTED, RESOLVE } from "../build.ts";
import { startWorker } from "../local/function-host/worker.ts";
import { ROUTE_NAMES } from "../src/api/routes.ts";

/* What azd and func publish: dist/ as it is, which was built before the tests. */

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const NODE = process.env["PIMWATCH_NODE"] ?? process.execPath;
const MAX_BYTES = 4_000_000;

/** A file that the app is made of; anything else does not belong into the package. */
const EXPECTED =
  /^(app\.cjs|[\w.-]+-[\w-]{8}\.cjs|rregex\/(?:commonjs\.cjs|rregex\.wasm)|host\.json|package\.json|rules\.json|openapi\.json|build\.json|LICENSE|THIRD-PARTY-NOTICES\.txt|sbom\.cdx\.json|dashboard\/(index\.html|(app|style|icon|inter|notices)-[\w-]{8}\.(js|css|svg|woff2|txt))(\.br)?)$/;

test("the package holds the app and nothing else, and is small", async () => {
  const entries = await readdir(DIST, { withFileTypes: true, recursive: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(DIST, join(parentPath, name)));
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(DIST, file))).size));

  expect(files.filter((file) => !EXPECTED.test(file))).toEqual([]);
  const engine = [join("rregex", "commonjs.cjs"), join("rregex", "rregex.wasm")];
  expect(files).toEqual(expect.arrayContaining(["app.cjs", "host.json", "package.json", "rules.json", ...engine]));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MAX_BYTES);
});

test("the page is whole: what it refers to is in the package, and nothing of it comes from elsewhere", async () => {
  const page = await readFile(join(DIST, "dashboard/index.html"), "utf8");
  const referred = [...page.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, target = ""]) => target);
  const assets = (await readdir(join(DIST, "dashboard"))).map((name) => `dashboard/${name}`);

  expect(referred.length).toBeGreaterThan(2);
  expect(assets).toEqual(expect.arrayContaining(referred));
});

test("the package asks for no other package and runs no script", async () => {
  const manifest: object = JSON.parse(await readFile(join(DIST, "package.json"), "utf8"));

  expect(manifest).toMatchObject({ name: "pimwatch", main: "app.cjs" });
  expect(Object.keys(manifest).filter((key) => /dependencies|scripts/i.test(key))).toEqual([]);
});

test("the package imports what Node.js has, and no package", async () => {
  const files = (await readdir(DIST)).filter((file) => file.endsWith(".cjs"));
  const loaded = await Promise.all(files.map(async (file) => loadedBy(await readFile(join(DIST, file), "utf8"))));

  expect(loaded.flat().filter((name) => isBuiltin(name)).length).toBeGreaterThan(5);
  expect(loaded.flat().filter((name) => !name.startsWith("./") && !isBuiltin(name))).toEqual(HOSTED);
});

test("the bundle holds src/ and packages, and no parser of KQL", async () => {
  const bundle = await rolldown({ input: "src/app.ts", platform: "node", external: HOSTED, resolve: RESOLVE });
  onTestFinished(() => bundle.close());
  const { output } = await bundle.generate({ format: "esm" });
  const modules = output.flatMap((chunk) => (chunk.type === "chunk" ? chunk.moduleIds : []));

  expect(modules.some((id) => id.includes("node_modules/@azure/data-tables/"))).toBe(true);
  // scripts/build-record.ts tells from src/ and the list of packages whether the app is current.
  const isSource = (id: string) => id.startsWith(join(process.cwd(), "src/")) || id.includes("node_modules/");
  expect(modules.filter((id) => !id.startsWith("\0") && !isSource(id))).toEqual([]);
  // Rules are compiled when the app is built: neither Microsoft's parser nor our compiler goes along.
  expect(modules.filter((id) => /kusto[/\\]language-service|[/\\]src[/\\]kql[/\\]compile[/\\]/.test(id))).toEqual([]);
});

test("the package holds no path of the machine it was built on", async () => {
  const files = (await readdir(DIST)).filter((file) => /\.(cjs|json)$/.test(file));
  for (const file of files) {
    expect((await readFile(join(DIST, file), "utf8")).includes(process.cwd()), file).toBe(false);
  }
});

test("the package holds no key but the storage emulator's, which is public", async () => {
  const emulators = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
  const files = (await readdir(DIST)).filter((file) => /\.(cjs|json)$/.test(file));
  const texts = await Promise.all(files.map((file) => readFile(join(DIST, file), "utf8")));
  // 512 bits in base64, as keys of storage accounts are, and 256, as those of namespaces.
  const keys = texts.flatMap(
    (text) => text.match(/(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{86}==|[A-Za-z0-9+/]{43}=)(?![A-Za-z0-9+/=])/g) ?? [],
  );

  expect(new Set(keys)).toEqual(new Set([emulators]));
});

test("unpacked elsewhere, without the repository, the app loads and registers its functions", async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), "pimwatch-package-"));
  onTestFinished(() => rm(elsewhere, { recursive: true, force: true }));
  await cp(DIST, elsewhere, { recursive: true });
  const lines: string[] = [];

  const worker = await startWorker({
    appDirectory: elsewhere,
    settings: {},
    nodePath: NODE,
    nodeOptions: ["--disallow-code-generation-from-strings"],
    log: (line) => lines.push(line),
    onExit: () => undefined,
  });
  onTestFinished(() => worker.stop());

  const registered = worker.started.functions.map(({ name }) => name);
  expect(registered.toSorted()).toEqual(await namedInSource());
  expect(lines.filter((line) => /error|warn/i.test(line))).toEqual([]);
});

/** The functions that the source registers, by name. */
async function namedInSource(): Promise<string[]> {
  const files = (await readdir("src/functions")).map((file) => readFile(join("src/functions", file), "utf8"));
  const names = (await Promise.all(files)).flatMap((source) =>
    [...source.matchAll(/app\.\w+\("([\w-]+)"/g)].map(([, name = ""]) => name),
  );
  return [...names, ...ROUTE_NAMES].toSorted();
}

/** What a module loads by name: by `require`, in the bundle's own words for it, and by `import()`. */
function loadedBy(code: string): string[] {
  const found: string[] = [];
  JSON.stringify(parseAst(code), (_key, node: unknown) => {
    if (isLoading(node)) found.push(node.arguments?.[0]?.value ?? node.source?.value ?? "(computed)");
    return typeof node === "bigint" ? null : node;
  });
  return found;
}

interface Loading {
  readonly arguments?: readonly { readonly value?: string }[];
  readonly source?: { readonly value?: string };
}

function isLoading(node: unknown): node is Loading {
  if (typeof node !== "object" || node === null || !("type" in node)) return false;
  if (node.type === "ImportExpression" || node.type === "ImportDeclaration") return true;
  if (node.type !== "CallExpression" || !("callee" in node)) return false;
  const { callee } = node;
  return typeof callee === "object" && callee !== null && "name" in callee && callee.name === "require";
}
