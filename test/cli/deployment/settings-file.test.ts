import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkSettingsFile, writeSettingsFile } from "../../../cli/deployment/settings-file.ts";
import { UsageError } from "../../../src/errors.ts";

let folder = "";
let file = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pimwatch-settings-"));
  file = join(folder, "local.settings.json");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test("the file has the form that the Core Tools read", async () => {
  await checkSettingsFile(file, { force: false });

  expect(await writeSettingsFile(file, { A: "1" })).toBeUndefined();
  expect(JSON.parse(await readFile(file, "utf8"))).toEqual({
    WrittenBy: "pimwatch stack",
    ProcessId: process.pid,
    IsEncrypted: false,
    Values: { A: "1" },
  });
});

test("a file that pimwatch wrote is replaced without a backup", async () => {
  await writeSettingsFile(file, { A: "1" });

  await checkSettingsFile(file, { force: false });

  expect(await writeSettingsFile(file, { A: "2" })).toBeUndefined();
  expect(await readdir(folder)).toEqual(["local.settings.json"]);
});

test.each(['{"IsEncrypted":false,"Values":{"MINE":"x"}}', "not JSON", "null"])(
  "a person's file (%s) is refused, and kept when forced",
  async (mine) => {
    await writeFile(file, mine);

    await expect(checkSettingsFile(file, { force: false })).rejects.toThrow(UsageError);
    expect(await readFile(file, "utf8")).toBe(mine);

    await checkSettingsFile(file, { force: true });
    expect(await writeSettingsFile(file, {})).toBe(`${file}.backup`);
    expect(await readFile(`${file}.backup`, "utf8")).toBe(mine);
  },
);

test("a backup does not overwrite an earlier one", async () => {
  await writeFile(`${file}.backup`, "first");
  await writeFile(file, "second");

  expect(await writeSettingsFile(file, {})).toBe(`${file}.backup-2`);
  expect(await readFile(`${file}.backup`, "utf8")).toBe("first");
});
