import { toText } from "../conversion.ts";
import type { Call, Compute, Evaluation, FunctionTable } from "../evaluation.ts";
import { asArray, asLong, asReal, asText, type Read } from "../operand.ts";
import { someOccurrence, splitText } from "../find-text.ts";
import { chargeValue, reserve } from "../metering.ts";
import { invariantLower, isAscii, ordinalUpper } from "../ordinal-text.ts";
import type { Json, Row, Value } from "../values.ts";
import { operand, priced, scalar } from "./binding.ts";

/** Joins texts. @throws {EvaluationLimitError} if the result would exceed the limits */
export function joined(evaluation: Evaluation, parts: readonly string[], delimiter = ""): string {
  const length = parts.reduce((sum, part) => sum + part.length, 0) + delimiter.length * Math.max(0, parts.length - 1);
  reserve(length, evaluation);
  return parts.join(delimiter);
}

function ofText(form: string, compute: (text: string) => Value) {
  return scalar(form, (call) => {
    const text = asText(operand(call, 0));
    return (row) => compute(text(row));
  });
}

/** A whole number in the call's type. */
export function whole(call: Call, value: number): Value {
  return call.type === "long" ? BigInt(value) : value;
}

function pieces(call: Call, from: number): (row: Row) => string[] {
  const texts = call.operands.slice(from).map(asText);
  return (row) => texts.map((text) => text(row));
}

export const TEXT: FunctionTable = {
  split: priced(
    { character: 60 },
    scalar("split(source, delimiter [, index])", (call) => {
      const [source, delimiter] = [asText(operand(call, 0)), asText(operand(call, 1))];
      const divide: Read<readonly Json[]> = (row) => {
        const separator = delimiter(row);
        return separator === "" ? [source(row)] : splitText(source(row), separator);
      };
      if (call.operands.length < 3) return divide;
      const requested = asLong(operand(call, 2));
      return (row) => {
        const index = requested(row);
        const part = index === null || index < 0n ? undefined : divide(row)[Number(index)];
        return part === undefined ? [] : [part];
      };
    }),
  ),
  tolower: ofText("tolower(source)", invariantLower),
  toupper: ofText("toupper(source)", ordinalUpper),
  strlen: scalar("strlen(source)", (call) => {
    const text = asText(operand(call, 0));
    return (row) => whole(call, codePoints(text(row)));
  }),
  string_size: scalar("string_size(source)", (call) => {
    const text = asText(operand(call, 0));
    return (row) => whole(call, new TextEncoder().encode(text(row)).length);
  }),
  reverse: priced(
    { character: 200 },
    ofText("reverse(source)", (text) => Array.from(text).toReversed().join("")),
  ),
  strcat: scalar("strcat(a, …)", (call) => {
    const all = pieces(call, 0);
    return (row) => joined(call.evaluation, all(row));
  }),
  strcat_delim: scalar("strcat_delim(delimiter, a, b, …)", (call) => {
    const [delimiter, all] = [asText(operand(call, 0)), pieces(call, 1)];
    return (row) => joined(call.evaluation, all(row), delimiter(row));
  }),
  strcat_array: scalar("strcat_array(array, delimiter)", (call) => {
    const [array, delimiter] = [asArray(operand(call, 0)), asText(operand(call, 1))];
    return (row) => {
      const parts = (array(row) ?? []).map((each) => toText(each, "dynamic"));
      return joined(call.evaluation, parts, delimiter(row));
    };
  }),
  strrep: scalar("strrep(value, multiplier [, delimiter])", (call) => {
    const [value, times] = [asText(operand(call, 0)), asLong(operand(call, 1))];
    const delimiter = call.operands[2] ? asText(operand(call, 2)) : () => "";
    return (row) => {
      const count = Math.min(1024, Math.max(0, Number(times(row) ?? 0n)));
      const text = value(row);
      return joined(
        call.evaluation,
        Array.from({ length: count }, () => text),
        delimiter(row),
      );
    };
  }),
  substring: scalar("substring(source, start [, length])", (call) => {
    const [source, start] = [asText(operand(call, 0)), asLong(operand(call, 1))];
    const length = call.operands[2] ? asLong(operand(call, 2)) : undefined;
    return (row) => {
      const text = source(row);
      const offset = Number(start(row) ?? 0n);
      const from = offset < 0 ? Math.max(0, text.length + offset) : offset;
      const count = length ? Number(length(row) ?? 0n) : text.length;
      return text.slice(from, from + Math.max(0, count));
    };
  }),
  indexof: scalar("indexof(source, lookup [, start [, length [, occurrence]]])", indexOf),
  replace_string: scalar("replace_string(text, lookup, rewrite)", (call) => {
    const [source, lookup, rewrite] = [asText(operand(call, 0)), asText(operand(call, 1)), asText(operand(call, 2))];
    return (row) => {
      const [text, wanted] = [source(row), lookup(row)];
      return wanted === "" ? text : joined(call.evaluation, splitText(text, wanted), rewrite(row));
    };
  }),
  replace_strings: priced({ character: 100 }, scalar("replace_strings(text, lookups, rewrites)", replaceStrings)),
  translate: priced(
    { character: 400 },
    scalar("translate(searchList, replacementList, source)", (call) => {
      const [search, replacement, source] = [
        asText(operand(call, 0)),
        asText(operand(call, 1)),
        asText(operand(call, 2)),
      ];
      return (row) => {
        const to = Array.from(replacement(row));
        const pairs = Array.from(search(row), (character, index): [string, string] => [
          character,
          to[Math.min(index, to.length - 1)] ?? "",
        ]);
        // If a character is listed twice, its first entry counts.
        const map = new Map(pairs.toReversed());
        let translated = "";
        for (const character of source(row)) translated += map.get(character) ?? character;
        return translated;
      };
    }),
  ),
  strcmp: scalar("strcmp(a, b)", (call) => {
    const [left, right] = [asText(operand(call, 0)), asText(operand(call, 1))];
    return (row) => {
      const [a, b] = [left(row), right(row)];
      return whole(call, a < b ? -1 : Number(a > b));
    };
  }),
  format_bytes: scalar("format_bytes(size [, precision [, units]])", (call) => {
    const size = asReal(operand(call, 0));
    const precision = call.operands[1] ? asLong(operand(call, 1)) : () => 0n;
    const units = call.operands[2] ? asText(operand(call, 2)) : () => "";
    return (row) => {
      const [bytes, digits] = [size(row), precision(row)];
      return bytes === null || digits === null ? "" : formatBytes(bytes, Number(digits), units(row));
    };
  }),
  isascii: ofText("isascii(value)", isAscii),
};

