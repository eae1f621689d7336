import { Readable } from "node:stream";
import { parse } from "csv-parse";
import { UsageError } from "../../src/errors.ts";

/** One row of a CSV file, by the names in its header. */
export interface CsvRow {
  readonly columns: Readonly<Record<string, string>>;
  /** The line on which the row ends, counted from 1. */
  readonly line: number;
}

/** Columns of which a CSV file has at least one, if it holds audit records or something that people take for these. */
const KNOWN_COLUMN = /(^|[,"])(Date \(UTC\)|TimeGenerated( \[[^\]]*\])?|AuditData|RecordType|CreationTime)("|,|$)/;

/** Whether a file is CSV, by its name or by the header in its first bytes. JSON begins with a bracket. */
export function isCsv(file: string, head: Buffer): boolean {
  const [header = ""] = head
    .toString("utf8", 0, 16_384)
    .replace(/^\uFEFF/, "")
    .trimStart()
    .split(/\r?\n/, 1);
  if (/^[[{]/.test(header)) return false;
  return /\.csv(\.gz)?$/i.test(file) || KNOWN_COLUMN.test(header);
}

/**
 * The rows of a CSV file (RFC 4180) with a header.
 *
 * @throws {UsageError} for a file that is not CSV: it names the line
 */
export async function* csvRows(file: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<CsvRow> {
  const parser = parse({ bom: true, columns: true, info: true, relax_column_count_less: true, skip_empty_lines: true });
  const source = Readable.from(copies(chunks));
  source.on("error", (error) => parser.destroy(error));
  try {
    for await (const { record, info } of source.pipe(parser)) yield { columns: record, line: info.lines };
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || !String(error.code).startsWith("CSV_")) throw error;
    throw new UsageError(`${file}: not CSV: ${error.message}`, { cause: error });
  } finally {
    source.destroy();
  }
}

/** A chunk's memory is used again when the next is asked for, and the parser may still hold it by then. */
async function* copies(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk);
}
