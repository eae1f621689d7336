import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { visible } from "../../src/core/visible-text.ts";
import { UsageError } from "../../src/errors.ts";
import { fileReason } from "../errors/failure-text.ts";
import type { Terminal } from "../terminal.ts";
import { isRunning, runningStack } from "./running-stack.ts";
import { type Settings, settingsIn, writerOf } from "./settings-file.ts";

const SETTINGS_FILE = "local.settings.json";

/** Settings that name a service. If one of them is set, the person has decided where to work. */
const ADDRESSES = [
  "AUDIT_EVENTS",
  "AUDIT_EVENTS__fullyQualifiedNamespace",
  "INCIDENTS_STORAGE",
  "INCIDENTS_TABLE_ENDPOINT",
  "DEAD_LETTERS_CONTAINER_URL",
  "BACKUPS_CONTAINER_URL",
] as const;

/** Options that name a service. */
type Choice = Readonly<
  Partial<Record<"connection" | "namespace" | "storage" | "table-endpoint" | "container-url", string>>
>;

/**
 * The settings of ./local.settings.json, overridden by those of the environment. If neither they nor an option names a
 * service, those of the local stack that runs on this machine are added; all of its services or none, since no command may
 * mix its hub with a table in Azure.
 */
export async function settingsFor(choice: Choice, terminal: Terminal): Promise<Settings> {
  const given = Object.fromEntries(
    Object.entries(terminal.environment).filter(([, value]) => value !== undefined && value !== ""),
  );
  const inFile = await settingsInFile(terminal);
  const settings = { ...inFile, ...given, ...trustOf(inFile) };
  const isChosen =
    ADDRESSES.some((name) => settings[name] !== undefined) ||
    [choice.connection, choice.namespace, choice.storage, choice["table-endpoint"], choice["container-url"]].some(
      (option) => option !== undefined,
    );
  if (isChosen) return settings;
  const stack = await runningStack(terminal);
  return { ...stack, ...settings, ...trustOf(stack) };
}

/** The settings in the file that a person gives (- is stdin); those of `settingsFor` if none is given. */
export async function givenSettings(file: string | undefined, terminal: Terminal): Promise<Settings> {
  if (file === undefined) return settingsFor({}, terminal);
  try {
    return settingsIn(file === "-" ? await text(process.stdin) : await readFile(file, "utf8"), file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`--settings ${file}: ${fileReason(error) ?? "the file cannot be read"}`, { cause: error });
  }
}

/** The address of the page, which the stack of `npm start` and azd's environment know. */
export function pageAddress({ DASHBOARD_URL = "" }: Settings): string {
  return DASHBOARD_URL === "" ? "/api/dashboard of the function app" : visible(DASHBOARD_URL);
}

/** The file that `pimwatch stack` wrote is of no use once that has ended. */
async function settingsInFile(terminal: Terminal): Promise<Settings> {
  let content: string;
  try {
    content = await readFile(SETTINGS_FILE, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return {};
    throw new UsageError(`${SETTINGS_FILE}: ${fileReason(error) ?? "the file cannot be read"}`, { cause: error });
  }
  const writer = writerOf(content);
  if (writer === undefined || isRunning(writer)) return settingsIn(content, SETTINGS_FILE);
  terminal.note(`Ignored ${SETTINGS_FILE}: the \`pimwatch stack\` that wrote it, process ${writer}, has ended`);
  return {};
}

/** Its NODE_EXTRA_CA_CERTS wins over that of the environment, which Node has read at its start already. */
function trustOf({ NODE_EXTRA_CA_CERTS }: Settings): Settings {
  return NODE_EXTRA_CA_CERTS === undefined ? {} : { NODE_EXTRA_CA_CERTS };
}