/** A part of a text in which no look-up has matched yet. */
interface Unmatched {
  readonly start: number;
  readonly text: string;
}

/** For each unmatched part that a look-up searches, and for each match. */
const PART_PRICE = 500;

/**
 * Matches do not overlap, and an earlier look-up takes precedence wherever it matches. A look-up that is not a string is
 * ignored. Where the rewrite is not one, the match stays as it is.
 */
function replaceStrings(call: Call): Compute {
  const [source, lookups, rewrites] = [asText(operand(call, 0)), asArray(operand(call, 1)), asArray(operand(call, 2))];
  return (row) => {
    const [text, replacements] = [source(row), rewrites(row) ?? []];
    let unmatched: readonly Unmatched[] = [{ start: 0, text }];
    /** What the result has in place of each character of the text, written at the beginning of its part. */
    const result: string[] = Array.from({ length: text.length }, () => "");
    for (const [index, lookup] of (lookups(row) ?? []).entries()) {
      if (typeof lookup !== "string" || lookup === "") continue;
      chargeValue(text, call.evaluation);
      call.evaluation.chargeWork(unmatched.length * PART_PRICE);
      const rewrite = replacements[index];
      const written = typeof rewrite === "string" ? rewrite : lookup;
      unmatched = unmatched.flatMap((part) => {
        const { parts, matches } = cutAt(part, lookup);
        call.evaluation.chargeWork(matches.length * PART_PRICE);
        for (const at of matches) result[at] = written;
        return parts;
      });
    }
    for (const part of unmatched) result[part.start] = part.text;
    return joined(call.evaluation, result);
  };
}

/** The parts between the matches of a look-up, and where the matches begin. */
function cutAt(part: Unmatched, lookup: string) {
  const texts = splitText(part.text, lookup);
  const parts: Unmatched[] = [];
  const matches: number[] = [];
  let start = part.start;
  for (const text of texts) {
    if (text !== "") parts.push({ start, text });
    start += text.length;
    if (start < part.start + part.text.length) matches.push(start);
    start += lookup.length;
  }
  return { parts, matches };
}

const BYTE_UNITS = ["Bytes", "KB", "MB", "GB", "TB", "PB", "EB"];

/** In the unit of this name, or in the greatest of which there is at least one; "" for an unknown unit. */
function formatBytes(bytes: number, digits: number, unit: string): string {
  const fitting = BYTE_UNITS.findLastIndex((_, power) => Math.abs(bytes) >= 1024 ** power);
  const power = unit === "" ? Math.max(0, fitting) : BYTE_UNITS.indexOf(unit);
  if (power < 0 || !Number.isFinite(bytes)) return "";
  const shown = (bytes / 1024 ** power).toFixed(Math.min(15, Math.max(0, digits)));
  return `${Number(shown)} ${BYTE_UNITS[power]}`;
}

function codePoints(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    const isPair = unit >= 0xd800 && unit < 0xdc00 && text.charCodeAt(index + 1) >> 10 === 0x37;
    if (isPair) index += 1;
    count += 1;
  }
  return count;
}

function indexOf(call: Call): Compute {
  const [source, lookup] = [asText(operand(call, 0)), asText(operand(call, 1))];
  const option = (position: number, otherwise: bigint) =>
    call.operands[position] ? asLong(operand(call, position)) : () => otherwise;
  const [start, length, occurrence] = [option(2, 0n), option(3, -1n), option(4, 1n)];
  return (row) => {
    const text = source(row);
    const wanted = lookup(row);
    const [first, count, nth] = [Number(start(row) ?? 0n), Number(length(row) ?? -1n), Number(occurrence(row) ?? 1n)];
    if (nth < 1 || count < -1) return null;
    const from = first < 0 ? Math.max(0, text.length + first) : first;
    let begin = from;
    let found = 0;
    let result = -1;
    // Each occurrence must lie within `length` characters of where its own search begins, as on Kusto's page.
    someOccurrence(
      text,
      wanted,
      (at) => {
        if (count >= 0 && at + wanted.length > begin + count) return true;
        found += 1;
        if (found === nth) result = at;
        begin = at + 1;
        return found === nth;
      },
      from,
    );
    return whole(call, result);
  };
}
