import { parse } from "csv-parse/sync";
import { convert } from "../../run/conversion.ts";
import { isArray, isBag, readJson } from "../../run/dynamic-text.ts";
import type { Column, Json, Row, ScalarType, Value } from "../../run/values.ts";

/** Most rows of a list: every instance of the app holds them. */
export const MAX_LIST_ROWS = 100_000;

/** The characters between values, for each format with separated values. */
const SEPARATORS: Readonly<Record<string, string>> = { csv: ",", tsv: "\t", psv: "|", scsv: ";", sohsv: "\u0001" };

/** How a list is read: its columns and the properties that `with (…)` gives. */
export interface ListForm {
  readonly columns: readonly Column[];
  readonly format: string;
  readonly ignoreFirstRecord: boolean;
}

/**
 * The rows of a list's text; a problem if it is not in the format. A value that is missing or of another type is null, as in
 * Kusto, and values beyond the columns are left out.
 *
 * @see https://learn.microsoft.com/azure/data-explorer/ingestion-supported-formats
 */
export function readList(
  text: string,
  form: ListForm,
): { readonly rows: readonly Row[] } | { readonly problem: string } {
  const read = FORMATS[form.format];
  if (read === undefined)
    return { problem: `format "${form.format}" is not supported: use one of ${LIST_FORMATS.join(", ")}` };
  const rows = read(text, form);
  if (rows === undefined) return { problem: `it is not ${form.format}` };
  if (rows.length > MAX_LIST_ROWS)
    return { problem: `it has ${rows.length} rows; a list has at most ${MAX_LIST_ROWS}` };
  return { rows };
}

type ReadFormat = (text: string, form: ListForm) => readonly Row[] | undefined;

const FORMATS: Readonly<Record<string, ReadFormat>> = {
  ...Object.fromEntries(Object.entries(SEPARATORS).map(([name, separator]) => [name, separated(separator)])),
  txt: (text, form) => texts(lines(text), form),
  raw: (text, form) => texts([text], form),
  json,
  multijson: json,
};

export const LIST_FORMATS: readonly string[] = Object.keys(FORMATS);

function separated(delimiter: string): ReadFormat {
  return (text, { columns, ignoreFirstRecord }) => {
    const records = csvRecords(text, delimiter);
    return records
      ?.slice(ignoreFirstRecord ? 1 : 0)
      .map((record) => columns.map(({ type }, index) => cell(record[index] ?? "", type)));
  };
}

function csvRecords(text: string, delimiter: string): readonly string[][] | undefined {
  try {
    return parse(text, { delimiter, relax_column_count: true, skip_empty_lines: true });
  } catch {
    return undefined; // the parser's own messages name its options
  }
}

function texts(records: readonly string[], { columns, ignoreFirstRecord }: ListForm): readonly Row[] {
  return records
    .slice(ignoreFirstRecord ? 1 : 0)
    .map((record) => columns.map(({ type }, index) => cell(index === 0 ? record : "", type)));
}

function lines(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line !== "");
}

/** Bags one after another, each on lines of its own, or in one array. Their properties become the columns of the same names. */
function json(text: string, { columns }: ListForm): readonly Row[] | undefined {
  const whole = readJson(text);
  const values = whole === undefined ? lines(text).map(readJson) : isArray(whole) ? whole : [whole];
  const rows = values.map((value) => (value === undefined || !isBag(value) ? undefined : rowOf(value, columns)));
  return rows.every((row) => row !== undefined) ? rows : undefined;
}

function rowOf(bag: Readonly<Record<string, Json>>, columns: readonly Column[]): Row {
  return columns.map(({ name, type }) =>
    convert(Object.hasOwn(bag, name) ? (bag[name] ?? null) : null, "dynamic", type),
  );
}

/** A dynamic value is JSON, or else text. */
function cell(text: string, type: ScalarType): Value {
  return type === "dynamic" ? (readJson(text) ?? text) : convert(text, "string", type);
}
