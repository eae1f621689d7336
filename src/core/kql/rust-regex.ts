import { createRequire } from "node:module";
import { CallProblem } from "./evaluation.ts";

/*
 * Kusto's regular expressions are RE2's dialect: no look-around, no backreferences, time linear in the text. JavaScript's
 * are neither, so the Rust crate `regex` does it, compiled to WebAssembly (1 MB). It is loaded when the first plan with a
 * regular expression is prepared, and never otherwise.
 *
 * https://learn.microsoft.com/kusto/query/regex
 */

interface RustMatch {
  readonly start: number;
  readonly end: number;
  readonly value: string;
}

interface RustRegex {
  isMatch(text: string): boolean;
  find(text: string): RustMatch | undefined;
  findAll(text: string): RustMatch[];
  captures(text: string): { readonly name: Readonly<Record<string, RustMatch>> } | undefined;
  capturesAll(text: string): { readonly name: Readonly<Record<string, RustMatch>> }[];
  captureNames(): (string | null)[];
}

interface Engine {
  readonly RRegex: new (pattern: string) => RustRegex;
}

/** From a checkout the package itself; from a bundle the folder `rregex` that the build puts beside or above the chunk. */
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
  throw new Error(`the regular expression engine is at none of ${PLACES.join(", ")} from ${import.meta.url}`);
}

/** One match: the groups' texts in their order, "" for a group that took no part. */
export interface Match {
  readonly groups: readonly string[];
  /** The group 0: all that matched. */
  readonly value: string;
}

export interface Regex {
  isMatch(text: string): boolean;
  first(text: string): Match | undefined;
  all(text: string): readonly Match[];
  /** The matches, and the texts before, between and behind them: one more than there are matches. */
  pieces(text: string): { readonly matches: readonly Match[]; readonly pieces: readonly string[] };
  /** Number of groups, the whole match not counted. */
  readonly groupCount: number;
  /** Numbers of the groups that are named, by their names. */
  readonly names: ReadonlyMap<string, number>;
}

/** @throws {CallProblem} when `pattern` is no regular expression in this dialect */
export function compileRegex(pattern: string): Regex {
  const { source, names, groupCount } = nameGroups(pattern);
  const regex = construct(source, pattern);
  const matchOf = ({ name }: { readonly name: Readonly<Record<string, RustMatch>> }): Match => ({
    value: name["g0"]?.value ?? "",
    groups: Array.from({ length: groupCount }, (_, index) => name[`g${index + 1}`]?.value ?? ""),
  });
  const all = (text: string) => regex.capturesAll(text);
  return {
    isMatch: (text) => regex.isMatch(text),
    first(text) {
      const captures = regex.captures(text);
      return captures && matchOf(captures);
    },
    all: (text) => all(text).map(matchOf),
    pieces(text) {
      const found = all(text);
      // positions are those of UTF-8 bytes
      const bytes = new TextEncoder().encode(text);
      const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
      const ends = found.map(({ name }) => name["g0"]?.end ?? 0);
      const starts = found.map(({ name }) => name["g0"]?.start ?? 0);
      const pieces = [0, ...ends].map((from, index) => decoder.decode(bytes.subarray(from, starts[index])));
      return { matches: found.map(matchOf), pieces };
    },
    groupCount,
    names,
  };
}

function construct(source: string, pattern: string): RustRegex {
  const { RRegex } = loadEngine();
  try {
    return new RRegex(source);
  } catch (error) {
    const [reason = ""] = error instanceof Error ? error.message.split("\n").slice(-1) : [];
    throw new CallProblem(`${JSON.stringify(pattern)} is no regular expression: ${reason.replace(/^error: /, "")}`);
  }
}

/**
 * The package reports groups by name but leaves out those that took no part, so numbers shift: every group is given a
 * name of ours, g1 g2 …, and the whole is g0. Flags at the beginning of the pattern stay at the beginning.
 */
function nameGroups(pattern: string) {
  const flags = /^\(\?[a-zA-Z-]+\)/.exec(pattern)?.[0] ?? "";
  const names = new Map<string, number>();
  let groupCount = 0;
  let isInClass = 0;
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
    } else if (character === "(") {
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
