import type { WriteStream } from "node:tty";

/** Where a command's output goes, and what the person wants of it. */
export interface Terminal {
  /** Results, as text or as bytes: a line feed is not added. */
  out(result: string | Uint8Array): void;
  /** All else: a line feed is added. A progress line that stands there is replaced. */
  note(text: string): void;
  /** Shows a passing line on a terminal, nothing elsewhere. An empty text takes it away. */
  progress(text: string): void;
  readonly color: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborted at Ctrl-C or SIGTERM: finish what is begun and return. */
  readonly stopping: AbortSignal;
}

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
    stopping,
  };
}

function isTerminal(stream: Partial<WriteStream>): boolean {
  return stream.isTTY === true;
}
