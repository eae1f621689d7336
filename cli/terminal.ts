import type { WriteStream } from "node:tty";
import { fileURLToPath } from "node:url";

/** Output, environment and stop request of a command. */
export interface Terminal {
  /** Prints a result, as text or bytes, without adding a line feed. */
  out(result: string | Uint8Array): void;
  /** Prints anything else, with a line feed. Replaces a progress line. */
  note(text: string): void;
  /** Shows a progress line, on a terminal only. An empty text removes it. */
  progress(text: string): void;
  readonly color: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Folder in which each running local stack has a note. */
  readonly stackNotes: string;
  /** Aborted by Ctrl-C or SIGTERM: finish the work in progress and return. */
  readonly stopping: AbortSignal;
}

/** In the package, so that a stack is found from every folder, and only by the pimwatch that started it. */
const STACK_NOTES = fileURLToPath(new URL("../.pimwatch", import.meta.url));

const CLEAR_LINE = "\r\u001b[K";

/** The process's own terminal. Color only on a TTY, and never with NO_COLOR (https://no-color.org). */
export function processTerminal(
  { stdout, stderr, env }: Pick<NodeJS.Process, "stdout" | "stderr" | "env">,
  stopping: AbortSignal,
): Terminal {
  let shown = false;
  const clear = (): void => {
    if (shown) stderr.write(CLEAR_LINE);
    shown = false;
  };
  return {
    out(result) {
      clear();
      stdout.write(result);
    },
    note(text) {
      clear();
      stderr.write(`${text}\n`);
    },
    progress(text) {
      if (!isTerminal(stderr)) return;
      clear();
      stderr.write(text);
      shown = text !== "";
    },
    color: isTerminal(stdout) && (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb",
    environment: env,
    stackNotes: STACK_NOTES,
    stopping,
  };
}

function isTerminal(stream: Partial<WriteStream>): boolean {
  return stream.isTTY === true;
}
