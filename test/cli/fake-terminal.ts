import type { Terminal } from "../../cli/terminal.ts";

/** A terminal that records its output. */
export function fakeTerminal(
  environment: Record<string, string> = {},
): Terminal & { readonly outs: string[]; readonly notes: string[] } {
  const outs: string[] = [];
  const notes: string[] = [];
  return {
    outs,
    notes,
    out: (result) => void outs.push(typeof result === "string" ? result : Buffer.from(result).toString("latin1")),
    note: (text) => void notes.push(text),
    progress: () => undefined,
    color: false,
    columns: undefined,
    environment,
    rules: "rules",
    stackNotes: "/missing", // no local stack runs
    stopping: new AbortController().signal,
  };
}
