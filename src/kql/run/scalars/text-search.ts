import { isArray } from "../dynamic-text.ts";
import { toText } from "../conversion.ts";
import type { Call, Compute, FunctionTable, Operand, ScalarFunction } from "../evaluation.ts";
import { asText } from "../operand.ts";
import { indexOfText, someOccurrence } from "../find-text.ts";
import { ordinalUpper } from "../ordinal-text.ts";
import type { Row } from "../values.ts";
import { compileRegex } from "../rust-regex.ts";
import { allPriced, constantOf, operand, scalar } from "./binding.ts";
import { flattened } from "./comparison.ts";

/** Whether `text` matches `wanted`. Both are already folded to one case if case does not count. */
type Test = (text: string, wanted: string) => boolean;

/** Terms are runs of ASCII letters and digits. https://learn.microsoft.com/kusto/query/datatypes-string-operators */
function isTermUnit(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return (unit >= 48 && unit <= 57) || (unit >= 65 && unit <= 90) || (unit >= 97 && unit <= 122);
}

/** Finds `wanted` at term boundaries. A boundary is needed only at an end of `wanted` that is itself part of a term. */
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

/** Folds a constant right side, which is the usual case, only once. */
function folding(read: (row: Row) => string, { constant, type }: Operand, fold: (text: string) => string) {
  if (constant === undefined) return (row: Row) => fold(read(row));
  const folded = fold(toText(constant.value, type));
  return () => folded;
}

function family([name, test]: (typeof FAMILIES)[number]): readonly (readonly [string, ScalarFunction])[] {
  return [
    [name, scalar(`a ${name} b`, binary(test, ordinalUpper, false))],
    [`!${name}`, scalar(`a !${name} b`, binary(test, ordinalUpper, true))],
    [`${name}_cs`, scalar(`a ${name}_cs b`, binary(test, unchanged, false))],
    [`!${name}_cs`, scalar(`a !${name}_cs b`, binary(test, unchanged, true))],
  ];
}

/** The texts of a list of values and arrays, which may hold further arrays. */
function listed(items: readonly Operand[]): (row: Row) => string[] {
  const texts = items.map(({ compute, type }) => (row: Row) => {
    const value = compute(row);
    return type === "dynamic" && isArray(value)
      ? flattened(value).map((each) => ordinalUpper(toText(each, "dynamic")))
      : [ordinalUpper(toText(value, type))];
  });
  const all = (row: Row) => texts.flatMap((text) => text(row));
  if (items.some(({ constant }) => constant === undefined)) return all;
  const constants = all([]);
  return () => constants;
}

/** For each character and each text that is searched for. */
const SEARCH_PRICE = 25;

/** Tests a text for terms, charging for each search. */
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
      has_any: scalar("a has_any (b, …)", (call) => {
        const text = asText(operand(call, 0));
        const wanted = listed(call.operands.slice(1));
        return (row) => wanted(row).some(eachHas(call, text(row)));
      }),
      has_all: scalar("a has_all (b, …)", (call) => {
        const text = asText(operand(call, 0));
        const wanted = listed(call.operands.slice(1));
        return (row) => wanted(row).every(eachHas(call, text(row)));
      }),
      has_any_index: scalar("has_any_index(source, values)", (call) => {
        const text = asText(operand(call, 0));
        const wanted = listed(call.operands.slice(1));
        return (row) => {
          const index = wanted(row).findIndex(eachHas(call, text(row)));
          return call.type === "long" ? BigInt(index) : index;
        };
      }),
    },
  ),
  "matches regex": scalar("a matches regex b", (call) => {
    const text = asText(operand(call, 0));
    const regex = compileRegex(toText(constantOf(call, 1), "string"), call.evaluation);
    return (row) => regex.isMatch(text(row));
  }),
};
