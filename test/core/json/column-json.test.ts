import { expect, test } from "vitest";
import { toJson } from "../../../src/core/json/column-json.ts";

test.each([NaN, Infinity, -Infinity])("%s is text: as a number it would become null without a word", (value) => {
  expect(JSON.parse(JSON.stringify(toJson(value, "real")))).toBe(String(value));
});

test("numbers are numbers, and text where JavaScript cannot count with them exactly", () => {
  expect([toJson(1.5, "real"), toJson(7n, "long"), toJson(2n ** 60n, "long")]).toEqual([1.5, 7, "1152921504606846976"]);
});
