import { execFile } from "node:child_process";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { SOURCES } from "../scripts/build-record.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

// Not among the tests of mutations: Node's permissions do not follow the link to the packages in a mutated copy.
test("a build reads nothing but its sources and the installed packages", async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "pimwatch-build-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const code = `const { build } = await import(${JSON.stringify(pathToFileURL(join(ROOT, "build.ts")))});
    console.log((await build(${JSON.stringify(join(folder, "app"))})).isNew)`;
  const readable = [...SOURCES, "node_modules"].map((path) => `--allow-fs-read=${join(ROOT, path)}`);
  // The bundler's own code is not held to this: test/package.test.ts looks at the modules it takes.
  const bundler = ["--allow-addons", "--allow-worker", "--allow-wasi"];
  const own = [`--allow-fs-read=${folder}/`, `--allow-fs-write=${folder}/`];
  const script = ["--input-type=module", "--eval", code];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--permission", ...bundler, ...readable, ...own, ...script],
    { cwd: folder },
  );

  expect(stdout).toBe("true\n");
});
