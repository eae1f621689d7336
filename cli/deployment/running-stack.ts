import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { once } from "node:events";
import { failureText } from "../errors/failure-text.ts";
import type { Terminal } from "../terminal.ts";
import { type Settings, settingsIn } from "./settings-file.ts";

/*
 * `pimwatch start` notes the settings of its local stack, so that other commands find the stack without arguments. The
 * note is `<process id>.json` in the terminal's folder for it, in the form of local.settings.json. It is removed when the
 * stack stops. After a kill it stays, and the first command that finds it removes it.
 */
const NOTE = /^\d+\.json$/;

/** @returns a function that removes the note */
export async function noteRunningStack(settings: Settings, terminal: Terminal): Promise<() => Promise<void>> {
  const file = join(terminal.stackNotes, `${process.pid}.json`);
  try {
    await mkdir(terminal.stackNotes, { recursive: true, mode: 0o700 });
    await writeFile(file, JSON.stringify({ Values: settings }), { mode: 0o600 });
  } catch (error) {
    // The run itself does not need the note.
    terminal.note(`pimwatch: other commands cannot find this stack by themselves. ${failureText(error)}`);
  }
  return () => rm(file, { force: true }).catch(() => undefined); // a note of an ended process is ignored
}

/** The settings of the stack that started last and still runs. Says which one it is. */
export async function runningStack(terminal: Terminal): Promise<Settings> {
  for (const pid of await notedProcesses(terminal.stackNotes)) {
    const file = join(terminal.stackNotes, `${pid}.json`);
    const settings = await settingsOf(file);
    if (settings !== undefined && isRunning(pid) && (await isListening(settings["AUDIT_EVENTS"]))) {
      terminal.note(`Using the local stack of \`pimwatch start\`, process ${pid}`);
      return settings;
    }
    await rm(file, { force: true }).catch(() => undefined); // somebody else's, in a folder that may only be read
    terminal.note(`Ignored the local stack of process ${pid}, which has ended without stopping it`);
  }
  return {};
}

/** Newest first. */
async function notedProcesses(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => []); // no stack was ever started here
  const notes = names
    .filter((name) => NOTE.test(name))
    .map(async (name) => ({
      pid: Number.parseInt(name, 10),
      at: (await stat(join(folder, name)).catch(() => undefined))?.mtimeMs ?? 0, // removed meanwhile
    }));
  return (await Promise.all(notes)).toSorted((a, b) => b.at - a.at).map(({ pid }) => pid);
}

async function settingsOf(file: string): Promise<Settings | undefined> {
  try {
    return settingsIn(await readFile(file, "utf8"), file);
  } catch {
    return undefined; // cut short, or removed meanwhile
  }
}

/** Whether a process with this id exists. It may be another one than before. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** Ids of processes come back, after a restart of the machine soon: the stack's own port tells. */
async function isListening(connectionString = ""): Promise<boolean> {
  const [, host, port] = /Endpoint=sb:\/\/([^:;]+):(\d+)/.exec(connectionString) ?? [];
  if (host === undefined) return false;
  const socket = connect(Number(port), host);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
