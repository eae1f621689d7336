import type { DeadLetterEntry } from "../../src/azure/dead-letters.ts";
import type { UntakenRows } from "../../src/azure/incidents/incident-outbox.ts";
import { doEach } from "../../src/core/do-each.ts";
import { SINK_TITLES } from "../../src/core/incident/sinks.ts";
import { UsageError } from "../../src/errors.ts";
import { redrive, type Redriven } from "../../src/workflows/detection/redrive.ts";
import { command } from "../command.ts";
import { failureText } from "../errors/failure-text.ts";
import { STORAGE_OPTIONS } from "../deployment/storage-options.ts";
import type { Terminal } from "../terminal.ts";
import { visible } from "../../src/core/visible-text.ts";

export const redriveCommand = command({
  name: "redrive",
  summary: "After a fix, processes dead letters again, and releases refused rows to be sent again.",
  operands: "[options] [NAME...]",
  options: {
    ...STORAGE_OPTIONS,
    all: { type: "boolean", help: "all dead letters" },
    refused: {
      type: "boolean",
      help: `release the rows that ${SINK_TITLES.join(" or ")} did not accept; the app sends them again soon`,
    },
    tenants: {
      type: "string",
      value: "IDS",
      help: "Entra tenants whose records may make incidents, comma-separated; otherwise ALLOWED_TENANT_IDS",
    },
  },
  notes: `NAME is as \`pimwatch dead-letters\` shows it. The rules in this folder run on this machine. An incident that they find
is stored with its row in the outbox, and the app forwards it. A dead letter is removed only when each record in it
became an incident, matched no rule, or belongs to another category.

A record that killed the worker is processed like any other, and may kill this command. Nothing is lost if it does.

A dead letter that fails does not hold up the others. It is named with the reason, and stays.`,
  exitCodes: {
    0: "none of the named dead letters stays",
    1: "one stays, or could not be processed",
  },
  async run({ values, operands }, terminal) {
    const isAll = values.all === true;
    if (isAll === operands.length > 0 && !(values.refused === true && !isAll))
      throw new UsageError("Give the NAMEs of dead letters, or --all, or --refused. See: pimwatch redrive --help");
    const { openLetters, theOne } = await import("../deployment/letters.ts"); // the SDKs are loaded when first needed
    const opened = await openLetters(values, terminal);
    const isDetecting = isAll || operands.length > 0;
    const deps = isDetecting ? await opened.detecting(values.tenants) : undefined; // before anything changes
    const unreleased = values.refused === true ? await release(opened.untaken, terminal) : 0;
    if (deps === undefined) return unreleased === 0 ? 0 : 1;

    const chosen: DeadLetterEntry[] = [];
    if (isAll) for await (const entry of opened.letters.list()) chosen.push(entry);
    else for (const name of operands) chosen.push(await theOne(opened.letters.list(), name));
    const count = { sent: 0, staying: 0 };
    const { errors } = await doEach(chosen, async (entry) => {
      if (terminal.stopping.aborted) return;
      await named(entry.name, terminal, async () => {
        const bytes = await opened.letters.read(entry.name);
        const position = positionOf(entry);
        const redriven = bytes && (await redrive({ name: entry.name, bytes, position }, deps));
        count.sent += 1;
        if (redriven === undefined) return; // somebody else has removed it meanwhile
        if (redriven.stays !== undefined) count.staying += 1;
        terminal.out(`${visible(entry.name).slice(0, 16)}  ${outcomeText(redriven)}\n`);
      });
    });
    const unsent = chosen.length - count.sent;
    const failures = unsent > 0 ? `; ${errors.length} failed, ${unsent - errors.length} not tried` : "";
    terminal.note(`${count.sent} dead letter(s) processed, ${count.staying} stay${failures}`);
    return count.staying + unsent + unreleased === 0 ? 0 : 1;
  },
});

/** @returns how many rows could not be released */
async function release(untaken: UntakenRows, terminal: Terminal): Promise<number> {
  const { done, errors } = await doEach(untaken.list(), (row) =>
    named(`incident ${row.incidentId}, revision ${row.revision}`, terminal, () => untaken.release(row)),
  );
  terminal.note(
    `${done} row(s) released: the app sends them again${errors.length > 0 ? `; ${errors.length} failed` : ""}`,
  );
  return errors.length;
}

/** Does the work. If it fails, says so with the name of the thing. */
async function named(what: string, terminal: Terminal, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    terminal.note(`${visible(what)} failed: ${failureText(error)}`);
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
    parts.length > 0 &&
      `${parts.length} part(s) became dead letters of their own: ${visible([...new Set(parts)].join("; "))}`,
    stays !== undefined && `stays: ${visible(stays)}`,
  ].filter((fate) => fate !== false);
  return fates.join(", ") || `${matched} record(s) whose findings an overlay excludes`;
}
