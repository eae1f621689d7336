import { counted } from "../../src/core/counted.ts";
import { type DeadLetterEntry, isWaiting } from "../../src/azure/dead-letters.ts";
import type { UntakenRow } from "../../src/core/incident/outbox.ts";
import { SINK_TITLES } from "../../src/core/incident/sinks.ts";
import { UsageError } from "../../src/errors.ts";
import { command } from "../command.ts";
import { jsonLine } from "../json-line.ts";
import { STORAGE_OPTIONS } from "../deployment/storage-options.ts";
import type { Terminal } from "../terminal.ts";
import { visible } from "../../src/core/visible-text.ts";

export const deadLettersCommand = command({
  name: "dead-letters",
  summary: "Lists events and rows that could not be processed or forwarded, or shows one dead letter.",
  operands: "[options] [NAME]",
  options: {
    ...STORAGE_OPTIONS,
    json: { type: "boolean", help: "print one line of JSON for each" },
    discarded: { type: "boolean", help: "list those that a person discarded, with the reason" },
    raw: { type: "boolean", help: "with NAME: print the original bytes, for a file or another program" },
  },
  notes: `NAME is the sha256 of the bytes, as the list shows it; the first characters are enough.

The list has the events and records that became dead letters, oldest first, and the rows that a sink did not accept
(${SINK_TITLES.join(", ")}). A refused row waits for a person. The app sends a failing row again; it
counts as refused once it has failed for 24 hours while other rows were accepted.
After a fix, \`pimwatch redrive\` processes them again, or discards them with a reason.`,
  exitCodes: {
    0: "there is none, or NAME was shown, or those discarded were listed",
    1: "there are some",
  },
  async run({ values, operands }, terminal) {
    const [name, ...more] = operands;
    if (more.length > 0) throw new UsageError("Give one NAME, or no NAME for the list");
    if (name === undefined && values.raw === true) throw new UsageError("--raw needs a NAME");
    const { openLetters, theOne } = await import("../deployment/letters.ts"); // the SDKs are loaded when first needed
    const { letters, untaken } = await openLetters(values, terminal);
    if (name !== undefined) {
      const entry = await theOne(letters.list(), name);
      const bytes = await letters.read(entry.name);
      if (bytes === undefined) throw new UsageError(`${entry.name} is gone: somebody has just removed it`);
      if (values.raw === true) terminal.out(bytes);
      else show(entry, bytes, { isJson: values.json === true, terminal });
      return 0;
    }
    const isDiscarded = values.discarded === true;
    const entries: DeadLetterEntry[] = [];
    for await (const entry of letters.list()) {
      if (isWaiting(entry) !== isDiscarded) entries.push(entry);
      terminal.progress(`Listing dead letters: ${counted(entries.length, "dead letter")} so far …`);
    }
    // The container lists them by their hash.
    for (const entry of entries.toSorted(({ enqueuedTime: a }, { enqueuedTime: b }) => (a < b ? -1 : Number(a > b))))
      terminal.out(values.json === true ? jsonLine({ kind: "dead letter", ...entry }) : line(entry));
    const count = entries.length;
    if (isDiscarded) {
      terminal.note(counted(count, "discarded dead letter"));
      return 0;
    }
    const rows = { refused: 0, failing: 0 };
    terminal.progress("Listing rows that a sink did not accept …");
    for await (const row of untaken.list()) {
      terminal.out(values.json === true ? jsonLine({ kind: `${row.state} row`, ...row }) : untakenLine(row));
      rows[row.state] += 1;
    }
    terminal.note(
      `${counted(count, "dead letter")}; ${counted(rows.refused, "refused row")} and ${counted(rows.failing, "failing row")} at ${SINK_TITLES.join(" or ")}`,
    );
    return count + rows.refused + rows.failing === 0 ? 0 : 1;
  },
});

function line({ name, size, reason, partition, sequenceNumber, enqueuedTime, ...entry }: DeadLetterEntry): string {
  const where = partition === "" ? "" : `partition ${partition}, number ${sequenceNumber}, ${enqueuedTime}`;
  const head = `${visible(name).slice(0, 16)}  ${String(size).padStart(8)} bytes  ${visible(reason)}`;
  const decision = `  discarded by ${visible(entry.discardedBy)}, ${visible(entry.discardedTime)}: ${visible(entry.discarded)}`;
  return `${head}${where && `  (${visible(where)})`}${entry.discarded && decision}\n`;
}

function untakenLine({ state, incidentId, revision, sink, reason, attempts, retryAt }: UntakenRow): string {
  const row = `incident ${visible(incidentId)}, revision ${visible(revision)}`;
  if (state === "refused") return `refused by ${visible(sink)}: ${row}  ${visible(reason)}\n`;
  const times = attempts === 0 ? "" : `${counted(attempts, "time")} while the sink accepted other rows, `;
  return `failing at ${visible(sink)}: ${row}  ${visible(reason)}  (${times}sent again from ${retryAt})\n`;
}

function show(
  entry: DeadLetterEntry,
  bytes: Uint8Array,
  { isJson, terminal }: { readonly isJson: boolean; readonly terminal: Terminal },
): void {
  if (isJson) {
    terminal.out(jsonLine({ ...entry, base64: Buffer.from(bytes).toString("base64") }));
    return;
  }
  for (const [what, value] of Object.entries(entry)) terminal.out(`${what.padEnd(16)}${visible(String(value))}\n`);
  terminal.out(`\n${visible(new TextDecoder().decode(bytes))}\n`);
}
