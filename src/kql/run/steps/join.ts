import { bindExpression } from "../bind-expression.ts";
import { CallProblem, type Evaluation } from "../evaluation.ts";
import { chargeValue, priceOfRows } from "../metering.ts";
import type { Expression, JoinKind } from "../../plan.ts";
import type { Row, ScalarType, Value } from "../values.ts";
import { groupKey } from "./grouping.ts";
import type { BindStep } from "./step.ts";

/** Which rows each kind returns. Kusto takes any left row per key for `innerunique`; here it is the first. */
const KINDS: Readonly<Record<JoinKind, JoinForm>> = {
  innerunique: { pairs: true, firstOfKey: true },
  inner: { pairs: true },
  leftouter: { pairs: true, leftAlone: "padded" },
  rightouter: { pairs: true, rightAlone: "padded" },
  fullouter: { pairs: true, leftAlone: "padded", rightAlone: "padded" },
  leftsemi: { leftPartnered: true },
  rightsemi: { rightPartnered: true },
  leftanti: { leftAlone: "bare" },
  rightanti: { rightAlone: "bare" },
};

interface JoinForm {
  /** Each pair of rows with equal keys, as one row. */
  readonly pairs?: true;
  /** Only the first left row of each key takes part. */
  readonly firstOfKey?: true;
  /** Rows of one side that have a partner, without it. */
  readonly leftPartnered?: true;
  readonly rightPartnered?: true;
  /** Rows of one side without a partner, by themselves or with empty columns for the other side. */
  readonly leftAlone?: "padded" | "bare";
  readonly rightAlone?: "padded" | "bare";
}

/** Pairs the rows of two tables by hash: the left rows in their order, then the rows that only the right side gives. */
export const bindJoin: BindStep<"join"> = (step, evaluation, bindSteps) => {
  if (!Object.hasOwn(KINDS, step.kind)) throw new CallProblem(`the plan names an unknown kind of join: ${step.kind}`);
  const form = KINDS[step.kind];
  const runRight = bindSteps(step.right, evaluation);
  const runLeft = bindSteps(step.leftCondition ? [{ step: "where", predicate: step.leftCondition }] : [], evaluation);
  const keyOfLeft = bindKey(step.leftKeys, evaluation);
  const keyOfRight = bindKey(step.rightKeys, evaluation);
  const [noLeft, noRight] = [emptyRow(step.leftTypes), emptyRow(step.rightTypes)];
  const width = noLeft.length + noRight.length;
  const isOfLeft = form.rightPartnered === undefined && form.rightAlone === undefined;
  return (leftRows) => {
    // Most events have no left row, and the right side may be a long list.
    if (isOfLeft && leftRows.length === 0) return [];
    const right = runRight([]).map((row) => ({ row, key: keyOfRight(row), isPartnered: false }));
    const byKey = new Map<string | undefined, typeof right>();
    for (const each of right) {
      const same = byKey.get(each.key) ?? [];
      same.push(each);
      byKey.set(each.key, same);
    }
    const used = new Set<string>();
    const result: Row[] = [];
    const addPair = (pair: Pair): void => {
      const row = [...pair.left, ...pair.right];
      evaluation.window.evidence?.note(row, [pair.left, pair.right], identityOf(pair, form));
      result.push(row);
    };
    const addPadded = (row: Row, from: Row): void => {
      evaluation.window.evidence?.note(row, [from]);
      result.push(row);
    };
    for (const left of runLeft(leftRows)) {
      const key = keyOfLeft(left);
      const partners = key === undefined ? [] : (byKey.get(key) ?? []);
      if (form.firstOfKey && key !== undefined) {
        if (used.has(key)) continue;
        used.add(key);
      }
      for (const partner of partners) partner.isPartnered = true;
      if (form.pairs) {
        evaluation.checkRows(result.length + partners.length);
        evaluation.chargeWork(priceOfRows(partners.length, width));
        for (const { row } of partners) addPair({ left, right: row, key });
      }
      if (form.leftPartnered && partners.length > 0) result.push(left);
      if (partners.length > 0 || form.leftAlone === undefined) continue;
      if (form.leftAlone === "bare") result.push(left);
      else addPadded([...left, ...noRight], left);
    }
    for (const { row, isPartnered } of right) {
      if (isPartnered ? form.rightPartnered : form.rightAlone === "bare") result.push(row);
      else if (!isPartnered && form.rightAlone === "padded") addPadded([...noLeft, ...row], row);
    }
    return result;
  };
};

interface Pair {
  readonly left: Row;
  readonly right: Row;
  readonly key: string | undefined;
}

/** A side that a row may lack is not a part of its identity. Which left row `innerunique` takes may change with each new row. */
function identityOf(
  { left, right, key = "" }: Pair,
  form: JoinForm,
): { readonly rows: readonly Row[]; readonly key?: string } {
  if (form.firstOfKey) return { rows: [right], key };
  if (form.leftAlone) return { rows: [left] };
  return { rows: form.rightAlone ? [right] : [left, right] };
}

/** A text that is equal for equal keys; undefined if one of them is null, which equals nothing. */
function bindKey(keys: readonly Expression[], evaluation: Evaluation) {
  const bound = keys.map((key) => bindExpression(key, evaluation));
  const types = bound.map(({ type }) => type);
  return (row: Row): string | undefined => {
    const values = bound.map(({ compute }) => comparable(compute(row)));
    if (values.includes(null)) return undefined;
    const key = groupKey(values, types);
    chargeValue(key, evaluation);
    return key;
  };
}

/** NaN equals nothing, as null does; −0 equals 0. */
function comparable(value: Value): Value {
  if (typeof value !== "number") return value;
  return Number.isNaN(value) ? null : value + 0;
}

function emptyRow(types: readonly ScalarType[]): Row {
  return types.map((type) => (type === "string" ? "" : null));
}
