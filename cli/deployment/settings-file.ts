import { constants } from "node:fs";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { isRecord } from "../../src/core/event/event-body.ts";
import { UsageError } from "../../src/errors.ts";

/*
 * A local.settings.json that pimwatch wrote has a key that the Functions host ignores. Such a file may be replaced, since
 * ports and certificate are new at each start. A file that a person wrote or changed may not.
 */
const MARK = "WrittenBy";
const MARK_VALUE = "pimwatch stack";
/** Of the process that wrote the file and serves what it names. */
const PROCESS = "ProcessId";

export type Settings = Readonly<Record<string, string | undefined>>;

/**
 * Refuses to continue if writing would lose a person's own settings.
 *
 * @throws {UsageError} when pimwatch did not write the file and `force` is false
 */
export async function checkSettingsFile(file: string, { force }: { readonly force: boolean }): Promise<void> {
  const present = await read(file);
  if (present === undefined || force || isOurs(present)) return;
  throw new UsageError(
    `${file} was not written by pimwatch stack, so it was not replaced. Give --force to replace it and keep it as ${file}.backup`,
  );
}

/** Writes the settings in the form of the Functions Core Tools. @returns the name of the backup, if it made one */
export async function writeSettingsFile(
  file: string,
  settings: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const present = await read(file);
  const backup = present === undefined || isOurs(present) ? undefined : await keepCopy(file);
  const content = { [MARK]: MARK_VALUE, [PROCESS]: process.pid, IsEncrypted: false, Values: settings };
  // Readable only by its owner, although the emulators' keys are public.
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  return backup;
}

/** Copies the file to the first free backup name: an earlier backup is a person's file too. */
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
    return isRecord(parsed) && parsed[MARK] === MARK_VALUE;
  } catch (error) {
    if (error instanceof SyntaxError) return false; // a person has edited it
    throw error;
  }
}

/** The process of the `pimwatch stack` that wrote this file; undefined if a person did, or it is not JSON. */
export function writerOf(content: string): number | undefined {
  const parsed: unknown = isOurs(content) ? JSON.parse(content) : undefined;
  const pid = isRecord(parsed) ? parsed[PROCESS] : undefined;
  return typeof pid === "number" ? pid : undefined;
}

/**
 * Reads settings in the form of local.settings.json, or as `az functionapp config appsettings list` prints them.
 *
 * @param name of the file, for the error
 * @throws {UsageError} when the text is not JSON
 */
export function settingsIn(text: string, name: string): Settings {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${name}: the file is not JSON. Correct it, or give another file`, { cause: error });
  }
  const values = typeof parsed === "object" && parsed !== null && "Values" in parsed ? parsed.Values : {};
  const entries: [unknown, unknown][] = Array.isArray(parsed)
    ? parsed.map((setting: { name?: unknown; value?: unknown } | null) => [setting?.name, setting?.value])
    : Object.entries(values ?? {});
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => entry.every((part) => typeof part === "string")),
  );
}
