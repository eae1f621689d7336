import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { UsageError } from "../src/errors.ts";

export interface TreeCopy {
  readonly directory: string;
  remove(): Promise<void>;
}

/** Copies the files of a checkout, including changed and new ones, into a temporary folder; packages are linked. */
export async function copyTree(root: string): Promise<TreeCopy> {
  const files = await filesOf(root);
  const directory = await mkdtemp(join(tmpdir(), "pimwatch-mutants-"));
  const tree = { directory, remove: () => rm(directory, { recursive: true, force: true }) };
  try {
    for (const file of files) {
      await mkdir(dirname(join(directory, file)), { recursive: true });
      await cp(join(root, file), join(directory, file), { verbatimSymlinks: true });
    }
    await symlink(join(root, "node_modules"), join(directory, "node_modules"), "junction");
    return tree;
  } catch (error) {
    await tree.remove();
    throw error;
  }
}

/** The files that git tracks or would track. */
async function filesOf(root: string): Promise<string[]> {
  const git = (...args: string[]) =>
    promisify(execFile)("git", ["ls-files", "-z", ...args], { cwd: root, maxBuffer: 64 * 1_048_576 });
  try {
    const kept = (await git("--cached", "--others", "--exclude-standard")).stdout.split("\0");
    const deleted = new Set((await git("--deleted")).stdout.split("\0"));
    return kept.filter((file) => file !== "" && !deleted.has(file));
  } catch (error) {
    throw new UsageError(`${root} is not a git checkout: its files cannot be listed`, { cause: error });
  }
}
