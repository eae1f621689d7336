import { assert, constantFrom, jsonValue, oneof, property, string, tuple, type Arbitrary } from "fast-check";
import { describe, expect, test } from "vitest";
import {
  CallProblem,
  DEFAULT_LIMITS,
  EvaluationLimitError,
  newEvaluation,
  type Operand,
} from "../../src/kql/run/evaluation.ts";
import { AGGREGATES } from "../../src/kql/run/aggregates.ts";
import { ROW_FUNCTIONS } from "../../src/kql/run/row-functions.ts";
import { FUNCTIONS } from "../../src/kql/run/function-table.ts";
import type { Json, Row, ScalarType, Value } from "../../src/kql/run/values.ts";
import { exactJson } from "./exact-values.ts";

/** Numbers that a record can hold: `1e999` is parsed as Infinity, and the sum of two huge numbers is Infinity, too. */
const HUGE = constantFrom<Json>(
  ...["1e999", "-1e999", "1.7e308", "[1e999]", "[1.7e308,1.7e308]", '{"a":-1e999}', "1e-320"].map((text): Json =>
    JSON.parse(text),
  ),
);

/** Any value with its type, with many edge cases. */
const typed: Arbitrary<readonly [ScalarType, Value]> = oneof(
  jsonValue().map((value): readonly [ScalarType, Value] => ["dynamic", JSON.parse(JSON.stringify(value))]),
  HUGE.map((value): readonly [ScalarType, Value] => ["dynamic", value]),
  exactJson().map((value): readonly [ScalarType, Value] => ["dynamic", value]),
  constantFrom<Json>(
    "",
    "a@b",
    "2020-01-01",
    "1.02:03:04",
    "192.0.2.1/24",
    "::1",
    '{"a":[1]}',
    "%41",
    "\ud800",
    "é",
    "1e999",
    `${"9".repeat(400)}d`,
    `-0x${"f".repeat(400)}`,
  ).map((value): readonly [ScalarType, Value] => ["string", value]),
  string({ unit: "binary" }).map((value): readonly [ScalarType, Value] => ["string", value]),
  constantFrom(null, 0n, -1n, 5n, 9_223_372_036_854_775_807n, -9_223_372_036_854_775_808n).map(
    (value): readonly [ScalarType, Value] => ["long", value],
  ),
  constantFrom(null, 0n, 639_029_198_450_000_000n, 3_155_378_975_999_999_999n).map(
    (value): readonly [ScalarType, Value] => ["datetime", value],
  ),
  constantFrom(null, 0n, -36_000_000_000n, 9_000_000_000_000_000_000n).map((value): readonly [ScalarType, Value] => [
    "timespan",
    value,
  ]),
  constantFrom(null, 0, -1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e300, -1e-300, -Number.MAX_VALUE).map(
    (value): readonly [ScalarType, Value] => ["real", value],
  ),
  constantFrom(null, 0, -1, 2_147_483_647).map((value): readonly [ScalarType, Value] => ["int", value]),
  constantFrom(null, true, false).map((value): readonly [ScalarType, Value] => ["bool", value]),
);

const TYPES: readonly ScalarType[] = ["string", "bool", "int", "long", "real", "datetime", "timespan", "dynamic"];

/** Runs one entry of the tables. It may reach a limit, or refuse arguments that no plan can have. */
function runs(part: () => unknown): void {
  try {
    part();
  } catch (error) {
    // The compiler reports a CallProblem before there is a plan.
    if (!(error instanceof CallProblem || error instanceof EvaluationLimitError)) throw error;
  }
}

function operandsOf(values: readonly (readonly [ScalarType, Value])[]): Operand[] {
  return values.map(([type, value], index) => ({
    type,
    compute: () => value,
    // Some functions need constants as their first or second argument.
    ...(index < 2 && { constant: { value } }),
  }));
}

const call = tuple(tuple(typed, typed, typed, typed), constantFrom(1, 2, 3, 4), constantFrom(...TYPES)).map(
  ([values, count, type]) => ({
    type,
    operands: operandsOf(values.slice(0, count)),
    evaluation: newEvaluation(DEFAULT_LIMITS),
  }),
);

test("extract refuses a group that is no number, even one that cannot become text", () => {
  const operands = operandsOf([
    ["string", "a"],
    ["dynamic", { toString: null }],
    ["string", "a"],
  ]);
  const extract = { name: "extract", type: "string", operands, evaluation: newEvaluation(DEFAULT_LIMITS) } as const;
  expect(() => FUNCTIONS["extract"]?.bind(extract)).toThrow(CallProblem);
});

describe("no function throws on any arguments, except at the limits of an evaluation", () => {
  test.each(Object.entries(FUNCTIONS))("%s", (name, { bind }) => {
    assert(
      property(call, (given) => runs(() => bind({ name, ...given })([]))),
      { numRuns: 200 },
    );
  });
});

describe("no function over neighbouring rows throws on any rows, except at the limits of an evaluation", () => {
  test.each(Object.entries(ROW_FUNCTIONS))("%s", (name, { bind }) => {
    const rows = constantFrom<readonly Row[]>([], [[]], [[], [], []]);
    assert(
      property(call, rows, (given, of) => runs(() => bind({ name, ...given })(of))),
      { numRuns: 200 },
    );
  });
});

describe("no aggregate throws on any rows, except at the limits of an evaluation", () => {
  test.each(Object.entries(AGGREGATES))("%s", (name, { bind }) => {
    const rows = constantFrom<readonly Row[]>([], [[]], [[], [], []]);
    assert(
      property(call, rows, (given, of) => runs(() => bind({ name, ...given })(of))),
      { numRuns: 200 },
    );
  });
});
