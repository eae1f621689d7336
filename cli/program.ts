import { LINGER_MS, PARENT_CHECK_MS } from "../src/core/timing.ts";
import { visible } from "../src/core/visible-text.ts";
import { UsageError } from "../src/errors.ts";
import { VERSION } from "../src/version.ts";
import type { Command } from "./command.ts";
import { failureDetails, failureText, fileReason } from "./errors/failure-text.ts";
import { refitted } from "./line-width.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

interface Program {
  readonly commands: readonly Command[];
  /** Folder of rules for a command that is not told another. */
  readonly rules: string;
  /** Names of commands that only a checkout has. */
  readonly onlyInCheckout?: readonly string[];
}

/** The exit code of every error. A command itself returns 0 or 1. */
const CANNOT_BE_DONE = 2;

/** Runs one command. Errors are printed on the terminal. @returns the exit code */
export async function run(args: readonly string[], program: Program, terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  try {
    if (name === undefined || name === "--help" || name === "-h" || name === "help") {
      terminal.out(refitted(helpFor(rest[0], program), terminal.columns));
      return name === undefined ? CANNOT_BE_DONE : 0;
    }
    if (name === "--version") {
      terminal.out(`${VERSION}\n`);
      return 0;
    }
    return await find(name, program).run(rest, terminal);
  } catch (error) {
    return report(error, { terminal, withDetails: args.includes("--debug") });
  }
}

/** Runs a command on a process. Ctrl-C and SIGTERM ask it to stop in an orderly way. @returns the exit code */
export async function main(args: readonly string[], program: Program, owner: NodeJS.Process): Promise<number> {
  const stopping = new AbortController();
  const stop = (): void => {
    // A second Ctrl-C stops at once.
    if (stopping.signal.aborted) owner.exit(130);
    stopping.abort();
  };
  owner.on("SIGINT", stop);
  owner.on("SIGTERM", stop);
  const watch = watchParent(owner, stop);
  const terminal = processTerminal(owner, { stopping: stopping.signal, rules: program.rules });
  const crash = (error: unknown): never =>
    owner.exit(report(error, { terminal, withDetails: args.includes("--debug") }));
  // Otherwise Node would print the stack of an error that nobody awaits.
  owner.on("uncaughtException", crash);
  owner.stdout.on("error", (error) => {
    // `pimwatch … | head` closes the pipe, which is not an error.
    if ("code" in error && error.code === "EPIPE") owner.exit(0);
    crash(new UsageError(`The output cannot be written: ${fileReason(error) ?? error.message}`, { cause: error }));
  });
  owner.stderr.on("error", () => undefined); // there is no other place to say so
  try {
    const code = await run(args, program, terminal);
    // Clients go on trying to reach a service that has ended; that would keep the process for half a minute.
    if (code === CANNOT_BE_DONE) setTimeout(() => owner.exit(code), LINGER_MS).unref();
    return code;
  } finally {
    clearInterval(watch);
    owner.off("SIGINT", stop);
    owner.off("SIGTERM", stop);
    owner.off("uncaughtException", crash);
  }
}

/**
 * Stops the command when npm is gone. npm cannot pass SIGKILL on, and the shell that it starts for npx passes no signal
 * on. A command that npm did not start is not watched, since a person may want it to outlive the shell.
 */
function watchParent(owner: NodeJS.Process, stop: () => void): NodeJS.Timeout | undefined {
  if (owner.env["npm_lifecycle_event"] === undefined) return undefined;
  const parent = owner.ppid;
  const watch = setInterval(() => {
    if (owner.ppid === parent) return;
    clearInterval(watch); // a second call of stop would exit at once
    stop();
  }, PARENT_CHECK_MS);
  return watch.unref();
}

function find(name: string, { commands, onlyInCheckout = [] }: Program): Command {
  const command = commands.find((candidate) => candidate.name === name);
  if (command) return command;
  if (onlyInCheckout.includes(name))
    throw new UsageError(
      `"${name}" needs pimwatch's repository, which this package does not hold. In a checkout of it, run \`npm ci\`, then \`npx pimwatch ${name}\``,
    );
  const kind = name.startsWith("-") ? "option" : "command";
  throw new UsageError(
    `Unknown ${kind} "${visible(name)}". Commands: ${commands.map((known) => known.name).join(", ")}. See: pimwatch --help`,
  );
}

function helpFor(name: string | undefined, program: Program): string {
  if (name !== undefined) return find(name, program).help;
  const width = Math.max(...program.commands.map((command) => command.name.length)) + 2;
  return [
    "Usage: pimwatch COMMAND [options]",
    "",
    "Microsoft Sentinel's own audit rules, run on the Event Hub stream.",
    "",
    ...program.commands.map((command) => `  ${command.name.padEnd(width)}${command.summary}`),
    "",
    "pimwatch COMMAND --help explains one command. --version prints the version.",
    "",
  ].join("\n");
}

/** Says in one sentence what went wrong. The stack is only for a person who asks for it. @returns the exit code */
function report(
  error: unknown,
  { terminal, withDetails }: { readonly terminal: Terminal; readonly withDetails: boolean },
): number {
  terminal.progress(""); // an error that nobody awaits comes while the command goes on
  terminal.note(`pimwatch: ${failureText(error)}`);
  if (withDetails) terminal.note(failureDetails(error).split("\n").map(visible).join("\n"));
  return CANNOT_BE_DONE;
}
