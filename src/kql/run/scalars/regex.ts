import { convert, toText } from "../conversion.ts";
import { CallProblem, type Call, type Compute, type FunctionTable } from "../evaluation.ts";
import { isArray } from "../dynamic-text.ts";
import { someOccurrence } from "../find-text.ts";
import { asLong, asText } from "../operand.ts";
import { compileRegex, withoutVerboseMode, type Regex } from "../rust-regex.ts";
import type { Json, Value } from "../values.ts";
import { constantOf, operand, priced, scalar } from "./binding.ts";
import { joined, whole } from "./text.ts";

function constantRegex(call: Call, position: number): Regex {
  return compileRegex(toText(constantOf(call, position), "string"), call.evaluation);
}

export const REGEX: FunctionTable = {
  extract: scalar("extract(regex, group, source [, typeof(T)])", (call) => {
    const regex = constantRegex(call, 0);
    const given = constantOf(call, 1) ?? 0n;
    if (typeof given !== "bigint" && typeof given !== "number")
      throw new CallProblem("extract: the second argument must be the number of a group");
    const group = Number(given);
    const source = asText(operand(call, 2));
    const nothing = call.type === "string" ? "" : null;
    return (row) => {
      const match = regex.first(source(row));
      return match === undefined ? nothing : convert(match(group), "string", call.type);
    };
  }),
  extract_all: scalar("extract_all(regex [, groups], source)", (call) => {
    const regex = constantRegex(call, 0);
    const groups = call.operands.length > 2 ? chosenGroups(call, regex) : allGroups(regex);
    if (groups.length === 0) throw new CallProblem("extract_all: the regular expression must have a capturing group");
    const source = asText(operand(call, call.operands.length - 1));
    return (row): Json => {
      const { count, group } = regex.all(source(row));
      if (count === 0) return null;
      const [only] = groups;
      return Array.from({ length: count }, (_, match) =>
        groups.length === 1 && only !== undefined ? group(match, only) : groups.map((each) => group(match, each)),
      );
    };
  }),
  replace_regex: scalar("replace_regex(source, regex, rewrite)", (call) => replace(call, 0, 1, 2)),
  replace: scalar("replace(regex, rewrite, source)", (call) => replace(call, 2, 0, 1)),
  countof: scalar("countof(source, search [, kind])", (call) => {
    const [source, search] = [asText(operand(call, 0)), asText(operand(call, 1))];
    const kind = call.operands.length > 2 ? toText(constantOf(call, 2), "string") : "normal";
    if (kind === "regex") {
      const regex = constantRegex(call, 1);
      return (row) => whole(call, regex.count(source(row)));
    }
    return (row) => whole(call, occurrences(source(row), search(row)));
  }),
  indexof_regex: scalar("indexof_regex(text, regex [, start [, length [, occurrence]]])", indexOfRegex),
  regex_quote: priced(
    { character: 120 },
    scalar("regex_quote(text)", (call) => {
      const source = asText(operand(call, 0));
      return (row) => source(row).replaceAll(/[\\^$.|?*+()[\]{}#&~ -]/g, String.raw`\$&`);
    }),
  ),
  trim: scalar("trim(regex, source)", (call) => trim(call, true, true)),
  trim_start: scalar("trim_start(regex, source)", (call) => trim(call, true, false)),
  trim_end: scalar("trim_end(regex, source)", (call) => trim(call, false, true)),
};

/** `\\1` to `\\9` are groups, `\\0` is the whole match, `\\\\` a backslash. */
function readTemplate(template: string): (string | number)[] {
  const parts = template.match(/\\[0-9\\]|\\|[^\\]+/g) ?? [];
  return parts.map((part) => (/^\\\d$/.test(part) ? Number(part.charAt(1)) : part.replace("\\\\", "\\")));
}

/** Counts plain text at every place where it begins, so occurrences can overlap. */
function occurrences(text: string, wanted: string): number {
  let count = 0;
  if (wanted === "") return count;
  someOccurrence(text, wanted, () => {
    count += 1;
    return false;
  });
  return count;
}

function allGroups({ groupCount }: Regex): number[] {
  return Array.from({ length: groupCount }, (_, index) => index + 1);
}

/** The groups that the call chooses, by number or name. */
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

/** The place where a match begins within `length` characters from `start`. No match gives -1, a negative argument null. */
function indexOfRegex(call: Call): Compute {
  const source = asText(operand(call, 0));
  const regex = constantRegex(call, 1);
  const option = (position: number, otherwise: bigint) =>
    call.operands[position] ? asLong(operand(call, position)) : () => otherwise;
  const [start, length, occurrence] = [option(2, 0n), option(3, -1n), option(4, 1n)];
  return (row): Value => {
    const [from, limit, nth] = [start(row), length(row), occurrence(row)].map((each) => Number(each ?? Number.NaN));
    if (from === undefined || limit === undefined || nth === undefined) return null;
    if (!(from >= 0 && limit >= -1 && nth >= 1)) return null;
    const text = source(row).slice(from, limit < 0 ? undefined : from + limit);
    const { count, before, group } = regex.all(text);
    if (nth > count) return whole(call, -1);
    let at = from + before(0).length;
    for (let match = 1; match < nth; match += 1) at += group(match - 1, 0).length + before(match).length;
    return whole(call, at);
  };
}

/** For each part of a rewrite and each match. */
const PART_PRICE = 200;

function replace(call: Call, sourceAt: number, regexAt: number, rewriteAt: number): Compute {
  const regex = constantRegex(call, regexAt);
  const [source, rewrite] = [asText(operand(call, sourceAt)), asText(operand(call, rewriteAt))];
  return (row) => {
    const { count, group, before } = regex.all(source(row));
    const template = readTemplate(rewrite(row));
    call.evaluation.chargeWork((1 + count) * template.length * PART_PRICE);
    const parts: string[] = [];
    for (let match = 0; match < count; match += 1) {
      parts.push(before(match));
      for (const part of template) parts.push(typeof part === "number" ? group(match, part) : part);
    }
    parts.push(before(count));
    return joined(call.evaluation, parts);
  };
}

const LITERAL = /^[^\\^$.|?*+()[\]{}]+$/;

/** Removes all matches at the ends. Plain text, as in `trim('"', x)`, needs no regular expression. */
function trim(call: Call, atStart: boolean, atEnd: boolean): Compute {
  const pattern = withoutVerboseMode(toText(constantOf(call, 0), "string"));
  const source = asText(operand(call, 1));
  if (LITERAL.test(pattern)) {
    return (row) => {
      const text = source(row);
      const from = atStart ? leading(text, pattern) : 0;
      const to = atEnd ? trailing(text, pattern, from) : text.length;
      return text.slice(from, to);
    };
  }
  const start = compileRegex(`^(?:${pattern})+`, call.evaluation);
  const end = compileRegex(`(?:${pattern})+$`, call.evaluation);
  return (row) => {
    const text = source(row);
    const rest = atStart ? text.slice(start.first(text)?.(0).length ?? 0) : text;
    const tail = atEnd ? (end.first(rest)?.(0).length ?? 0) : 0;
    return rest.slice(0, rest.length - tail);
  };
}

/** Index after all repetitions of `pattern` at the start. */
function leading(text: string, pattern: string): number {
  let from = 0;
  while (text.startsWith(pattern, from)) from += pattern.length;
  return from;
}

/** Index before all repetitions of `pattern` at the end; not less than `from`. */
function trailing(text: string, pattern: string, from: number): number {
  let to = text.length;
  while (to - pattern.length >= from && text.endsWith(pattern, to)) to -= pattern.length;
  return to;
}
