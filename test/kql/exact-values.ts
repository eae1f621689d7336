import fc from "fast-check";
import { wholeJson } from "../../src/kql/run/exact-json.ts";
import type { Json } from "../../src/kql/run/values.ts";
import { anyJson } from "../samples.ts";

const LEAST = -(2n ** 63n);
const GREATEST = 2n ** 63n - 1n;

/** Longs, most often near the values where digits get lost. */
export const INT64: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt({ min: LEAST, max: GREATEST }),
  fc
    .tuple(
      fc.constantFrom(2n ** 53n, -(2n ** 53n), 2n ** 31n, 2n ** 62n, 0n, 10n ** 16n, 10n ** 18n),
      fc.bigInt({ min: -9n, max: 9n }),
    )
    .map(([middle, distance]) => middle + distance),
  fc.bigInt({ min: 0n, max: 9n }).map((distance) => LEAST + distance),
  fc.bigInt({ min: 0n, max: 9n }).map((distance) => GREATEST - distance),
);

/** JSON of any shape, without reals beyond 2^53, since they are written like whole numbers. */
export function smallJson(): fc.Arbitrary<Json> {
  const isLargeReal = (value: unknown) => Number.isInteger(value) && !Number.isSafeInteger(value);
  return anyJson().map((value): Json => {
    return JSON.parse(JSON.stringify(value), (_key, member: unknown) => (isLargeReal(member) ? 0.5 : member)) as Json;
  });
}

/** JSON of any shape, with whole numbers of any size. */
export function exactJson(): fc.Arbitrary<Json> {
  const whole = fc.oneof(INT64, fc.bigInt({ min: -(10n ** 300n), max: 10n ** 300n })).map(wholeJson);
  const { json } = fc.letrec<{ json: Json }>((tie) => ({
    json: fc.oneof(
      { maxDepth: 4 },
      whole,
      smallJson(),
      fc.array(tie("json"), { maxLength: 4 }),
      fc.dictionary(fc.string({ maxLength: 3 }), tie("json"), { maxKeys: 4, noNullPrototype: true }),
    ),
  }));
  return json;
}
