import { expect, test } from "vitest";
import { equalsIgnoreCase, invariantLower, ordinalUpper } from "../../src/kql/run/ordinal-text.ts";

test.each([
  ["role", "ROLE", true],
  ["É", "é", true],
  ["ÿ", "Ÿ", true],
  ["σ", "ς", true],
  ["ᾳ", "ᾼ", true],
  ["straße", "STRASSE", false],
  ["straße", "STRAßE", true],
  ["ſ", "s", false],
  ["ſ", "S", false],
  ["ı", "i", false],
  ["ı", "I", false],
  ["İ", "i", false],
  ["\u212a", "k", false],
  ["\u212a", "K", false],
  ["a ", "a", false],
  ["ﬁ", "FI", false],
  ["", "", true],
])("%j =~ %j is %j", (left, right, equal) => {
  expect(equalsIgnoreCase(left, right)).toBe(equal);
  expect(equalsIgnoreCase(right, left)).toBe(equal);
});

test("every UTF-16 unit keeps its place, so positions in the mapped text are valid in the text itself", () => {
  for (let unit = 0; unit <= 0xffff; unit += 1) {
    const text = String.fromCharCode(unit);
    expect(ordinalUpper(text)).toHaveLength(1);
    expect(invariantLower(text)).toHaveLength(1);
  }
});

test("no unit outside ASCII equals an ASCII letter", () => {
  for (let unit = 0x80; unit <= 0xffff; unit += 1) {
    expect(ordinalUpper(String.fromCharCode(unit))).not.toMatch(/^[A-Z]$/);
  }
});
