import { counted } from "../../src/core/counted.ts";
import { readEventBody } from "../../src/core/event/event-body.ts";
import { withoutByteOrderMark } from "../../src/core/json/json-slices.ts";
import { jsonText } from "../../src/kql/run/dynamic-text.ts";
import { parseExactJson } from "../../src/kql/run/exact-json.ts";
import type { Json } from "../../src/kql/run/values.ts";
import { UsageError } from "../../src/errors.ts";
import type { Terminal } from "../terminal.ts";
import { visible } from "../../src/core/visible-text.ts";
import { csvRows, isCsv } from "./csv-rows.ts";
import { type EventBlock, type FileEvent, readEvents } from "./event-forms.ts";
import { formOf, type RecordForm } from "./foreign-records.ts";

/** A file in which no event has a form that pimwatch reads. */
export interface NotUnderstood {
  readonly file: string;
  readonly events: number;
  /** Of the first event. */
  readonly reason: string;
}

/**
 * The events of a file in the form of a diagnostic export, whatever form the file has (`foreign-records.ts`). Events of an
 * export are passed on byte for byte; so is an event that fits no form, for the app to decide.
 *
 * @param report called at the end of a file in which no event has a known form
 * @throws {UsageError} for a known form that holds no AuditLogs records: it names the form and the remedy
 */
export async function* exportEvents(
  file: string,
  chunks: AsyncGenerator<Buffer>,
  report: (file: NotUnderstood) => void,
): AsyncGenerator<EventBlock> {
  const first = await chunks.next();
  if (first.done !== true && isCsv(file, first.value)) {
    for await (const { columns, line } of csvRows(file, resumed(first.value, chunks))) {
      const where = `${file}:${line}`;
      const form = refusing(file, formOf(columns)) ?? unknownColumns(file, Object.keys(columns));
      if (form.kind === "converted") yield bodiesOf(form.records, where);
    }
    return;
  }
  const all = first.done === true ? chunks : resumed(first.value, chunks);
  let isExport = false;
  let isUnderstood = false;
  let events = 0;
  let reason: string | undefined;
  const converted = function* (block: EventBlock): Generator<FileEvent> {
    for (const event of block) {
      events += 1;
      const form = isExport ? undefined : refusing(file, formOf(parsed(event.body)));
      isExport ||= form?.kind === "export";
      isUnderstood ||= form !== undefined;
      if (form?.kind === "converted") {
        yield* bodiesOf(form.records, event.where);
      } else {
        if (!isUnderstood) reason ??= reasonOf(event);
        yield event;
      }
    }
  };
  for await (const block of readEvents(file, all)) yield isExport ? block : converted(block);
  if (!isUnderstood && reason !== undefined) report({ file, events, reason });
}

/** Notes each file of which nothing was understood on stderr; the command then ends with exit code 2. */
export function misreadFiles(terminal: Pick<Terminal, "note">) {
  let hasMisread = false;
  return {
    report(file: NotUnderstood): void {
      hasMisread = true;
      terminal.note(`pimwatch: ${visible(misreadText(file))}`);
    },
    exitCode: (otherwise: number): number => (hasMisread ? 2 : otherwise),
  };
}

/** For a person: which file, how many events, why, and what to do. */
export function misreadText({ file, events, reason }: NotUnderstood): string {
  return `${file}: none of its ${counted(events, "event")} was understood. ${reason}. ${REMEDY}`;
}

async function* resumed(first: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield first;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

function* bodiesOf(records: readonly Readonly<Record<string, Json>>[], where: string): Generator<FileEvent> {
  for (const record of records) yield { body: Buffer.from(jsonText(record)), where };
}

/** The JSON value of an event; where it is malformed but some of its records can be read, an export without records. */
function parsed(body: Uint8Array): Json {
  try {
    return parseExactJson(Buffer.from(withoutByteOrderMark(body)).toString());
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return readEventBody(body).records.length > 0 ? { records: [] } : null;
  }
}

const REMEDY =
  "pimwatch reads AuditLogs: as a diagnostic setting exports them, from Microsoft Graph (auditLogs/directoryAudits), as the " +
  "portal's audit log download, or as rows of the Log Analytics table AuditLogs";

function refusing(file: string, form: RecordForm | undefined): Exclude<RecordForm, { kind: "refused" }> | undefined {
  if (form?.kind === "refused")
    throw new UsageError(`${file}: holds ${form.name}, which pimwatch does not read. ${REMEDY}`);
  return form;
}

function unknownColumns(file: string, columns: readonly string[]): never {
  const named = columns.slice(0, 5).join(", ");
  throw new UsageError(`${file}: a CSV file with columns that are not those of audit logs (${named}, …). ${REMEDY}`);
}

function reasonOf({ body, where }: FileEvent): string {
  const { records, unreadable } = readEventBody(body);
  const [first] = records;
  if (first === undefined) return `${where}: ${unreadable[0]?.reason ?? "no records"}`;
  const members = Object.keys(first.record).slice(0, 5).join(", ");
  return `${where}: a JSON object without a category, with the members ${members}`;
}
