import { bindCall } from "../../src/kql/run/bind-expression.ts";
import {
  CallProblem,
  EvaluationLimitError,
  type Limits,
  newEvaluation,
  type Operand,
} from "../../src/kql/run/evaluation.ts";
import { FUNCTIONS } from "../../src/kql/run/function-table.ts";
import { lengthOf } from "../../src/kql/run/metering.ts";
import type { Json, ScalarType, Value } from "../../src/kql/run/values.ts";

/** Arguments that an attacker would choose for a function, each about as long as requested, plus short ones. */
interface Argument {
  readonly name: string;
  readonly type: ScalarType;
  readonly value: Value;
}

export interface CostlyCall {
  readonly function: string;
  readonly type: ScalarType;
  readonly arguments: readonly Argument[];
}

/** Texts for which a naive search, parser or expression rereads its input. */
function longTexts(length: number): Record<string, string> {
  const repeated = (part: string) => part.repeat(Math.ceil(length / part.length)).slice(0, length);
  const padded = (before: string, part: string, after = "") =>
    before + part.repeat(Math.max(0, length - before.length - after.length)) + after;
  const half = Math.floor(length / 2);
  return {
    a: repeated("a"),
    ab: repeated("ab"),
    words: repeated("ab cd, Ef; "),
    random: Array.from({ length }, (_, index) => "ab"[((index * index * 31) >> 3) & 1]).join(""),
    digits: padded("", "1", "x"),
    "spaces in a date": padded("1/1/2020", " ", "x"),
    "spaces in an ISO date": padded("2020-01-01", " ", "x"),
    spaces: padded("x", " ", "x"),
    backslashes: padded("p ", "\\"),
    "backslashes and quotes": padded("p ", '\\"'.slice(0, 1)).slice(0, half) + '\\"'.repeat(half / 2),
    quotes: repeated('"'),
    "quotes and commas": repeated('","'),
    dots: repeated("."),
    "nested JSON": "[".repeat(half) + "]".repeat(half),
    "JSON of bags": `[${Array.from({ length: Math.floor(length / 12) }, (_, index) => `{"a":${index % 10}}`).join(",")}]`,
    "JSON of numbers": `[${repeated("1,").slice(0, -2)}1]`,
    "JSON of long numbers": `[${Array.from({ length: Math.floor(length / 18) }, () => "12345678901234567").join(",")}]`,
    "JSON of keys": `{${Array.from({ length: Math.floor(length / 12) }, (_, index) => `"k${index}":1`).join(",")}}`,
    XML: `<a>${"<b/>".repeat(Math.max(0, Math.floor(length / 4) - 2))}</a>`,
    "XML attributes": `<a ${"b='' ".repeat(Math.floor(length / 5))}`,
    "XML doctype": padded("<!DOCTYPE", " "),
    "XML nested": repeated("<a>"),
    "XML entities": `<a>${repeated("&a")}</a>`,
    accents: repeated("é"),
    pairs: repeated("😀"),
    "half pairs": repeated("\ud800"),
    zeros: repeated("\0"),
    percents: repeated("%41"),
    addresses: repeated("192.0.2.1 "),
    query: repeated("a=b&"),
    colons: repeated(":"),
    base64: repeated("QUFB").slice(0, length - (length % 4)),
    path: padded("$", "", "").concat(".a".repeat(half)),
    format: repeated("yyyy"),
    rewrite: repeated("\\1"),
    "half of it": "a".repeat(half),
    "half of it, not in it": `b${"a".repeat(half)}`,
    "half of it, all but the end": `${"a".repeat(half)}b`,
    "half of ab": `a${"ba".repeat(Math.floor(half / 2))}`,
  };
}

function nested(length: number, wrap: (inner: Json) => Json): Json {
  let value: Json = 1;
  for (let level = 0; level < length; level += 1) value = wrap(value);
  return value;
}

function dynamics(length: number): Record<string, Json> {
  const many = (each: number, make: (index: number) => Json): Json[] =>
    Array.from({ length: Math.max(1, Math.floor(length / each)) }, (_, index) => make(index));
  const root = Math.floor(Math.sqrt(length));
  return {
    numbers: many(6, (index) => index),
    "numbers downwards": many(6, (index) => -index),
    "equal numbers": many(6, () => 1),
    reals: many(21, (index) => 1.234567890123e-200 * (index + 1)),
    texts: many(8, (index) => `k${index}`),
    "texts downwards": many(8, (index) => `k${length - index}`),
    letters: many(4, (index) => "ab"[index % 2] ?? ""),
    "long texts": Array.from({ length: root }, (_, index) => "a".repeat(root) + index),
    "zero text": ["\0".repeat(length)],
    "nested arrays": nested(length / 3, (inner) => [inner]),
    "nested bags": nested(length / 7, (inner) => ({ a: inner })),
    bag: Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`k${index}`, 1])),
    bags: many(12, (index) => ({ a: index })),
    "one large, many small": [{ a: "a".repeat(length / 2) }, ...many(24, (index) => ({ a: index }))],
    "one long, many short": ["a".repeat(length / 2), ...many(10, (index) => [index])],
    networks: many(16, (index) => `10.${index % 250}.0.0/16`),
    paths: many(12, (index) => `$.a.k${index}`),
    conditions: many(6, (index) => index % 2 === 0),
    arrays: many(8, (index) => [index]),
    "ends to and fro": many(6, (index) => (index % 2 === 0 ? length : 0)),
  };
}

