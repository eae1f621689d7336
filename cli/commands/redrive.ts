import type { DeadLetterEntry } from "../../src/azure/dead-letters.ts";
import type { UntakenRows } from "../../src/azure/incidents/untaken-rows.ts";
import { doEach } from "../../src/core/do-each.ts";
import { SINK_TITLES } from "../../src/core/incident/sinks.ts";
import { UsageError } from "../../src/errors.ts";
import { redrive, type Redriven } from "../../src/workflows/detection/redrive.ts";
import { command } from "../command.ts";
import { STORAGE_OPTIONS } from "../deployment/storage-options.ts";
import type { Terminal } from "../terminal.ts";
import { visible } from "../../src/core/visible-text.ts";

export const redriveCommand = command({
  name: "redrive",
  summary: "Sends dead letters through the rules again after a fix, and refused rows to Log Analytics.",
  operands: "[options] [NAME...]",
  options: {
    ...STORAGE_OPTIONS,
    all: { type: "boolean", help: "all dead letters" },
    refused: {
      type: "boolean",
      help: `the rows that ${SINK_TITLES.join(" or ")} did not take: the app sends them again within minutes`,
    },
    tenants: {
      type: "string",
      value: "IDS",
      help: "Entra tenants whose records may make incidents, by commas; else ALLOWED_TENANT_IDS",
    },
  },
  notes: `NAME is as \`pimwatch dead-letters\` shows it. What is sent through is judged by the rules in this folder, on this
machine; an incident that is found is stored with its place in the outbox, and the app forwards it. A dead letter
is taken away only when all of it has another fate: an incident, no match, or another category.

A record that ended the worker is sent through as any other, and may end this command: nothing is lost by it.

One that fails does not hold up the others: it is named with the reason, and stays.

Exit code: 0 when no dead letter stays of those that were named, 1 when some do or something failed, 2 when it cannot
be done as asked.`,
  async run({ values, operands }, terminal) {
    const isAll = values.all === true;
    if (isAll === operands.length > 0 && !(values.refused === true && !isAll))
      throw new UsageError("Give the NAMEs of dead letters, or --all, or --refused. See: pimwatch redrive --help");
    const { openLetters, theOne } = await import("../deployment/letters.ts"); // the SDKs are loaded when first needed
    const opened = await openLetters(values, terminal);
    const unreleased = values.refused === true ? await release(opened.untaken, terminal) : 0;
    if (!isAll && operands.length === 0) return unreleased === 0 ? 0 : 1;

    const chosen: DeadLetterEntry[] = [];
    if (isAll) for await (const entry of opened.letters.list()) chosen.push(entry);
    else for (const name of operands) chosen.push(await theOne(opened.letters.list(), name));
    const deps = await opened.detecting(values.tenants);
    const count = { sent: 0, staying: 0 };
    const { errors } = await doEach(chosen, async (entry) => {
      if (terminal.stopping.aborted) return;
      await named(entry.name, terminal, async () => {
        const bytes = await opened.letters.read(entry.name);
        const position = positionOf(entry);
        const redriven = bytes && (await redrive({ name: entry.name, bytes, position }, deps));
        count.sent += 1;
        if (redriven === undefined) return; // taken away by somebody else meanwhile
        if (redriven.stays !== undefined) count.staying += 1;
        terminal.out(`${visible(entry.name).slice(0, 16)}  ${outcomeText(redriven)}\n`);
      });
    });
    const unsent = chosen.length - count.sent;
    const failures = unsent > 0 ? `; ${errors.length} failed, ${unsent - errors.length} left` : "";
    terminal.note(`${count.sent} dead letter(s) sent through, ${count.staying} stay${failures}`);
    return count.staying + unsent + unreleased === 0 ? 0 : 1;
  },
});

/** @returns how many rows could not be released */
async function release(untaken: UntakenRows, terminal: Terminal): Promise<number> {
  const { done, errors } = await doEach(untaken.list(), (row) =>
    named(`incident ${row.incidentId}, revision ${row.revision}`, terminal, () => untaken.release(row)),
  );
  terminal.note(`${done} row(s) wait to be sent again${errors.length > 0 ? `; ${errors.length} failed` : ""}`);
  return errors.length;
}

/** Does the work, and says of what it failed if it does. */
async function named(what: string, terminal: Terminal, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    terminal.note(`${visible(what)} failed: ${visible(error instanceof Error ? error.message : String(error))}`);
    throw error;
  }
}

function positionOf({ partition, sequenceNumber, enqueuedTime }: DeadLetterEntry): {
  partitionId: string | null;
  sequenceNumber: number | null;
  enqueuedTime: string | null;
} {
  return {
    partitionId: partition || null,
    sequenceNumber: /^\d+$/.test(sequenceNumber) ? Number(sequenceNumber) : null,
    enqueuedTime: enqueuedTime || null,
  };
}

function outcomeText({ figures, stays, parts }: Redriven): string {
  const { stored, known, matched, notMatched, otherCategory } = figures;
  const fates = [
    stored > 0 && `${stored} new incident(s)`,
    known > 0 && `${known} known incident(s)`,
    notMatched > 0 && `${notMatched} record(s) without a match`,
    otherCategory > 0 && `${otherCategory} record(s) of other categories`,
    parts.length > 0 && `${parts.length} part(s) kept apart: ${visible([...new Set(parts)].join("; "))}`,
    stays !== undefined && `stays: ${visible(stays)}`,
  ].filter((fate) => fate !== false);
  return fates.join(", ") || `${matched} record(s) whose matches are excluded`;
}
