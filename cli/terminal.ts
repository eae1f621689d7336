import type { WriteStream } from "node:tty";
import { STACK_NOTES } from "./own-files.ts";
import { progressLine } from "./progress-line.ts";

/** Output, environment and stop request of a command. */
export interface Terminal {
  /** Prints a result, as text or bytes, without adding a line feed. */
  out(result: string | Uint8Array): void;
  /** Prints anything else, with a line feed. Replaces a progress line. */
  note(text: string): void;
  /** Says on stderr what is being done. `run` of each command begins and ends it. An empty text: only waiting for a person. */
  progress(text: string): void;
  readonly color: boolean;
  /** Width of the terminal; undefined if the output goes to a file or another program, where lines must not be broken. */
  readonly columns: number | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Folder of rules for a command that is not told another. */
  readonly rules: string;
  /** Folder in which each running local stack has a note. */
  readonly stackNotes: string;
  /** Aborted by Ctrl-C or SIGTERM: finish the work in progress and return. */
  readonly stopping: AbortSignal;
}

/** The process's own terminal. */
export function processTerminal(
  { stdout, stderr, env }: Pick<NodeJS.Process, "stdout" | "stderr" | "env">,
  { stopping, rules }: Pick<Terminal, "stopping" | "rules">,
): Terminal {
  const progress = progressLine(stderr);
  return {
    out(result) {
      progress.hide();
      stdout.write(result);
    },
    note(text) {
      progress.hide();
      stderr.write(`${text}\n`);
    },
    progress: progress.show,
    color: wantsColor(stdout, env),
    columns: isTerminal(stdout) ? Number(env["COLUMNS"]) || stdout.columns || 80 : undefined,
    environment: env,
    rules,
    stackNotes: STACK_NOTES,
    stopping,
  };
}

/**
 * Never with NO_COLOR, always with FORCE_COLOR, otherwise on a terminal that knows colors.
 *
 * @see https://no-color.org
 * @see https://force-color.org
 */
export function wantsColor(stdout: Partial<WriteStream>, env: Terminal["environment"]): boolean {
  const { NO_COLOR = "", FORCE_COLOR = "", TERM } = env;
  if (NO_COLOR !== "") return false;
  if (FORCE_COLOR !== "") return !["0", "false"].includes(FORCE_COLOR);
  return isTerminal(stdout) && TERM !== "dumb";
}

function isTerminal(stream: Partial<WriteStream>): boolean {
  return stream.isTTY === true;
}

/** By priority, most urgent first, and by outcome. */
const COLORS = {
  P1: "1;31",
  P2: "33",
  P3: "36",
  P4: "2",
  good: "32",
  bad: "1;31",
  doubtful: "33",
} as const;

export type Color = keyof typeof COLORS;

/** The text in the color, if the terminal wants any. */
export function painted(text: string, color: Color | undefined, { color: isWanted }: Pick<Terminal, "color">): string {
  return isWanted && color !== undefined ? `\u001b[${COLORS[color]}m${text}\u001b[0m` : text;
}
