import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { APP_DIRECTORY } from "./running-app.ts";

export interface BuiltRule {
  readonly id: string;
  readonly disabled?: boolean;
}

/** The app built with other rules. */
export async function appWithRules(change: (rules: readonly BuiltRule[]) => readonly BuiltRule[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "pimwatch-test-app-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await cp(APP_DIRECTORY, directory, { recursive: true });
  const file = join(directory, "rules.json");
  await writeFile(file, JSON.stringify(change(JSON.parse(await readFile(file, "utf8")))));
  return directory;
}
