import { createRequire } from "node:module";
import { CallProblem, type Evaluation } from "./evaluation.ts";
import { reserve } from "./metering.ts";

/*
 * Kusto's regular expressions are RE2's dialect: no look-around, no backreferences, time linear in the text. JavaScript's
 * differ in both, so this module uses the Rust crate `regex`, compiled to WebAssembly (1 MB). It is loaded when the first
 * plan with a regular expression is prepared.
 *
 * https://learn.microsoft.com/kusto/query/regex
 */

interface RustMatch {
  readonly value: string;
}

interface RustRegex {
  isMatch(text: string): boolean;
  captures(text: string): { readonly name: Readonly<Record<string, RustMatch>> } | undefined;
  replaceAll(text: string, replacement: string): string;
}

interface Engine {
  readonly RRegex: new (pattern: string) => RustRegex;
}

/** In a checkout the package itself; in a bundle the folder `rregex`, which the build puts beside or above the chunk. */
const PLACES = ["rregex", "./rregex/commonjs.cjs", "../rregex/commonjs.cjs"];

let engine: Engine | undefined;

function loadEngine(): Engine {
  if (engine) return engine;
  const require = createRequire(import.meta.url);
  for (const place of PLACES) {
    try {
      const found: Engine = require(place);
      engine = found;
      return found;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND")) throw error;
    }
  }
  throw new Error(`no regular expression engine at ${PLACES.join(" or ")}, seen from ${import.meta.url}`);
}

/** One match: returns the text of a group, "" if the group took no part. Group 0 is the whole match. */
type Match = (group: number) => string;

/** All matches in a text. */
interface Matches {
  readonly count: number;
  /** The text of a group of a match. */
  group(match: number, group: number): string;
  /** The text before a match; with `count`, the text after the last one. */
  before(match: number): string;
}

export interface Regex {
  isMatch(text: string): boolean;
  first(text: string): Match | undefined;
  /** Number of matches. */
  count(text: string): number;
  all(text: string): Matches;
  /** Number of groups, without the whole match. */
  readonly groupCount: number;
  /** Numbers of the named groups, by name. */
  readonly names: ReadonlyMap<string, number>;
}

/**
 * Prices in units of work: for a call; for a byte of text; for a byte, for each place in the pattern where the engine can be
 * at the same time; for a match; for each group of a match.
 */
const CALL_PRICE = 5000;
const BYTE_PRICE = 50;
const PLACE_PRICE = 20;
const MATCH_PRICE = 2000;
const GROUP_PRICE = 400;

/**
 * Compiles a regular expression whose work is charged to the evaluation.
 *
 * @throws {CallProblem} if `pattern` is not a regular expression of this dialect
 */
export function compileRegex(written: string, evaluation: Pick<Evaluation, "chargeWork" | "reserveWork">): Regex {
  const pattern = withoutVerboseMode(written);
  const { source, names, groupCount } = nameGroups(pattern);
  const regex = construct(source, written);
  const bytePrice = BYTE_PRICE + PLACE_PRICE * (placesOf(pattern) + groupCount);
  const charge = (text: string) => evaluation.chargeWork(CALL_PRICE + Buffer.byteLength(text) * bytePrice);
  return {
    isMatch(text) {
      charge(text);
      return regex.isMatch(text);
    },
    first(text) {
      charge(text);
      const name = regex.captures(text)?.name;
      if (name === undefined) return undefined;
      return (group) => name[`g${group}`]?.value ?? "";
    },
    count(text) {
      charge(text);
      const separator = separatorFor(text);
      reserve((1 + text.length) * separator.length, evaluation);
      const count = partsOf(regex, text, { separator, groups: [] }).length - 1;
      evaluation.chargeWork(count * MATCH_PRICE);
      return count;
    },
    all(text) {
      charge(text);
      const separator = separatorFor(text);
      const stride = groupCount + 2;
      reserve((1 + text.length) * stride * separator.length, evaluation);
      const groups = Array.from({ length: groupCount + 1 }, (_, index) => `\${g${index}}`);
      const parts = partsOf(regex, text, { separator, groups });
      const count = (parts.length - 1) / stride;
      evaluation.chargeWork(count * (MATCH_PRICE + GROUP_PRICE * groupCount));
      return {
        count,
        group: (match, group) => (group > groupCount ? "" : (parts[match * stride + 1 + group] ?? "")),
        before: (match) => parts[match * stride] ?? "",
      };
    },
    groupCount,
    names,
  };
}

