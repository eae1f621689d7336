/** A column of a stream, as a data collection rule declares it. */
export interface StreamColumn {
  readonly name: string;
  /** string, int, long, real, boolean, dynamic or datetime; data collection rules know no other type. */
  readonly type: string;
}

/** A row as it is stored, and what the service would have changed silently. */
export interface CheckedRow {
  readonly row: Readonly<Record<string, unknown>>;
  /** Undeclared columns, which are dropped. */
  readonly dropped: readonly string[];
  /** Columns longer than 64 KB, which are cut. */
  readonly truncated: readonly string[];
}

/** A row that does not match its stream. */
export interface RowProblem {
  readonly problem: string;
}

/** "the maximum size for field values is 64 KB; longer ones are truncated" (UTF-8). */
// https://learn.microsoft.com/azure/azure-monitor/service-limits#logs-ingestion-api
const MAX_FIELD_BYTES = 64 * 1024;

const INT32 = { min: -(2 ** 31), max: 2 ** 31 - 1 };
const ISO_DATE_TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,7})?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** The values each type accepts; all accept null. A long may be text, since JSON numbers are exact only up to 2^53. */
const ACCEPTS: Readonly<Record<string, (value: unknown) => boolean>> = {
  string: (value) => typeof value === "string",
  int: (value) => typeof value === "number" && Number.isInteger(value) && value >= INT32.min && value <= INT32.max,
  long: (value) => Number.isSafeInteger(value) || (typeof value === "string" && /^-?\d{1,19}$/.test(value)),
  real: (value) => typeof value === "number",
  boolean: (value) => typeof value === "boolean",
  dynamic: () => true,
  datetime: (value) => typeof value === "string" && ISO_DATE_TIME.test(value) && !Number.isNaN(Date.parse(value)),
};

/** @throws {RangeError} if a column has a type that no data collection rule can declare */
export function checkColumns(columns: readonly StreamColumn[]): void {
  for (const { name, type } of columns) {
    if (ACCEPTS[type] === undefined) {
      throw new RangeError(`Column ${name}: type ${type} is not one of ${Object.keys(ACCEPTS).join(", ")}`);
    }
  }
}

/**
 * Checks one row against the columns of its stream.
 *
 * The real service converts values where it can. A value that needs conversion is a mistake of the sender, so this
 * stand-in refuses it and names the column.
 */
export function checkRow(
  row: Readonly<Record<string, unknown>>,
  columns: readonly StreamColumn[],
): CheckedRow | RowProblem {
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  const kept: [string, unknown][] = [];
  const dropped: string[] = [];
  const truncated: string[] = [];
  for (const [name, value] of Object.entries(row)) {
    const type = types.get(name);
    if (type === undefined) {
      dropped.push(name);
      continue;
    }
    if (value !== null && ACCEPTS[type]?.(value) !== true) {
      return { problem: `column ${name}: ${shown(value)} is not of type ${type}` };
    }
    const short = truncate(value);
    if (short !== value) truncated.push(name);
    kept.push([name, short]);
  }
  return { row: Object.fromEntries(kept), dropped, truncated };
}

function truncate(value: unknown): unknown {
  if (typeof value !== "string" && (typeof value !== "object" || value === null)) return value;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (Buffer.byteLength(text) <= MAX_FIELD_BYTES) return value;
  return new TextDecoder().decode(Buffer.from(text).subarray(0, MAX_FIELD_BYTES), { stream: true });
}

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
}
