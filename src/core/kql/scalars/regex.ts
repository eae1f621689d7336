import { convert, toText } from "../conversion.ts";
import { CallProblem, type Call, type Compute, type FunctionTable } from "../evaluation.ts";
import { isArray } from "../dynamic-text.ts";
import { asText } from "../operand.ts";
import { compileRegex, type Match, type Regex } from "../rust-regex.ts";
import type { Json } from "../values.ts";
import { constantOf, operand, scalar } from "./binding.ts";
import { joined, whole } from "./text.ts";

function constantRegex(call: Call, position: number): Regex {
  return compileRegex(toText(constantOf(call, position), "string"));
}

export const REGEX: FunctionTable = {
  extract: scalar("extract(regex, group, source [, typeof(T)])", "extract-function", (call) => {
    const regex = constantRegex(call, 0);
    const group = Number(constantOf(call, 1));
    const source = asText(operand(call, 2));
    const nothing = call.type === "string" ? "" : null;
    return (row) => {
      const match = regex.first(source(row));
      return match === undefined ? nothing : convert(groupOf(match, group), "string", call.type);
    };
  }),
  extract_all: scalar("extract_all(regex [, groups], source)", "extract-all-function", (call) => {
    const regex = constantRegex(call, 0);
    const groups = call.operands.length > 2 ? chosenGroups(call, regex) : allGroups(regex);
    if (groups.length === 0) throw new CallProblem("extract_all: the regular expression must have a capturing group");
    const source = asText(operand(call, call.operands.length - 1));
    return (row): Json => {
      const matches = regex.all(source(row));
      if (matches.length === 0) return null;
      const [only] = groups;
      return groups.length === 1 && only !== undefined
        ? matches.map((match) => groupOf(match, only))
        : matches.map((match) => groups.map((group) => groupOf(match, group)));
    };
  }),
  replace_regex: scalar("replace_regex(source, regex, rewrite)", "replace-regex-function", (call) =>
    replace(call, 0, 1, 2),
  ),
  replace: scalar("replace(regex, rewrite, source)", "replace-regex-function", (call) => replace(call, 2, 0, 1)),
  countof: scalar("countof(source, search [, kind])", "countof-function", (call) => {
    const [source, search] = [asText(operand(call, 0)), asText(operand(call, 1))];
    const kind = call.operands.length > 2 ? toText(constantOf(call, 2), "string") : "normal";
    if (kind === "regex") {
      const regex = constantRegex(call, 1);
      return (row) => whole(call, regex.all(source(row)).length);
    }
    return (row) => whole(call, occurrences(source(row), search(row)));
  }),
  regex_quote: scalar("regex_quote(text)", "regex-quote-function", (call) => {
    const source = asText(operand(call, 0));
    return (row) => source(row).replaceAll(/[\\^$.|?*+()[\]{}#&~ -]/g, String.raw`\$&`);
  }),
  trim: scalar("trim(regex, source)", "trim-function", (call) => trim(call, true, true)),
  trim_start: scalar("trim_start(regex, source)", "trim-start-function", (call) => trim(call, true, false)),
  trim_end: scalar("trim_end(regex, source)", "trim-end-function", (call) => trim(call, false, true)),
};

/** `\\1` to `\\9` are groups, `\\0` all of the match, `\\\\` a backslash. */
function expand(template: string, match: Match | undefined): string {
  return template.replaceAll(/\\([0-9\\])/g, (_, digit: string) => {
    if (digit === "\\") return "\\";
    return match === undefined ? "" : groupOf(match, Number(digit));
  });
}

/** Plain text is counted wherever it begins, so that occurrences may overlap. */
function occurrences(text: string, wanted: string): number {
  if (wanted === "") return 0;
  let count = 0;
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) count += 1;
  return count;
}

/** Group 0 is the whole match. */
function groupOf({ value, groups }: Match, group: number): string {
  return group === 0 ? value : (groups[group - 1] ?? "");
}

function allGroups({ groupCount }: Regex): number[] {
  return Array.from({ length: groupCount }, (_, index) => index + 1);
}

/** Groups by number or by name. */
function chosenGroups(call: Call, { names }: Regex): number[] {
  const chosen = constantOf(call, 1);
  if (!isArray(chosen)) throw new CallProblem("extract_all: the groups must be an array");
  return chosen.map((each) => {
    const group = typeof each === "number" ? each : names.get(toText(each, "dynamic"));
    if (group === undefined)
      throw new CallProblem(`extract_all: the regular expression has no group ${toText(each, "dynamic")}`);
    return group;
  });
}

function replace(call: Call, sourceAt: number, regexAt: number, rewriteAt: number): Compute {
  const regex = constantRegex(call, regexAt);
  const [source, rewrite] = [asText(operand(call, sourceAt)), asText(operand(call, rewriteAt))];
  return (row) => {
    const { pieces, matches } = regex.pieces(source(row));
    const template = rewrite(row);
    const parts = pieces.flatMap((piece, index) => [
      piece,
      index < matches.length ? expand(template, matches[index]) : "",
    ]);
    return joined(call.evaluation, parts);
  };
}

const LITERAL = /^[^\\^$.|?*+()[\]{}]+$/;

/** Takes off every match at the ends. Plain text, as in `trim('"', x)`, needs no regular expression. */
function trim(call: Call, atStart: boolean, atEnd: boolean): Compute {
  const pattern = toText(constantOf(call, 0), "string");
  const source = asText(operand(call, 1));
  if (LITERAL.test(pattern)) {
    return (row) => {
      const text = source(row);
      const from = atStart ? leading(text, pattern) : 0;
      const to = atEnd ? trailing(text, pattern, from) : text.length;
      return text.slice(from, to);
    };
  }
  const start = compileRegex(`^(?:${pattern})+`);
  const end = compileRegex(`(?:${pattern})+$`);
  return (row) => {
    const text = source(row);
    const rest = atStart ? text.slice(start.first(text)?.value.length ?? 0) : text;
    const tail = atEnd ? (end.first(rest)?.value.length ?? 0) : 0;
    return rest.slice(0, rest.length - tail);
  };
}

/** Where the first character stands that no repetition of `pattern` at the start covers. */
function leading(text: string, pattern: string): number {
  let from = 0;
  while (text.startsWith(pattern, from)) from += pattern.length;
  return from;
}

/** Behind the last character that no repetition of `pattern` at the end covers; never before `from`. */
function trailing(text: string, pattern: string, from: number): number {
  let to = text.length;
  while (to - pattern.length >= from && text.endsWith(pattern, to)) to -= pattern.length;
  return to;
}