/**
 * A text cut at its matches: the piece before a match, the groups of the match, the piece before the next one, and so on.
 * The engine writes them into one text, since one object per match would take a hundred times as long.
 */
function partsOf(
  regex: RustRegex,
  text: string,
  { separator, groups }: { readonly separator: string; readonly groups: readonly string[] },
): string[] {
  const marked = groups.length === 0 ? separator : ["", ...groups, ""].join(separator);
  return regex.replaceAll(text, marked).split(separator);
}

/** Two Unicode noncharacters. */
const [FIRST, SECOND] = ["\ufdd0", "\ufdd1"];

/** A separator that does not occur in the text, not even across the places where it is inserted. */
function separatorFor(text: string): string {
  if (!text.includes(SECOND)) return FIRST + SECOND;
  let [longest, run] = [0, 0];
  for (let index = 0; index < text.length; index += 1) {
    run = text.charAt(index) === SECOND ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return FIRST + SECOND.repeat(longest + 1);
}

function construct(source: string, pattern: string): RustRegex {
  const { RRegex } = loadEngine();
  try {
    return new RRegex(source);
  } catch (error) {
    const [reason = ""] = error instanceof Error ? error.message.split("\n").slice(-1) : [];
    throw new CallProblem(
      `${JSON.stringify(pattern)} is not a valid regular expression: ${reason.replace(/^error: /, "")}`,
    );
  }
}

/** The flags of `(?flags)` and `(?flags:`, those before a hyphen and those after it. */
const FLAGS = /^\(\?([a-zA-Z]*)(?:-([a-zA-Z]+))?([:)])/;

/** Characters that verbose mode ignores: Unicode's Pattern_White_Space. */
const IGNORED = /[\t-\r \x85\u200e\u200f\u2028\u2029]/;

/**
 * A pattern of the same meaning without the flag `x`, under which whitespace and comments from `#` to the end of the line
 * are ignored, in classes too. Anything can then be written behind the pattern, also behind a last comment.
 */
export function withoutVerboseMode(pattern: string): string {
  if (!/\(\?[a-zA-Z]*x/.test(pattern)) return pattern;
  let plain = "";
  let isVerbose = false;
  /** Whether the mode was on outside each open group. */
  const outside: boolean[] = [];
  let classDepth = 0;
  /** A bracket right behind `[` or `[^` does not close the class. */
  let isClassStart = false;
  for (let index = 0; index < pattern.length; index += 1) {
    const character = pattern.charAt(index);
    const flags = character === "(" && classDepth === 0 ? FLAGS.exec(pattern.slice(index, index + 64)) : null;
    if (character === "\\") {
      index += 1;
      const escaped = pattern.charAt(index);
      plain += isVerbose && IGNORED.test(escaped) ? hexadecimal(escaped) : `\\${escaped}`;
      isClassStart = false;
    } else if (isVerbose && character === "#") {
      const end = pattern.indexOf("\n", index);
      index = end < 0 ? pattern.length : end;
    } else if (isVerbose && IGNORED.test(character)) {
      continue;
    } else if (flags) {
      const [whole, on = "", off = "", end = ""] = flags;
      const wasVerbose: boolean = isVerbose;
      isVerbose = on.includes("x") || (wasVerbose && !off.includes("x"));
      if (end === ":") outside.push(wasVerbose);
      plain += withoutFlagX(on, off, end);
      index += whole.length - 1;
    } else {
      if (character === "[") classDepth += 1;
      else if (character === "]" && classDepth > 0 && !isClassStart) classDepth -= 1;
      else if (character === "(" && classDepth === 0) outside.push(isVerbose);
      else if (character === ")" && classDepth === 0) isVerbose = outside.pop() ?? isVerbose;
      isClassStart = character === "[" || (isClassStart && character === "^");
      plain += character;
    }
  }
  return plain;
}

function withoutFlagX(on: string, off: string, end: string): string {
  const [kept, cleared] = [on.replaceAll("x", ""), off.replaceAll("x", "")];
  const flags = `${kept}${cleared === "" ? "" : `-${cleared}`}`;
  return flags === "" && end === ")" ? "" : `(?${flags}${end}`;
}

function hexadecimal(character: string): string {
  return `\\x{${character.charCodeAt(0).toString(16)}}`;
}

/**
 * Names every group g1, g2, … and the whole match g0. The package leaves out groups that took no part, which shifts their
 * numbers. Flags at the beginning of the pattern stay there.
 */
function nameGroups(pattern: string) {
  const flags = /^\(\?[a-zA-Z-]+\)/.exec(pattern)?.[0] ?? "";
  const names = new Map<string, number>();
  let groupCount = 0;
  let isInClass = 0;
  let depth = 0;
  let source = "";
  for (let index = flags.length; index < pattern.length; index += 1) {
    const rest = pattern.slice(index, index + 64);
    const character = pattern.charAt(index);
    if (character === "\\") {
      source += pattern.slice(index, index + 2);
      index += 1;
    } else if (isInClass > 0) {
      isInClass += character === "[" ? 1 : character === "]" ? -1 : 0;
      source += character;
    } else if (character === "[") {
      const opening = /^\[\^?\]?/.exec(rest)?.[0] ?? "[";
      source += opening;
      index += opening.length - 1;
      isInClass = 1;
    } else if (character === ")") {
      depth -= 1;
      // Inside the group of the whole match, `a)(b` would be valid.
      if (depth < 0) throw new CallProblem(`${JSON.stringify(pattern)} closes a group that it does not open`);
      source += character;
    } else if (character === "(") {
      depth += 1;
      const named = /^\(\?P?<([A-Za-z_]\w*)>/.exec(rest);
      if (named || !rest.startsWith("(?")) {
        groupCount += 1;
        if (named) names.set(named[1] ?? "", groupCount);
        source += `(?P<g${groupCount}>`;
        index += (named?.[0].length ?? 1) - 1;
      } else {
        source += character;
      }
    } else {
      source += character;
    }
  }
  return { source: `${flags}(?P<g0>${source})`, names, groupCount };
}

/** A character class, an escape, the start of a group, a repetition count, or any other character. */
const TOKEN =
  /\\[pPx]\{[^}]*\}|\\.|\[\^?\]?(?:\\.|\[:[^\]]*:\]|[^\]\\])*\]|\(\?[^):>]*[:>)]|\{(?<least>\d+)(?:,(?<most>\d*))?\}|./gsu;

/** Length of a pattern with its repetitions written out: the number of places where the engine can be at the same time. */
function placesOf(pattern: string): number {
  const open = [0];
  let last = 0;
  const add = (places: number, isRepeated = false): void => {
    last = isRepeated ? last + places : places;
    open.push((open.pop() ?? 0) + places);
  };
  for (const { 0: token, groups } of pattern.matchAll(TOKEN)) {
    if (groups?.["least"] !== undefined) {
      const times = Math.max(1, Number(groups["least"]), Number(groups["most"] ?? 0));
      add(last * (times - 1), true);
    } else if (token === ")") {
      const inner = open.pop() ?? 0;
      if (open.length === 0) open.push(0);
      add(inner);
    } else if (token.startsWith("(") && !token.endsWith(")")) {
      open.push(0);
    } else if (!"*+?".includes(token)) {
      add(1);
    }
  }
  return open.reduce((sum, places) => sum + places, 0);
}
