import fc from "fast-check";
import { expect, test } from "vitest";
import { incidentEntity, recordEntity } from "../../../src/azure/incidents/incident-entity.ts";
import { outboxEntity } from "../../../src/azure/incidents/outbox-entity.ts";
import { assertWithinTableLimits, isTableKey } from "../../../src/azure/tables/table-limits.ts";
import { largestIncident } from "../../stored-incident.ts";

const KEYS = { partitionKey: "p", rowKey: "r" };
const names = (count: number) => Array.from({ length: count }, (_, index) => `P${index}`);
const properties = (count: number, value: unknown) => Object.fromEntries(names(count).map((name) => [name, value]));

test.each([
  { why: "keys of 512 characters", entity: { partitionKey: "p".repeat(512), rowKey: "r".repeat(512) } },
  { why: "empty keys", entity: { partitionKey: "", rowKey: "" } },
  { why: "252 properties", entity: { ...KEYS, ...properties(252, 1) } },
  { why: "a text of 32 Ki characters", entity: { ...KEYS, Text: "😀".repeat(16_384) } },
  { why: "64 KiB of bytes", entity: { ...KEYS, Bytes: new Uint8Array(65_536) } },
  { why: "the ends of Int64", entity: { ...KEYS, Least: -(2n ** 63n), Most: 2n ** 63n - 1n } },
  { why: "a name of 255 characters", entity: { ...KEYS, ["N".repeat(255)]: 1 } },
  { why: "null, a time and a boolean", entity: { ...KEYS, Null: null, Time: new Date(0), Flag: true } },
  { why: "1 MiB", entity: { ...KEYS, ...properties(10, "x".repeat(32_768)), ...rest(1_048_576) } },
])("$why is within the limits", ({ entity }) => {
  expect(() => assertWithinTableLimits(entity)).not.toThrow();
});

test.each([
  {
    why: "a key that is too long",
    entity: { partitionKey: "p", rowKey: "r".repeat(513) },
    problem: `p ${"r".repeat(513)}: a key of 513 characters, at most 512 are allowed`,
  },
  ...["/", "\\", "#", "?", "\t", "\u0080", "\ud83d"].map((character) => ({
    why: `${JSON.stringify(character)} in a key`,
    entity: { partitionKey: "p", rowKey: `a${character}b` },
    problem: `p a${character}b: a character in a key that keys must not hold`,
  })),
  {
    why: "a 253rd property",
    entity: { ...KEYS, ...properties(253, 1) },
    problem: "p r: 253 properties, at most 252 are allowed",
  },
  {
    why: "a text that is too long",
    entity: { ...KEYS, Text: "x".repeat(32_769) },
    problem: "p r: Text: 32769 characters, at most 32768 are allowed",
  },
  {
    why: "too many bytes",
    entity: { ...KEYS, Bytes: new Uint8Array(65_537) },
    problem: "p r: Bytes: 65537 bytes, at most 65536 are allowed",
  },
  { why: "NaN", entity: { ...KEYS, Count: Number.NaN }, problem: "p r: Count: NaN would be stored as null" },
  { why: "Infinity", entity: { ...KEYS, Count: -Infinity }, problem: "p r: Count: -Infinity would be stored as null" },
  { why: "2^63", entity: { ...KEYS, Big: 2n ** 63n }, problem: "p r: Big: 9223372036854775808 is beyond Int64" },
  { why: "a dash in a name", entity: { ...KEYS, "a-b": 1 }, problem: 'p r: "a-b" is not a property name' },
  { why: "a digit before a name", entity: { ...KEYS, "1a": 1 }, problem: 'p r: "1a" is not a property name' },
  {
    why: "a name of 256 characters",
    entity: { ...KEYS, ["N".repeat(256)]: 1 },
    problem: `p r: "${"N".repeat(256)}" is not a property name`,
  },
  {
    why: "a property that would replace the key",
    entity: { ...KEYS, PartitionKey: "theirs" },
    problem: 'p r: "PartitionKey" is a name of the service\'s own',
  },
  {
    why: "an object",
    entity: { ...KEYS, Data: { value: "1", type: "Int64" } },
    problem: "p r: Data: an object or array, which is no table value",
  },
  {
    why: "a byte pair over 1 MiB",
    entity: { ...KEYS, ...properties(10, "x".repeat(32_768)), ...rest(1_048_578) },
    problem: "p r: 1048578 bytes, at most 1048576 are allowed",
  },
])("$why is refused, and named", ({ entity, problem }) => {
  expect(() => assertWithinTableLimits(entity)).toThrow(new RangeError(`table row ${problem}`));
});

test("a value with a type of the client counts as the service counts it", () => {
  const size = (value: unknown): number => assertWithinTableLimits(Object.assign({ ...KEYS }, { P: value }));
  expect(size({ value: "2026-01-02T03:04:05.1234567Z", type: "DateTime" })).toBe(size(new Date(0)));
  expect(size({ value: 1, type: "Double" })).toBe(size(1));
  expect(size({ value: "aaaaaaaa-1111-4222-8333-444444444444", type: "Guid" })).toBe(size(1) + 8);
});

test("a text is refused as a key exactly if `isTableKey` says no", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 600 }), (rowKey) => {
      const check = () => assertWithinTableLimits({ partitionKey: "p", rowKey });
      if (isTableKey(rowKey)) expect(check).not.toThrow();
      else expect(check).toThrow(RangeError);
    }),
  );
});

test.each(["a", "é", "😀", '"', "\u0001"])("rows of the largest incident, of all %j, are within the limits", (unit) => {
  const { row, record } = largestIncident(unit);

  for (const entity of [incidentEntity(KEYS, row), outboxEntity(KEYS, row), recordEntity(KEYS, record)])
    expect(() => assertWithinTableLimits(entity)).not.toThrow();
});

/** Texts that fill a row with keys of one character and ten texts P0 to P9 of 32,768 up to a size. */
function rest(size: number): Record<string, string> {
  const perText = 8 + 2 * 2 + 4;
  let left = size - (4 + 2 * 2) - 10 * (perText + 2 * 32_768);
  const texts: Record<string, string> = {};
  for (let index = 0; left > 0; index += 1) {
    const length = Math.min(32_000, (left - perText) / 2);
    texts[`Q${index}`] = "x".repeat(length);
    left -= perText + 2 * length;
  }
  return texts;
}
