import { existsSync, realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "./command.ts";
import { withCompletion } from "./commands/completion.ts";
import { cost } from "./commands/cost.ts";
import { deadLettersCommand } from "./commands/dead-letters.ts";
import { redriveCommand } from "./commands/redrive.ts";
import { restoreCommand } from "./commands/restore.ts";
import { send } from "./commands/send.ts";
import { silence } from "./commands/silence.ts";
import { stack } from "./commands/stack.ts";
import { start } from "./commands/start.ts";
import { waitForEvents } from "./commands/wait-for-events.ts";
import { nearby, SHIPPED_RULES } from "./own-files.ts";
import { SELF_SUFFICIENT } from "./packaged.ts";
import { main as runMain, run as runCommand } from "./program.ts";
import type { Terminal } from "./terminal.ts";

// One per line, so that two branches that each add a command do not conflict.
// prettier-ignore
export const COMMANDS: readonly Command[] = withCompletion([
  start,
  send,
  stack,
  ...SELF_SUFFICIENT,
  deadLettersCommand,
  redriveCommand,
  restoreCommand,
  cost,
  waitForEvents,
  silence,
]);

/** A checkout's commands use its own rules from wherever they are run. */
const PROGRAM = { commands: COMMANDS, rules: nearby(SHIPPED_RULES) };

/** @returns the exit code */
export function run(args: readonly string[], terminal: Terminal): Promise<number> {
  return runCommand(args, PROGRAM, terminal);
}

/** @returns the exit code */
export function main(args: readonly string[], owner: NodeJS.Process): Promise<number> {
  return runMain(args, PROGRAM, owner);
}

// import.meta.main is not in Node 22.
const [, script = ""] = process.argv;
if (existsSync(script) && realpathSync(script) === fileURLToPath(import.meta.url))
  process.exitCode = await main(process.argv.slice(2), process);
