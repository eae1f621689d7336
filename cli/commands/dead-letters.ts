import type { DeadLetterEntry } from "../../src/azure/dead-letters.ts";
import type { UntakenRow } from "../../src/azure/incidents/untaken-rows.ts";
import { SINK_TITLES } from "../../src/core/incident/sinks.ts";
import { UsageError } from "../../src/errors.ts";
import { command } from "../command.ts";
import { STORAGE_OPTIONS } from "../deployment/storage-options.ts";
import type { Terminal } from "../terminal.ts";
import { visible } from "../../src/core/visible-text.ts";

export const deadLettersCommand = command({
  name: "dead-letters",
  summary: "Lists what could not be processed or forwarded, or shows one of it.",
  operands: "[options] [NAME]",
  options: {
    ...STORAGE_OPTIONS,
    json: { type: "boolean", help: "one line of JSON for each" },
    raw: { type: "boolean", help: "with NAME: the bytes as they came, for a file or another program" },
  },
  notes: `NAME is the sha256 of the bytes, as the list shows it; its beginning will do.

The list has the events and records that became dead letters, and the rows that a sink did not take
(${SINK_TITLES.join(", ")}). A refused row waits for a person. A failing row is sent again by the app;
it counts as refused when it has failed for 24 hours while other rows were taken.
After a fix, \`pimwatch redrive\` sends them through again.

Exit code: 0 when there is none, or NAME was shown; 1 when there are some; 2 when it cannot be done as asked.`,
  async run({ values, operands }, terminal) {
    const [name, ...more] = operands;
    if (more.length > 0) throw new UsageError("Give one NAME, or none for the list");
    if (name === undefined && values.raw === true) throw new UsageError("--raw needs a NAME");
    const { openLetters, theOne } = await import("../deployment/letters.ts"); // the SDKs are loaded when first needed
    const { letters, untaken } = await openLetters(values, terminal);
    if (name !== undefined) {
      const entry = await theOne(letters.list(), name);
      const bytes = await letters.read(entry.name);
      if (bytes === undefined) throw new UsageError(`${entry.name} is gone: somebody took it away just now`);
      if (values.raw === true) terminal.out(bytes);
      else show(entry, bytes, { isJson: values.json === true, terminal });
      return 0;
    }
    let count = 0;
    for await (const entry of letters.list()) {
      terminal.out(values.json === true ? `${JSON.stringify({ kind: "dead letter", ...entry })}\n` : line(entry));
      count += 1;
    }
    const rows = { refused: 0, failing: 0 };
    for await (const row of untaken.list()) {
      terminal.out(
        values.json === true ? `${JSON.stringify({ kind: `${row.state} row`, ...row })}\n` : untakenLine(row),
      );
      rows[row.state] += 1;
    }
    terminal.note(
      `${count} dead letter(s); of ${SINK_TITLES.join(" and ")}: ${rows.refused} refused row(s), ${rows.failing} failing`,
    );
    return count + rows.refused + rows.failing === 0 ? 0 : 1;
  },
});

function line({ name, size, reason, partition, sequenceNumber, enqueuedTime }: DeadLetterEntry): string {
  const where = partition === "" ? "" : `partition ${partition}, number ${sequenceNumber}, ${enqueuedTime}`;
  return `${visible(name).slice(0, 16)}  ${String(size).padStart(8)} bytes  ${visible(reason)}${where && `  (${visible(where)})`}\n`;
}

function untakenLine({ state, incidentId, revision, sink, reason, attempts, retryAt }: UntakenRow): string {
  const row = `incident ${visible(incidentId)}, revision ${visible(revision)}`;
  if (state === "refused") return `refused by ${visible(sink)}: ${row}  ${visible(reason)}\n`;
  const times = attempts === 0 ? "" : `${attempts} time(s) while others were taken, `;
  return `failing at ${visible(sink)}: ${row}  ${visible(reason)}  (${times}sent again from ${retryAt})\n`;
}

function show(
  entry: DeadLetterEntry,
  bytes: Uint8Array,
  { isJson, terminal }: { readonly isJson: boolean; readonly terminal: Terminal },
): void {
  if (isJson) {
    terminal.out(`${JSON.stringify({ ...entry, base64: Buffer.from(bytes).toString("base64") })}\n`);
    return;
  }
  for (const [what, value] of Object.entries(entry)) terminal.out(`${what.padEnd(16)}${visible(String(value))}\n`);
  terminal.out(`\n${visible(new TextDecoder().decode(bytes))}\n`);
}
