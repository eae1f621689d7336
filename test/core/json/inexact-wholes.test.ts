import fc from "fast-check";
import { expect, test } from "vitest";
import { parseRecord } from "../../../src/core/event/event-body.ts";
import { holdsInexactWhole } from "../../../src/core/json/inexact-wholes.ts";
import { wholeJson } from "../../../src/kql/run/exact-json.ts";
import { bytes } from "../../samples.ts";
import { INT64 } from "../../kql/exact-values.ts";

const asks = (json: string) => holdsInexactWhole(bytes(json));

test.each([
  "9007199254740993",
  "-9007199254740993",
  " 9007199254740992\n",
  "[9007199254740993]",
  '{"a":9007199254740993}',
  '{"a":\t-9223372036854775808\r\n}',
  "[1,9007199254740993,1]",
  `[${"9".repeat(100_000)},"${"9".repeat(100_000)}"]`,
])("%.40s holds a whole number that would be rounded", (json) => {
  expect(asks(json)).toBe(true);
});

test.each([
  "",
  "1",
  "9007199254740991",
  "-9007199254740991",
  "[1700000000000000,-1700000000000000]",
  "9007199254740993.0",
  "9007199254740993e1",
  "[1.9007199254740993,1e-9007199254740993]",
  '"9007199254740993"',
  '"PIM_134331936526770240"',
  '"00000000-0000-0000-0000-000000000000"',
  `["${"9".repeat(100_000)}"]`,
  `["${"123456789012345 ".repeat(10_000)}"]`,
])("%.40s holds none", (json) => {
  expect(asks(json)).toBe(false);
});

test("a number is found at every place, wherever its bytes lie and whatever lies around them", () => {
  const places = fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 40 }));
  const around = fc.constantFrom("", "9", "99999999", "1234567890123456", '"');
  fc.assert(
    fc.property(INT64, places, fc.tuple(around, around), (long, [before, after], [left, right]) => {
      const json = `{"s":"${"7".repeat(before)}"${" ".repeat(before)},"a":${long}${" ".repeat(after)},"t":"${"7".repeat(after)}"}`;
      const all = bytes(left + json + right);
      const own = all.subarray(left.length, left.length + json.length);
      expect(holdsInexactWhole(own)).toBe(!Number.isSafeInteger(Number(long)));
      expect(parseRecord(own)).toEqual({ s: "7".repeat(before), a: wholeJson(long), t: "7".repeat(after) });
      const alone = bytes(`${left}${long}${right}`).subarray(left.length, left.length + String(long).length);
      expect(holdsInexactWhole(alone)).toBe(!Number.isSafeInteger(Number(long)));
    }),
    { numRuns: 1_000 },
  );
});
