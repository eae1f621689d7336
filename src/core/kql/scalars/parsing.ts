import { toText } from "../conversion.ts";
import { CallProblem, type FunctionTable } from "../evaluation.ts";
import { asText } from "../operand.ts";
import type { Json } from "../values.ts";
import { constantOf, operand, scalar } from "./binding.ts";

function ofText(form: string, page: string, compute: (text: string) => Json) {
  return scalar(form, page, (call) => {
    if (call.operands.length !== 1) throw new CallProblem(`${call.name} takes one argument`);
    const text = asText(operand(call, 0));
    return (row) => compute(text(row));
  });
}

/** Texts with a structure of their own. */
export const PARSING: FunctionTable = {
  parse_csv: ofText("parse_csv(text)", "parse-csv-function", parseCsv),
  parse_command_line: scalar("parse_command_line(text, 'windows')", "parse-command-line-function", (call) => {
    if (toText(constantOf(call, 1), "string").toLowerCase() !== "windows") {
      throw new CallProblem('parse_command_line: "windows" is the only parser that Kusto has');
    }
    const text = asText(operand(call, 0));
    return (row): Json => commandLine(text(row));
  }),
  parse_path: ofText("parse_path(path)", "parse-path-function", parsePath),
};

/**
 * The arguments as CommandLineToArgvW sees them: `2n` backslashes before a quote are `n`, an odd one makes the quote
 * literal, and the first argument, the program, has no escapes.
 *
 * @see https://learn.microsoft.com/windows/win32/api/shellapi/nf-shellapi-commandlinetoargvw
 */
function commandLine(text: string): Json {
  const source = text.trim();
  if (source === "") return null;
  const program = /^(?:"([^"]*)"?|(\S*))/.exec(source);
  const rest = source.slice(program?.[0].length ?? 0);
  const args = [...rest.matchAll(/(?:[^\s"\\]|\\+"?|"(?:[^"\\]|\\+"?)*"?)+/g)].map(([argument]) => unquoted(argument));
  return [program?.[1] ?? program?.[2] ?? "", ...args];
}

function unquoted(argument: string): string {
  return argument.replaceAll(/(\\*)"/g, (_, slashes: string) => {
    return "\\".repeat(Math.floor(slashes.length / 2)) + (slashes.length % 2 === 1 ? '"' : "");
  });
}

/** The values of the first record; a quoted value may hold commas, line breaks and doubled quotes. */
function parseCsv(text: string): Json {
  const values: string[] = [];
  const value = /"((?:[^"]|"")*)"([^,\r\n]*)|([^,\r\n]*)/y;
  for (let at = 0; ;) {
    value.lastIndex = at;
    const found = value.exec(text);
    values.push(found?.[1] === undefined ? (found?.[3] ?? "") : found[1].replaceAll('""', '"') + (found[2] ?? ""));
    at = value.lastIndex;
    if (text.charAt(at) !== ",") return values;
    at += 1;
  }
}

const PATH = /^(?:([A-Za-z][A-Za-z0-9+.-]+):\/\/)?(?:\\\\\?\\)?(([A-Za-z]:)?.*)$/s;

/** What is missing is "". */
function parsePath(text: string): Json {
  const [, scheme = "", path = "", root = ""] = PATH.exec(text) ?? [];
  const split = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  const directory = path.slice(0, Math.max(0, split));
  const [file = "", ...streams] = path.slice(split + 1).split(":");
  const names = directory.split(/[/\\]/);
  return {
    Scheme: scheme,
    RootPath: root,
    DirectoryPath: directory,
    DirectoryName: names.at(-1) ?? "",
    Filename: file,
    Extension: file.includes(".") ? file.slice(file.lastIndexOf(".") + 1) : "",
    AlternateDataStreamName: streams.join(":"),
  };
}
