import { constants } from "node:fs";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { UsageError } from "../src/errors.ts";

/*
 * A local.settings.json of ours is known by a key that the Functions host does not look at. It may be
 * replaced: ports and certificate are new at each start. What a person wrote or changed may not.
 */
const MARK = "WrittenBy";
const MARK_VALUE = "pimwatch stack";

/**
 * Refuses to go on where writing would lose a person's own settings.
 *
 * @throws {UsageError} when the file is not ours and `force` is not given
 */
export async function checkSettingsFile(file: string, { force }: { readonly force: boolean }): Promise<void> {
  const present = await read(file);
  if (present === undefined || force || isOurs(present)) return;
  throw new UsageError(
    `${file} was not written by pimwatch stack. Give --force to replace it; it is kept as ${file}.backup`,
  );
}

/** Writes the settings in the form of the Functions Core Tools. @returns where a person's own file was kept, if there was one */
export async function writeSettingsFile(
  file: string,
  settings: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const present = await read(file);
  const backup = present === undefined || isOurs(present) ? undefined : await keepCopy(file);
  const content = { [MARK]: MARK_VALUE, IsEncrypted: false, Values: settings };
  // The emulators' keys are public; the file is for its owner all the same.
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  return backup;
}

/** Beside the file, under the first name that is free: an earlier copy is a person's too. */
async function keepCopy(file: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const copy = number === 1 ? `${file}.backup` : `${file}.backup-${number}`;
    try {
      await copyFile(file, copy, constants.COPYFILE_EXCL);
      return copy;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
  }
}

async function read(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

function isOurs(content: string): boolean {
  try {
    const parsed: unknown = JSON.parse(content);
    return typeof parsed === "object" && parsed !== null && MARK in parsed && parsed[MARK] === MARK_VALUE;
  } catch (error) {
    if (error instanceof SyntaxError) return false; // then a person has been at it
    throw error;
  }
}
