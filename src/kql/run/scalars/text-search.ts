import { isArray } from "../dynamic-text.ts";
import { toText } from "../conversion.ts";
import type { Call, Compute, FunctionTable, Operand, ScalarFunction } from "../evaluation.ts";
import { asText } from "../operand.ts";
import { indexOfText, someOccurrence } from "../find-text.ts";
import { ordinalUpper } from "../ordinal-text.ts";
import type { Row } from "../values.ts";
import { compileRegex } from "../rust-regex.ts";
import { allPriced, constantOf, operand, scalar } from "./binding.ts";

/** Whether `wanted` is found in `text`, both already folded to one case where case does not count. */
type Test = (text: string, wanted: string) => boolean;

/** Terms are runs of ASCII letters and digits. https://learn.microsoft.com/kusto/query/datatypes-string-operators */
function isTermUnit(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return (unit >= 48 && unit <= 57) || (unit >= 65 && unit <= 90) || (unit >= 97 && unit <= 122);
}

/** A place where `wanted` stands with a term's end before and behind it, as far as it begins or ends inside a term. */
function termTest(atStart: boolean, atEnd: boolean): Test {
  return (text, wanted) => {
    if (wanted === "") return true;
    const needsStart = atStart && isTermUnit(wanted, 0);
    const needsEnd = atEnd && isTermUnit(wanted, wanted.length - 1);
    return someOccurrence(text, wanted, (at) => {
      const isStart = !needsStart || at === 0 || !isTermUnit(text, at - 1);
      const end = at + wanted.length;
      return isStart && (!needsEnd || end === text.length || !isTermUnit(text, end));
    });
  };
}

const has = termTest(true, true);

const FAMILIES: readonly (readonly [name: string, test: Test])[] = [
  ["has", has],
  ["hasprefix", termTest(true, false)],
  ["hassuffix", termTest(false, true)],
  ["contains", (text, wanted) => indexOfText(text, wanted) >= 0],
  ["startswith", (text, wanted) => text.startsWith(wanted)],
  ["endswith", (text, wanted) => text.endsWith(wanted)],
];

const unchanged = (text: string) => text;

function binary(test: Test, fold: (text: string) => string, negative: boolean): (call: Call) => Compute {
  return (call) => {
    const [left, right] = [operand(call, 0), operand(call, 1)];
    const [text, wanted] = [asText(left), asText(right)];
    const folded = folding(wanted, right, fold);
    return (row) => test(fold(text(row)), folded(row)) !== negative;
  };
}

/** The right side is nearly always a constant: it is folded once. */
function folding(read: (row: Row) => string, { constant, type }: Operand, fold: (text: string) => string) {
  if (constant === undefined) return (row: Row) => fold(read(row));
  const folded = fold(toText(constant.value, type));
  return () => folded;
}

function family([name, test]: (typeof FAMILIES)[number]): readonly (readonly [string, ScalarFunction])[] {
  const page = `${name}-operator`;
  const csPage = name === "has" || name === "contains" ? `${name}-cs-operator` : `${name}-cs-operator`;
  return [
    [name, scalar(`a ${name} b`, page, binary(test, ordinalUpper, false))],
    [`!${name}`, scalar(`a !${name} b`, `not-${page}`, binary(test, ordinalUpper, true))],
    [`${name}_cs`, scalar(`a ${name}_cs b`, csPage, binary(test, unchanged, false))],
    [`!${name}_cs`, scalar(`a !${name}_cs b`, `not-${csPage}`, binary(test, unchanged, true))],
  ];
}

/** The texts of a list whose members are values or arrays of them. */
function listed(items: readonly Operand[]): (row: Row) => string[] {
  const texts = items.map(({ compute, type }) => (row: Row) => {
    const value = compute(row);
    return type === "dynamic" && isArray(value)
      ? value.map((each) => ordinalUpper(toText(each, "dynamic")))
      : [ordinalUpper(toText(value, type))];
  });
  const all = (row: Row) => texts.flatMap((text) => text(row));
  if (items.some(({ constant }) => constant === undefined)) return all;
  const constants = all([]);
  return () => constants;
}

/** Of each character, for each text that it is searched for. */
const SEARCH_PRICE = 25;

/** The test whether a text holds a term. Unlike one search, each of many is charged for by itself. */
function eachHas({ evaluation }: Call, text: string): (wanted: string) => boolean {
  const folded = ordinalUpper(text);
  return (wanted) => {
    evaluation.chargeWork((10 + folded.length) * SEARCH_PRICE);
    return has(folded, wanted);
  };
}

export const TEXT_SEARCH: FunctionTable = {
  ...allPriced({ character: 50 }, Object.fromEntries(FAMILIES.flatMap(family))),
  ...allPriced(
    { character: 80 },
    {
      has_any: scalar("a has_any (b, …)", "has-any-operator", (call) => {
        const text = asText(operand(call, 0));
        const wanted = listed(call.operands.slice(1));
        return (row) => wanted(row).some(eachHas(call, text(row)));
      }),
      has_all: scalar("a has_all (b, …)", "has-all-operator", (call) => {
        const text = asText(operand(call, 0));
        const wanted = listed(call.operands.slice(1));
        return (row) => wanted(row).every(eachHas(call, text(row)));
      }),
      has_any_index: scalar("has_any_index(source, values)", "has-any-index-function", (call) => {
        const text = asText(operand(call, 0));
        const wanted = listed(call.operands.slice(1));
        return (row) => {
          const index = wanted(row).findIndex(eachHas(call, text(row)));
          return call.type === "long" ? BigInt(index) : index;
        };
      }),
    },
  ),
  "matches regex": scalar("a matches regex b", "matches-regex-operator", (call) => {
    const text = asText(operand(call, 0));
    const regex = compileRegex(toText(constantOf(call, 1), "string"), call.evaluation);
    return (row) => regex.isMatch(text(row));
  }),
};