const NUMBERS = [0n, 1n, -1n, 1000n, 9_223_372_036_854_775_807n];

/** Short arguments; functions that require a constant of a certain form find it here. */
function shortArguments(length: number): Argument[] {
  const texts = [
    "a",
    "",
    "(a|b)",
    ".",
    "(a)|(b)|(ab)|(ba)",
    "[ab]*a[ab]{20}[ab]",
    "windows",
    "regex",
    "day",
    "$.a[0]",
    "Europe/Berlin",
    '"',
  ];
  return [
    ...texts.map((value): Argument => ({ name: JSON.stringify(value), type: "string", value })),
    ...[...NUMBERS, BigInt(length)].map((value): Argument => ({ name: String(value), type: "long", value })),
    { name: "null", type: "dynamic", value: null },
    { name: "datetime", type: "datetime", value: 639_029_198_450_000_000n },
    { name: "timespan", type: "timespan", value: 36_000_000_000n },
    { name: "real", type: "real", value: 1.5e-10 },
    { name: "true", type: "bool", value: true },
  ];
}

export interface Arguments {
  readonly long: readonly Argument[];
  readonly short: readonly Argument[];
}

export function argumentsOf(length: number): Arguments {
  return {
    long: [
      ...Object.entries(longTexts(length)).map(([name, value]): Argument => ({ name, type: "string", value })),
      ...Object.entries(dynamics(length)).map(([name, value]): Argument => ({ name, type: "dynamic", value })),
    ],
    short: shortArguments(length),
  };
}

const TYPES: readonly ScalarType[] = [
  "string",
  "dynamic",
  "long",
  "bool",
  "real",
  "datetime",
  "timespan",
  "int",
  "guid",
];

/**
 * Calls of a function with every long argument in every place and others beside it. All combinations would be too many;
 * the selection depends only on their number, so a run is repeatable.
 */
export function* costlyCalls(name: string, { long, short }: Arguments, perArgument: number): Generator<CostlyCall> {
  const all = [...long, ...short];
  const [least, most] = arity(name);
  let drawn = 0;
  const draw = <Item>(items: readonly Item[]): Item | undefined => {
    drawn = (Math.imul(drawn, 1_664_525) + 1_013_904_223) >>> 0;
    return items[(drawn >>> 8) % items.length];
  };
  if (most === 0) yield { function: name, type: "real", arguments: [] };
  for (let count = Math.max(1, least); count <= most; count += 1) {
    for (let place = 0; place < count; place += 1) {
      for (const argument of long) {
        for (let time = 0; time < (count === 1 ? 1 : perArgument); time += 1) {
          const given = Array.from({ length: count }, (_, at) =>
            at === place ? argument : draw(time % 2 === 0 ? short : all),
          );
          const type = draw(TYPES) ?? "string";
          yield { function: name, type, arguments: given.flatMap((each) => (each ? [each] : [])) };
        }
      }
    }
  }
}

/** The fewest and most arguments in a function's form; a variadic one is tried with four. */
function arity(name: string): readonly [number, number] {
  const form = FUNCTIONS[name]?.form ?? "";
  const inside = /^[a-z_0-9]+\((.*)\)$/i.exec(form)?.[1];
  if (inside === undefined)
    return form.startsWith("a ") ? (form.includes("..") ? [3, 3] : [2, form.includes("…") ? 4 : 2]) : [1, 2];
  const least = inside
    .replaceAll(/\[.*\]/g, "")
    .split(",")
    .filter((part) => part.trim() !== "").length;
  return [
    least,
    inside.includes("…") ? Math.max(4, least) : inside.split(",").filter((part) => part.trim() !== "").length,
  ];
}

export interface CallOutcome {
  readonly spent: Limits;
  /** Total length of the non-constant values that the function read, counting repeats. */
  readonly read: number;
  /** The result; undefined if the call was stopped at a limit. */
  readonly value: Value | undefined;
}

/** Arguments that a function may require as constants; the first accepted choice is used. */
const CONSTANT_PLACES: readonly (readonly number[])[] = [[], [0], [1], [0, 1], [1, 2], [2]];

/** Makes a call; undefined if the function cannot be called so. Other errors are thrown. */
export function runCall(call: CostlyCall, limits: Limits): CallOutcome | undefined {
  for (const places of CONSTANT_PLACES.filter((each) => each.every((place) => isShort(call.arguments[place])))) {
    const evaluation = newEvaluation(limits);
    let read = 0;
    const operands = call.arguments.map(({ type, value }, index): Operand => ({
      type,
      compute() {
        if (!places.includes(index)) read += lengthOf(value);
        return value;
      },
      ...(places.includes(index) && { constant: { value } }),
    }));
    try {
      const { compute } = bindCall({ name: call.function, type: call.type, operands, evaluation });
      evaluation.begin(0n);
      read = 0;
      const value = compute([]);
      return { spent: evaluation.spent(), read, value };
    } catch (error) {
      if (error instanceof CallProblem) continue;
      if (error instanceof EvaluationLimitError) return { spent: evaluation.spent(), read, value: undefined };
      throw error;
    }
  }
  return undefined;
}

/** Constants come from the rule, so a sender of events does not choose them. */
function isShort(argument: Argument | undefined): boolean {
  return argument !== undefined && lengthOf(argument.value) < 100;
}
