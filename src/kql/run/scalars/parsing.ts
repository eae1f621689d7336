import { toText } from "../conversion.ts";
import { CallProblem, type FunctionTable } from "../evaluation.ts";
import { asText } from "../operand.ts";
import { parseDecimal } from "../decimal.ts";
import type { Json, Value } from "../values.ts";
import { constantOf, operand, scalar } from "./binding.ts";

function ofText(form: string, compute: (text: string) => Value) {
  return scalar(form, (call) => {
    if (call.operands.length !== 1) throw new CallProblem(`${call.name} takes one argument`);
    const text = asText(operand(call, 0));
    return (row) => compute(text(row));
  });
}

/** Parsers of structured texts. */
export const PARSING: FunctionTable = {
  parse_csv: ofText("parse_csv(text)", parseCsv),
  parse_command_line: scalar("parse_command_line(text, 'windows')", (call) => {
    if (toText(constantOf(call, 1), "string").toLowerCase() !== "windows") {
      throw new CallProblem('parse_command_line: Kusto has only the parser "windows"');
    }
    const text = asText(operand(call, 0));
    return (row): Json => commandLine(text(row));
  }),
  parse_path: ofText("parse_path(path)", parsePath),
  parse_version: ofText("parse_version(version)", parseVersion),
};

/**
 * Splits a command line as CommandLineToArgvW does: `2n` backslashes before a quote are `n`, one more makes the quote
 * literal, and the first argument, the program, has no escapes.
 *
 * @see https://learn.microsoft.com/windows/win32/api/shellapi/nf-shellapi-commandlinetoargvw
 */
function commandLine(text: string): Json {
  const source = text.trim();
  if (source === "") return null;
  const program = /^(?:"([^"]*)"?|(\S*))/.exec(source);
  return [program?.[1] ?? program?.[2] ?? "", ...argumentsIn(source.slice(program?.[0].length ?? 0))];
}

/** A quote with the backslashes before it, whitespace, or any other run. */
const PIECE = /(\\*)"|\s+|\\+|[^\s"\\]+/gy;

function argumentsIn(text: string): string[] {
  const found: string[] = [];
  let current: string | undefined;
  let isQuoted = false;
  for (const { 0: piece, 1: slashes } of text.matchAll(PIECE)) {
    if (slashes !== undefined) {
      const isLiteral = slashes.length % 2 === 1;
      current = (current ?? "") + "\\".repeat(Math.floor(slashes.length / 2)) + (isLiteral ? '"' : "");
      isQuoted = isLiteral ? isQuoted : !isQuoted;
    } else if (isQuoted || !/^\s/.test(piece)) {
      current = (current ?? "") + piece;
    } else if (current !== undefined) {
      found.push(current);
      current = undefined;
    }
  }
  return current === undefined ? found : [...found, current];
}

/** The values of the first record. A quoted value can contain commas, line breaks and doubled quotes. */
function parseCsv(text: string): Json {
  const values: string[] = [];
  for (let at = 0; ;) {
    const close = text.charAt(at) === '"' ? closingQuote(text, at + 1) : -1;
    const quoted = close < 0 ? "" : text.slice(at + 1, close).replaceAll('""', '"');
    const end = endOfValue(text, close < 0 ? at : close + 1);
    values.push(quoted + text.slice(close < 0 ? at : close + 1, end));
    if (text.charAt(end) !== ",") return values;
    at = end + 1;
  }
}

/** Index of the quote that ends a value, doubled quotes being part of it; if there is none, of the last doubled quote, or -1. */
function closingQuote(text: string, from: number): number {
  let pair = -1;
  let at = text.indexOf('"', from);
  while (at >= 0 && text.charAt(at + 1) === '"') {
    pair = at;
    at = text.indexOf('"', at + 2);
  }
  return at < 0 ? pair : at;
}

function endOfValue(text: string, from: number): number {
  const end = /[,\r\n]|$/g;
  end.lastIndex = from;
  return end.exec(text)?.index ?? text.length;
}

const PATH = /^(?:([A-Za-z][A-Za-z0-9+.-]+):\/\/)?(?:\\\\\?\\)?(([A-Za-z]:)?.*)$/s;

/** Missing parts are "". */
function parsePath(text: string): Json {
  const [, scheme = "", path = "", root = ""] = PATH.exec(text) ?? [];
  const split = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  const directory = path.slice(0, Math.max(0, split));
  const [file = "", ...streams] = path.slice(split + 1).split(":");
  const parent = Math.max(directory.lastIndexOf("/"), directory.lastIndexOf("\\"));
  return {
    Scheme: scheme,
    RootPath: root,
    DirectoryPath: directory,
    DirectoryName: directory.slice(parent + 1),
    Filename: file,
    Extension: file.includes(".") ? file.slice(file.lastIndexOf(".") + 1) : "",
    AlternateDataStreamName: streams.join(":"),
  };
}

/** One to four numbers of up to eight digits; missing ones are 0. They become the digits of one comparable decimal. */
const VERSION = /^\d{1,8}(?:\.\d{1,8}){0,3}$/;

function parseVersion(text: string): bigint | null {
  if (!VERSION.test(text)) return null;
  const parts = [...text.split("."), "0", "0", "0"].slice(0, 4);
  return parseDecimal(parts.map((part) => part.padStart(8, "0")).join(""));
}
