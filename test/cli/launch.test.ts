import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const LAUNCHER = fileURLToPath(new URL("../../cli/launch.mjs", import.meta.url));
/** Makes the Node that runs the tests look like one that cannot run TypeScript. */
const AS_NODE_20 = `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.19.0"}})`;

test.each([
  { node: "the Node that reads TypeScript", options: [] },
  { node: "an older Node, by way of the pinned one", options: ["--import", AS_NODE_20] },
])("the command starts from any folder with $node", async ({ options }) => {
  expect(await launch(options, ["--version"])).toEqual({
    code: 0,
    out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    err: "",
  });
});

test.each([{ options: [] }, { options: ["--import", AS_NODE_20] }])(
  "the exit code comes through with $options",
  async ({ options }) => {
    expect(await launch(options, ["frob"])).toEqual({
      code: 2,
      out: "",
      err: expect.stringMatching(/^pimwatch: Unknown command "frob"\. Commands: .*\. See: pimwatch --help\n$/),
    });
  },
);

test.skipIf(!existsSync("/dev/full"))("an output that cannot be written is one sentence and exit code 2", async () => {
  const full = await open("/dev/full", "w");
  const child = spawn(process.execPath, [LAUNCHER, "support"], { stdio: ["ignore", full.fd, "pipe"] });
  let err = "";
  child.stderr?.on("data", (text) => (err += String(text)));
  const ended = await once(child, "close");
  await full.close();

  expect(ended).toEqual([2, null]);
  expect(err.trimEnd().split("\n").at(-1)).toBe(
    "pimwatch: The output cannot be written: the disk is full. Free some space, then try again",
  );
});

function launch(options: string[], args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [...options, LAUNCHER, ...args], { cwd: tmpdir() }, (_error, out, err) => {
      resolve({ code: child.exitCode ?? -1, out, err });
    });
  });
}
