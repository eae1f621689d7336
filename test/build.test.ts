import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { build } from "../build.ts";
import { currentBuild, RECORD, replaceFolder, SOURCES, sourcesHash } from "../scripts/build-record.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

let folder = "";

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "pimwatch-build-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});

test("a build that is current is left alone; one that lacks a file, has another or was edited is built again", async () => {
  const app = join(folder, "app");
  await cp(join(ROOT, "dist"), app, { recursive: true }); // built before the tests
  const sources = await sourcesHash(ROOT);

  expect(await build(app)).toMatchObject({ isNew: false, scan: expect.stringContaining("scan on") });
  for (const change of [
    () => rm(join(app, "host.json")),
    () => writeFile(join(app, "added.cjs"), ""),
    () => writeFile(join(app, "rules.json"), "[]"),
    () => rm(join(app, RECORD)),
    () => writeFile(join(app, RECORD), "{"),
  ]) {
    await change();
    expect(await currentBuild(app, sources)).toBeUndefined();
    await rm(app, { recursive: true });
    await cp(join(ROOT, "dist"), app, { recursive: true });
  }
  expect(await currentBuild(app, "of other sources")).toBeUndefined();
});

test("builds at once leave one whole app, and a reader never sees half of one", async () => {
  const app = join(folder, "app");
  const whole = (await readdir(join(ROOT, "dist"))).toSorted();
  await mkdir(app);
  await writeFile(join(app, "of-an-earlier-build.cjs"), "");
  const ended = new AbortController();
  const builds = Promise.all([build(app), build(app)]).finally(() => {
    ended.abort();
  });
  const seen = new Set<string>();
  while (!ended.signal.aborted) {
    const names = await readdir(app).catch((): string[] => []);
    seen.add(names.toSorted().join());
    await new Promise(setImmediate);
  }

  expect((await builds).map(({ isNew }) => isNew)).toEqual([true, true]);
  expect([...seen].filter((names) => !["", "of-an-earlier-build.cjs", whole.join()].includes(names))).toEqual([]);
  expect(await build(app)).toMatchObject({ isNew: false });
  expect(await readdir(folder)).toEqual(["app"]);
});

test("of folders that take one place at once, one stays, and nothing else is left", async () => {
  const place = join(folder, "app");
  const fresh = Array.from({ length: 20 }, (_, n) => join(folder, `app.${n}`));
  for (const each of fresh) {
    await mkdir(each);
    for (const name of ["a", "b"]) await writeFile(join(each, name), each);
  }

  await Promise.all(fresh.map((each) => replaceFolder(place, each)));

  expect(await readdir(folder)).toEqual(["app"]);
  const [first, second] = await Promise.all(["a", "b"].map((name) => readFile(join(place, name), "utf8")));
  expect(fresh).toContain(first);
  expect(second).toBe(first);
});

test("the sources' hash changes with each of them, by content and by name", async () => {
  const isFile = (path: string) => /\.|^LICENSE$/.test(path.replace(/^.*\//, ""));
  const fileOf = (path: string) => join(folder, isFile(path) ? path : `${path}/deep/file`);
  for (const path of SOURCES) {
    await mkdir(dirname(fileOf(path)), { recursive: true });
    await writeFile(fileOf(path), "");
  }
  const hashes = [await sourcesHash(folder)];
  for (const path of SOURCES) {
    await writeFile(fileOf(path), "changed");
    hashes.push(await sourcesHash(folder));
  }
  await cp(join(folder, "src/deep/file"), join(folder, "src/deep/renamed"));
  await rm(join(folder, "src/deep/file"));
  hashes.push(await sourcesHash(folder));

  expect(new Set(hashes).size).toBe(SOURCES.length + 2);
  expect(await sourcesHash(folder)).toBe(hashes.at(-1));
});
