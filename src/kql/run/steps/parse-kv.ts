import { bindRead } from "../bind-expression.ts";
import { convert } from "../conversion.ts";
import { CallProblem, type Evaluation } from "../evaluation.ts";
import { indexOfText } from "../find-text.ts";
import { asText } from "../operand.ts";
import type { KeyValueForm, Quoting } from "../../plan.ts";
import { compileRegex } from "../rust-regex.ts";
import type { Value } from "../values.ts";
import type { BindStep } from "./step.ts";

type Pair = readonly [key: string, value: string];
type ReadPairs = (text: string) => Iterable<Pair>;

/** For each pair that is read and each column that is made; for each character, besides what reading costs. */
const PAIR_PRICE = 1000;
const CHARACTER_PRICE = 200;

/** Adds a column for each key. The first value of a key counts; a key that is missing is null ("" for string). */
export const bindParseKv: BindStep<"parse-kv"> = ({ source, keys, form }, evaluation) => {
  const text = asText(bindRead(source, evaluation));
  const wanted = new Set(keys.map(({ name }) => name));
  const pairs = pairReader(form, wanted, evaluation);
  return (rows) =>
    rows.map((row) => {
      const content = text(row);
      evaluation.chargeWork(keys.length * PAIR_PRICE + content.length * CHARACTER_PRICE);
      const found = new Map<string, string>();
      for (const [key, value] of pairs(content)) {
        evaluation.chargeWork(PAIR_PRICE);
        if (wanted.has(key) && !found.has(key)) found.set(key, value);
      }
      const cells = keys.map(({ name, type }): Value => {
        const value = found.get(name);
        return value === undefined ? (type === "string" ? "" : null) : convert(value, "string", type);
      });
      return [...row, ...cells];
    });
};

function pairReader(form: KeyValueForm, wanted: ReadonlySet<string>, evaluation: Evaluation): ReadPairs {
  switch (form.kind) {
    case "regex": {
      const regex = compileRegex(form.regex, evaluation);
      if (regex.groupCount !== 2)
        throw new CallProblem("parse-kv: the regular expression must have two capturing groups");
      return (text) => {
        const { count, group } = regex.all(text);
        return Array.from({ length: count }, (_, match): Pair => [group(match, 1).trim(), group(match, 2).trim()]);
      };
    }
    case "delimited":
      return (text) => delimitedPairs(text, form);
    case "words":
    default:
      return (text) => wordPairs(text, form, wanted);
  }
}

type Delimited = Extract<KeyValueForm, { kind: "delimited" }>;

/** `key value` pairs between delimiters. A piece without the delimiter between key and value is skipped. */
function* delimitedPairs(text: string, form: Delimited): Generator<Pair> {
  const quoted = quotedReader(text, form);
  let between = -1;
  for (let at = 0; at < text.length;) {
    const start = skipSpaces(text, at, form.pair);
    const key = quoted(start);
    const from = key?.end ?? start;
    if (between < from) between = indexOfText(text, form.between, from);
    if (between < 0) return;
    const end = indexOfText(text, form.pair, from);
    if (end >= 0 && end < between) {
      at = end + form.pair.length;
      continue;
    }
    const name = key?.text ?? text.slice(start, between).trim();
    const valueAt = skipSpaces(text, between + form.between.length, form.pair);
    const value = quoted(valueAt);
    const valueEnd = form.greedy && value === undefined ? endOfGreedy(text, valueAt, form) : -1;
    const next = valueEnd >= 0 ? valueEnd : indexOfText(text, form.pair, value?.end ?? valueAt);
    const stop = next < 0 ? text.length : next;
    yield [name, value?.text ?? text.slice(valueAt, stop).trim()];
    at = stop + form.pair.length;
  }
}

/** Spaces around keys and values do not count, but a delimiter that is itself a space does. */
function skipSpaces(text: string, from: number, delimiter: string): number {
  let at = from;
  while (at < text.length && /\s/.test(text.charAt(at)) && !text.startsWith(delimiter, at)) at += 1;
  return at;
}

/** A greedy value ends at the last pair delimiter before the next key, or with the text. */
function endOfGreedy(text: string, from: number, { pair, between }: Delimited): number {
  let start = from;
  for (let at = indexOfText(text, between, from); at >= 0; at = indexOfText(text, between, start)) {
    const end = text.slice(start, at).lastIndexOf(pair);
    if (end >= 0) return start + end;
    start = at + between.length;
  }
  return text.length;
}

const WORD = /[\p{L}\p{N}]+/uy;

/** Without delimiters, every character but letters and digits separates words, and the word after a key is its value. */
function* wordPairs(text: string, form: Quoting, wanted: ReadonlySet<string>): Generator<Pair> {
  const quoted = quotedReader(text, form);
  let key: string | undefined;
  for (let at = 0; at < text.length;) {
    const found = quoted(at) ?? wordAt(text, at);
    at = found?.end ?? at + 1;
    if (found === undefined) continue;
    if (key !== undefined) yield [key, found.text];
    key = key === undefined && wanted.has(found.text) ? found.text : undefined;
  }
}

interface Found {
  readonly text: string;
  readonly end: number;
}

function wordAt(text: string, at: number): Found | undefined {
  WORD.lastIndex = at;
  const word = WORD.exec(text)?.[0];
  return word === undefined ? undefined : { text: word, end: at + word.length };
}

/** Reads a quoted text that opens at a place, without its quotes and escapes. Without a closing quote, it is not quoted. */
function quotedReader(text: string, { quotes, escapes }: Quoting): (at: number) => Found | undefined {
  // Once a quote is not closed, no later one of its kind is: looking again would take quadratic time.
  const unclosed = new Set<string>();
  return (at) => {
    const opening = quotes.find((each) => text.charAt(at) !== "" && text.charAt(at) === each.charAt(0));
    if (opening === undefined || unclosed.has(opening)) return undefined;
    const close = opening.charAt(opening.length - 1);
    let inner = "";
    for (let index = at + 1; index < text.length; index += 1) {
      const character = text.charAt(index);
      if (escapes.includes(character) && index + 1 < text.length) {
        index += 1;
        inner += text.charAt(index);
      } else if (character === close) return { text: inner, end: index + 1 };
      else inner += character;
    }
    unclosed.add(opening);
    return undefined;
  };
}
