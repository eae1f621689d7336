import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { ONLY_IN_CHECKOUT, PACKAGED } from "../../cli/packaged.ts";
import { TENANT_ID } from "../../local/samples/tenant.ts";
import { startStack } from "../../local/stack.ts";
import { readConfig } from "../../src/config.ts";
import { VERSION } from "../../src/version.ts";
import { healthyTables } from "../cli/doctor/healthy-tables.ts";

/* `npm pack`, then a user's folder in which npm installs the package, on the Node that a user may have. */

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const NODE = process.env["PIMWATCH_NODE"] ?? process.execPath;
const CHANGE = join(ROOT, "rules/samples/pim-settings-change.json");

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

let folder = "";
/** The user's folder. */
let user = "";
const installed = (path: string): string => join(user, "node_modules", path);

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "pimwatch-packed-")));
  user = join(folder, "user");
  await mkdir(user);
  expect(await npm(ROOT, "pack", "--pack-destination", folder)).toMatchObject({ code: 0 });
  const tarball = join(folder, `pimwatch-${VERSION}.tgz`);
  const install = await npm(user, "install", "--no-audit", "--no-fund", "--no-update-notifier", tarball);
  // npm warns of packages that do not fit this Node, and of scripts that it did not run.
  expect(install).toEqual({ code: 0, out: expect.stringMatching(/^\s*added \d+ packages/), err: "" });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("the package holds the program, the rules and the licences, and nothing of the app or the tests", async () => {
  const entries = await readdir(installed("pimwatch"), { withFileTypes: true, recursive: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(installed("pimwatch/").length).replaceAll("\\", "/"));
  const own = await readdir(join(ROOT, "rules"), { recursive: true });

  expect(files.filter((file) => !/^bundle\/[\w.-]+\.js$/.test(file) && !file.startsWith("rules/")).toSorted()).toEqual([
    "LICENSE",
    "README.md",
    "bundle/THIRD-PARTY-NOTICES.txt",
    "bundle/attack-techniques.csv",
    "cli/launch.mjs",
    "package.json",
  ]);
  expect(files.filter((file) => file.startsWith("rules/")).length).toBe(
    own.filter((name) => /\.\w+$/.test(name)).length,
  );
  const notices = await readFile(installed("pimwatch/bundle/THIRD-PARTY-NOTICES.txt"), "utf8");
  expect(notices).toMatch(/^@azure\/data-tables [\d.]+ \(MIT\)$/m);
  expect(notices).toMatch(/^Changes to PIM Settings [\d.]+ \(MIT\)$/m);
});

test("npm installs the declared dependencies, runs no script, and cannot publish the package", async () => {
  const manifest = JSON.parse(await readFile(installed("pimwatch/package.json"), "utf8"));
  const lock = JSON.parse(await readFile(join(user, "package-lock.json"), "utf8"));

  expect(Object.keys(lock.packages).toSorted()).toEqual(
    ["", ...["pimwatch", ...Object.keys(manifest.dependencies)].map((name) => `node_modules/${name}`)].toSorted(),
  );
  expect(Object.keys(manifest.scripts).filter((name) => /^(pre|post)?install$|^prepare$/.test(name))).toEqual([]);
  expect(JSON.stringify(lock)).not.toContain("hasInstallScript");
  expect(manifest.private).toBe(true);
});

describe("on rules of one's own", () => {
  const RULES = ["changes-to-pim-settings", "pim-alert-disabled"];
  const PLACE = join("rules", "pim-alert-disabled", "rule.yaml");

  beforeAll(async () => {
    for (const rule of RULES) await cp(join(ROOT, "rules", rule), join(user, "rules", rule), { recursive: true });
  });

  test("npx runs the command that is installed", async () => {
    expect(await npm(user, "exec", "--no", "--", "pimwatch", "--version")).toEqual({
      code: 0,
      out: `${VERSION}\n`,
      err: "",
    });
  });

  test("lint finds no problem", async () => {
    expect(await pimwatch("lint")).toEqual({
      code: 0,
      out: "",
      err: expect.stringMatching(/2 rules: 0 errors, 0 warnings, 0 notes\n$/), // after a line about its progress, if it is slow
    });
  });

  test("test runs their tests, with the samples that pimwatch ships", async () => {
    const result = await pimwatch("test");

    expect(result).toMatchObject({ code: 0, out: expect.stringMatching(/\n\d+ tests passed, 0 failures\n$/) });
    for (const rule of RULES) expect(result.out).toMatch(new RegExp(`^ok +${rule}: `, "m"));
  });

  test("backtest finds a change", async () => {
    const result = await pimwatch("backtest", CHANGE);

    expect(result).toMatchObject({ code: 0 });
    expect(result.out).toContain("Changes to PIM Settings (changes-to-pim-settings): 1 incident");
    expect(result.out).toContain("(pim-alert-disabled): 0 incidents");
  });

  test("coverage lists their techniques", async () => {
    expect(await pimwatch("coverage")).toMatchObject({
      code: 0,
      out: expect.stringMatching(/\n2 techniques of ATT&CK [\d.]+, by 2 rules\n$/),
    });
  });

  test("support says that they run", async () => {
    expect((await pimwatch("support", "--rules", "rules")).out).toMatch(
      /2 of 2 rules run: 2 when one event arrives, 0 over several events; refused: 0\n$/,
    );
    expect((await pimwatch("support", "split")).out).toContain("array_split(");
  });

  test("new adds a rule whose tests pass", async () => {
    onTestFinished(() => rm(join(user, "rules/copied"), { recursive: true }));
    const from = installed("pimwatch/rules/pim-alert-disabled/rule.yaml");
    await writeFile(
      join(user, "official.yaml"),
      (await readFile(from, "utf8")).replace(/^id: .*/m, `id: ${crypto.randomUUID()}`),
    );

    expect(await pimwatch("new", "copied", "--from", "official.yaml")).toMatchObject({
      code: 0,
      out: expect.stringContaining(join("rules", "copied", "tests.yaml")),
    });
    expect(await readdir(join(user, "rules"))).toEqual(expect.arrayContaining(["tests.schema.json"]));
    expect(await pimwatch("lint", join("rules", "copied"))).toMatchObject({ code: 0 });
  });

  test("lint and test end with 1 for a rule that is broken, and name the place", async () => {
    const file = join(user, PLACE);
    const whole = await readFile(file, "utf8");
    onTestFinished(() => writeFile(file, whole));
    await writeFile(file, whole.replace(/\bOperationName\b/, "OperationNme"));

    const place = expect.stringMatching(
      new RegExp(`^${PLACE.replaceAll(/[\\.]/g, String.raw`\$&`)}:\\d+:\\d+: error: .*OperationNme`, "m"),
    );
    expect(await pimwatch("lint")).toMatchObject({ code: 1, out: place });
    expect(await pimwatch("test")).toMatchObject({ code: 1, err: place });
  });

  test("a folder without rules is named", async () => {
    const empty = join(folder, "empty");
    await mkdir(empty);
    for (const command of [["lint"], ["backtest", CHANGE]]) {
      expect(await node(empty, installed("pimwatch/cli/launch.mjs"), ...command)).toEqual({
        code: 2,
        out: "",
        err: `pimwatch: rules: no such file or folder in ${empty}\n`,
      });
    }
  });
});

test("explain reads events", async () => {
  expect(await pimwatch("explain", CHANGE)).toMatchObject({
    code: 0,
    out: expect.stringContaining("for Global Administrator"),
  });
});

test("the help lists the package's commands; another one is refused with what to do", async () => {
  const { out } = await pimwatch("--help");

  expect([...out.matchAll(/^ {2}([\w-]+) /gm)].map(([, name]) => name)).toEqual(PACKAGED.map(({ name }) => name));
  expect(ONLY_IN_CHECKOUT).toContain("start");
  expect(await pimwatch("start")).toEqual({
    code: 2,
    out: "",
    err: 'pimwatch: "start" needs pimwatch\'s repository, which this package does not hold. In a checkout of it, run `npm ci`, then `npx pimwatch start`\n',
  });
});

test.each(["@kusto/language-service-next", "pimwatch/bundle/packaged.js"])(
  "without %s, a sentence says what to do",
  async (part) => {
    const copy = join(folder, "incomplete");
    onTestFinished(() => rm(copy, { recursive: true, force: true }));
    await cp(user, copy, { recursive: true });
    await rm(join(copy, "node_modules", part), { recursive: true });

    expect(await node(copy, join(copy, "node_modules/pimwatch/cli/launch.mjs"), "test")).toEqual({
      code: 2,
      out: "",
      err: expect.stringMatching(
        /^pimwatch: .*is missing: .*\. Run `npm install` again where pimwatch is installed\n$/,
      ),
    });
  },
);

// The local stack runs on Linux and macOS.
test.skipIf(process.platform === "win32")("doctor and incidents ask the services that settings name", async () => {
  const stack = await startStack({ allowedTenantIds: [TENANT_ID], partitions: 1 });
  onTestFinished(() => stack.stop());
  await healthyTables(readConfig(stack.settings), TENANT_ID);
  const environment = { ...process.env, ...stack.settings };

  const doctor = await pimwatchWith(environment, "doctor", "--json");
  const findings = doctor.out
    .trim()
    .split("\n")
    .map((line): { status: string } => JSON.parse(line));
  expect(findings.length).toBeGreaterThan(8);
  expect(findings.filter(({ status }) => status === "problem")).toEqual([]);
  expect(doctor.code).toBe(0);
  expect(await pimwatchWith(process.env, "incidents", "--table-endpoint", stack.azurite.tableEndpoint)).toMatchObject({
    code: 0,
    err: expect.stringMatching(/incident/i),
  });
});

function pimwatch(...args: string[]): Promise<Ended> {
  return pimwatchWith(process.env, ...args);
}

function pimwatchWith(env: NodeJS.ProcessEnv, ...args: string[]): Promise<Ended> {
  return ended(NODE, [installed("pimwatch/cli/launch.mjs"), ...args], { cwd: user, env });
}

function node(cwd: string, ...args: string[]): Promise<Ended> {
  return ended(NODE, args, { cwd, env: process.env });
}

/** Runs npm as the user would: on that Node, outside of the script that runs this test. */
function npm(cwd: string, ...args: string[]): Promise<Ended> {
  const program = process.env["npm_execpath"];
  if (program === undefined) throw new Error("run this test with npm: npm run test:package");
  const own = Object.entries(process.env).filter(
    ([name]) => !/^npm_(package|lifecycle|config_local_prefix)/.test(name),
  );
  const PATH = [dirname(NODE), process.env["PATH"]].join(delimiter);
  return ended(NODE, [program, ...args], { cwd, env: { ...Object.fromEntries(own), PATH } });
}

function ended(file: string, args: string[], options: { cwd: string; env: NodeJS.ProcessEnv }): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(file, args, options, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
    child.stdin?.end();
  });
}
