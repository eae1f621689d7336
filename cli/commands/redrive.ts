import { counted } from "../../src/core/counted.ts";
import { userInfo } from "node:os";
import { type DeadLetterEntry, type DeadLetters, isWaiting } from "../../src/azure/dead-letters.ts";
import type { UntakenRows } from "../../src/azure/incidents/incident-outbox.ts";
import { doEach } from "../../src/core/do-each.ts";
import { SINK_TITLES } from "../../src/core/incident/sinks.ts";
import { UsageError } from "../../src/errors.ts";
import { redrive, type RedriveDependencies, type Redriven } from "../../src/workflows/detection/redrive.ts";
import { command } from "../command.ts";
import { failureText } from "../errors/failure-text.ts";
import { STORAGE_OPTIONS } from "../deployment/storage-options.ts";
import type { Terminal } from "../terminal.ts";
import { visible } from "../../src/core/visible-text.ts";

export const redriveCommand = command({
  name: "redrive",
  summary: "After a fix, processes dead letters again or discards them, and releases refused rows to be sent again.",
  operands: "[options] [NAME...]",
  options: {
    ...STORAGE_OPTIONS,
    all: { type: "boolean", help: "all dead letters that are not discarded" },
    discard: {
      type: "string",
      value: "REASON",
      help: "do not process them: note that they need no more work, and why",
    },
    refused: {
      type: "boolean",
      help: `release the rows that ${SINK_TITLES.join(" or ")} did not accept; the app sends them again soon`,
    },
    tenants: {
      type: "string",
      value: "IDS",
      help: "Entra tenants whose records may make incidents, comma-separated, each as ID or ID=NAME; otherwise ALLOWED_TENANT_IDS",
    },
  },
  notes: `NAME is as \`pimwatch dead-letters\` shows it. The rules in this folder run on this machine. An incident that they find
is stored with its row in the outbox, and the app forwards it. A dead letter is removed only when each record in it
became an incident, matched no rule, or belongs to another category.

A record that killed the worker is processed like any other, and may kill this command. Nothing is lost if it does.

A discarded dead letter stays in storage with the reason, your user name and the time. It no longer counts, and stays
discarded if the same bytes are delivered again. \`pimwatch dead-letters --discarded\` lists it; \`redrive NAME\` processes
it after all.

A dead letter that fails does not hold up the others. It is named with the reason, and stays.`,
  exitCodes: {
    0: "none of the named dead letters stays, or all are discarded",
    1: "one stays, or could not be processed or discarded",
  },
  async run({ values, operands }, terminal) {
    const isAll = values.all === true;
    const { discard } = values;
    const namesLetters = isAll || operands.length > 0;
    if (isAll ? operands.length > 0 : !namesLetters && values.refused !== true)
      throw new UsageError("Give the NAMEs of dead letters, or --all, or --refused. See: pimwatch redrive --help");
    if (discard !== undefined && (values.refused === true || !namesLetters))
      throw new UsageError("--discard needs the NAMEs of dead letters, or --all, and cannot discard --refused rows");
    if (discard?.trim() === "") throw new UsageError("--discard needs a REASON, which is kept with the dead letter");
    const { openLetters, theOne } = await import("../deployment/letters.ts"); // the SDKs are loaded when first needed
    const { letters, untaken, detecting } = await openLetters(values, terminal);
    const deps = namesLetters && discard === undefined ? await detecting(values.tenants) : undefined; // before anything changes
    const unreleased = values.refused === true ? await release(untaken, terminal) : 0;
    const chosen: DeadLetterEntry[] = [];
    terminal.progress("Listing dead letters …");
    if (isAll) for await (const entry of letters.list()) if (isWaiting(entry)) chosen.push(entry);
    for (const name of operands) chosen.push(await theOne(letters.list(), name));
    const given = { chosen, letters, terminal };
    const left = discard !== undefined ? await discardEach(discard, given) : deps && (await redriveEach(deps, given));
    return unreleased + (left ?? 0) === 0 ? 0 : 1;
  },
});

interface Given {
  readonly chosen: readonly DeadLetterEntry[];
  readonly letters: DeadLetters;
  readonly terminal: Terminal;
}

/** @returns how many stay, or could not be processed */
async function redriveEach(deps: RedriveDependencies, { chosen, letters, terminal }: Given): Promise<number> {
  let staying = 0;
  const sent = await eachLetter(chosen, terminal, async (entry) => {
    const bytes = await letters.read(entry.name);
    const position = positionOf(entry);
    const redriven = bytes && (await redrive({ name: entry.name, bytes, position }, deps));
    if (redriven === undefined) return; // somebody else has removed it meanwhile
    if (redriven.stays !== undefined) staying += 1;
    terminal.out(`${visible(entry.name).slice(0, 16)}  ${outcomeText(redriven)}\n`);
  });
  terminal.note(
    `${counted(sent.done, "dead letter")} processed; ${counted(staying, "dead letter stays", "dead letters stay")}${sent.failures}`,
  );
  return staying + chosen.length - sent.done;
}

/** @returns how many could not be discarded */
async function discardEach(reason: string, { chosen, letters, terminal }: Given): Promise<number> {
  const { username } = userInfo();
  const sent = await eachLetter(chosen, terminal, async ({ name }) => {
    const isThere = await letters.discard(name, { reason, by: username, at: new Date() });
    terminal.out(`${visible(name).slice(0, 16)}  ${isThere ? "discarded" : "is gone: somebody has just removed it"}\n`);
  });
  terminal.note(
    `${counted(sent.done, "dead letter")} discarded by ${visible(username)}: ${visible(reason)}${sent.failures}`,
  );
  return chosen.length - sent.done;
}

/** Does the work on each. One that fails does not hold up the others. */
async function eachLetter(
  chosen: readonly DeadLetterEntry[],
  terminal: Terminal,
  work: (entry: DeadLetterEntry) => Promise<void>,
): Promise<{ readonly done: number; readonly failures: string }> {
  let done = 0;
  const { errors } = await doEach(chosen, async (entry) => {
    if (terminal.stopping.aborted) return;
    terminal.progress(`${done} of ${counted(chosen.length, "dead letter")} done …`);
    await named(entry.name, terminal, () => work(entry));
    done += 1;
  });
  const undone = chosen.length - done;
  return {
    done,
    failures:
      undone > 0
        ? `; ${counted(errors.length, "dead letter")} failed, ${counted(undone - errors.length, "dead letter")} not tried`
        : "",
  };
}

/** @returns how many rows could not be released */
async function release(untaken: UntakenRows, terminal: Terminal): Promise<number> {
  terminal.progress("Releasing rows …");
  const { done, errors } = await doEach(untaken.list(), (row) =>
    named(`incident ${row.incidentId}, revision ${row.revision}`, terminal, () => untaken.release(row)),
  );
  terminal.note(
    `${counted(done, "row")} released: the app sends them again${errors.length > 0 ? `; ${counted(errors.length, "row")} failed` : ""}`,
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
    stored > 0 && counted(stored, "new incident"),
    known > 0 && counted(known, "known incident"),
    notMatched > 0 && `${counted(notMatched, "record")} without a match`,
    otherCategory > 0 && `${counted(otherCategory, "record")} of other categories`,
    parts.length > 0 &&
      `${counted(parts.length, "part")} set aside as dead letters of their own: ${visible([...new Set(parts)].join("; "))}`,
    stays !== undefined && `stays: ${visible(stays)}`,
  ].filter((fate) => fate !== false);
  return fates.join(", ") || `${counted(matched, "record")} whose findings an overlay excludes`;
}
