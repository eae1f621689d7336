import { describe, expect, test } from "vitest";
import { valueOf } from "./query.ts";
import type { Value } from "../../../src/core/kql/values.ts";

const Q = '"';

describe.each<{ what: string; cases: readonly (readonly [expression: string, result: Value, v?: Value])[] }>([
  {
    what: "strings compare exactly with ==, ignoring case with =~, never trimmed",
    cases: [
      ['"a" == "A"', false],
      ['"a" =~ "A"', true],
      ['"a" !~ "A"', false],
      ['"é" =~ "É"', true],
      ['"a " =~ "a"', false],
      ['v.type =~ "USER"', true, { type: "User" }],
      ['v.type =~ ""', true, {}],
    ],
  },
  {
    what: "and, or and not know null",
    cases: [
      ["bool(null) and false", false],
      ["bool(null) and true", null],
      ["bool(null) or true", true],
      ["bool(null) or false", null],
      ["not(bool(null))", null],
      ["not(false)", true],
    ],
  },
  {
    what: "null equals nothing and has no order",
    cases: [
      ["int(null) == int(null)", null],
      ["int(null) == 5", false],
      ["int(null) != 5", true],
      ["int(null) > 5", null],
      ["v.a == 5", false, {}],
      ['v == "[]"', true, []],
      ["v.a == true", true, { a: true }],
      ["v.n == 5", true, { n: 5 }],
    ],
  },
  {
    what: "dynamic access gives null where there is nothing",
    cases: [
      ["v.a.b.c", null, {}],
      ["v[5]", null, [1]],
      ["v[-1]", 3, [1, 2, 3]],
      ["v[-4]", null, [1, 2, 3]],
      ['v.["x y"]', 1, { "x y": 1 }],
      ["v.a[0].b", "x", { a: [{ b: "x" }] }],
      ["v.a", null, "text"],
      ["tostring(v.a)", "", {}],
      ["tostring(v)", '{"a":[1,true,null,"x"]}', { a: [1, true, null, "x"] }],
    ],
  },
  {
    what: "split gives all parts, or the one asked for in an array",
    cases: [
      ['split("a@b", "@")', ["a", "b"]],
      ['split("a@b", "@")[0]', "a"],
      ['split("a@b", "@")[-1]', "b"],
      ['split("a@b", "@")[2]', null],
      ['split("a@b", "@", 1)', ["b"]],
      ['split("a@b", "@", 1)[0]', "b"],
      ['split("a@b", "@", 5)', []],
      ['split("", "@")', [""]],
    ],
  },
  {
    what: "parse_json keeps text that is no JSON",
    cases: [
      [`parse_json('{"a":1}').a`, 1],
      ['parse_json("text")', "text"],
      [`parse_json('${Q}Member${Q}')`, "Member"],
      ["parse_json(v).a", 1, { a: 1 }],
    ],
  },
])("$what", ({ cases }) => {
  test.each(cases.map(([expression, result, v]) => ({ expression, result, v: v ?? null })))("$expression", (one) => {
    expect(valueOf(one.expression, one.v)).toEqual(one.result);
  });
});
