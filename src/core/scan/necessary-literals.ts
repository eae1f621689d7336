import { AUDIT_LOG_COLUMNS } from "../event/audit-log-columns.ts";
import type { Expression, JoinKind, Plan, Step } from "../../kql/plan.ts";
import type { ScalarType } from "../../kql/run/values.ts";
import { type Literal, MINIMUM_KEYED_LENGTH, MINIMUM_LITERAL_LENGTH, searchablePart } from "./literal.ts";

/** One of `literals` stands in every record that can match; `rank` says how telling their column is. */
interface Condition {
  readonly literals: readonly Literal[];
  readonly rank: number;
}

/**
 * Where a column's text comes from: the record's own strings, or their JSON text, as a whole or cut out of
 * them. Undefined: computed, so nothing is known of the record's bytes.
 */
interface Origin {
  readonly rank: number;
  readonly isPart: boolean;
  /** As in Literal. */
  readonly key?: string | undefined;
}

/** By column. Undefined as a whole where not even their number is known. */
type Origins = readonly (Origin | undefined)[] | undefined;

/** What is known of a table: what its rows need, and where its columns come from. */
interface Known {
  readonly condition: Condition | undefined;
  readonly columns: Origins;
}

/**
 * The literals of which a record must hold at least one to match, or undefined where none are necessary.
 *
 * Sound for every plan: a step, function or operator that is not named here adds nothing, and one that may make
 * rows out of none takes away what was known. What each of them means is said in `src/kql/run`.
 */
export function necessaryLiterals(plan: Plan): readonly Literal[] | undefined {
  return afterSteps(plan.steps, { condition: undefined, columns: SOURCE }).condition?.literals;
}

/** Columns whose text is the record's own, ranked by how few records share a value. Others are constant, of other types, or changed. */
const RANKS: Readonly<Record<string, number>> = {
  OperationName: 3,
  ActivityDisplayName: 3,
  ResultReason: 2,
  ResultDescription: 2,
  TargetResources: 2,
  InitiatedBy: 2,
  AdditionalDetails: 2,
  Identity: 2,
  Id: 2,
  CorrelationId: 2,
  Category: 1,
  LoggedByService: 1,
  AADOperationType: 1,
  OperationVersion: 0,
  Result: 0,
  ResultType: 0,
  ResultSignature: 0,
  ResourceId: 0,
  Resource: 0,
  ResourceGroup: 0,
  Level: 0,
  Location: 0,
};

/**
 * Long keys whose values can be short names. `operationName` is a key of the record itself, which no relay writes as JSON
 * text (`src/core/event/record-shape.ts`); the others are keys of `properties`.
 */
const KEYS: Readonly<Record<string, string>> = {
  OperationName: '"operationName"',
  ActivityDisplayName: "activityDisplayName",
  LoggedByService: "loggedByService",
};

const SOURCE: Origins = AUDIT_LOG_COLUMNS.map(({ name }) => {
  const rank = RANKS[name];
  // The two that are cut out of the resource's id.
  return rank === undefined
    ? undefined
    : { rank, isPart: name === "Resource" || name === "ResourceGroup", key: KEYS[name] };
});

function afterSteps(steps: readonly Step[], start: Known): Known {
  let known = start;
  for (const step of steps) known = afterStep(step, known);
  return known;
}

/** Joins each of whose rows holds a left row. */
const OF_LEFT_ROWS = new Set<JoinKind>(["inner", "innerunique", "leftouter", "leftsemi", "leftanti"]);

const NOTHING: Known = { condition: undefined, columns: undefined };

function afterStep(step: Step, { condition, columns }: Known): Known {
  switch (step.step) {
    case "where":
      return { condition: better(condition, conditionOf(step.predicate, columns)), columns };
    case "project":
      return { condition, columns: step.values.map((value) => originOf(value, columns)) };
    case "mv-expand":
      return { condition, columns: expanded(step, columns) };
    case "mv-apply": {
      // The subquery runs once for each input row, and its columns come behind the input's.
      const inner = afterSteps(step.steps, { condition: undefined, columns: expanded(step, columns) });
      return { condition: better(condition, inner.condition), columns: appended(columns, inner.columns) };
    }
    case "parse":
      return { condition, columns: appended(columns, unknown(step.parts.filter(({ kind }) => kind === "column"))) };
    case "parse-kv":
      return { condition, columns: appended(columns, unknown(step.keys)) };
    case "row-functions":
      return { condition, columns: appended(columns, unknown(step.calls)) };
    case "union": {
      // What was known before holds for a branch too, unless the branch makes rows out of none.
      const branches = step.branches.map((branch) => afterSteps(branch, { condition, columns }).condition);
      return { condition: anyOf(branches), columns: undefined };
    }
    case "summarize":
      // Without keys there is a row even over no rows.
      if (step.by.length === 0) return NOTHING;
      return {
        condition,
        columns: [...step.by.map((key) => originOf(key, columns)), ...unknown(step.aggregates)],
      };
    case "join":
      // Other kinds return rows of the right side alone.
      if (!OF_LEFT_ROWS.has(step.kind)) return NOTHING;
      return { condition, columns: appended(columns, unknown(step.rightTypes)) };
    case "distinct":
    case "order":
    case "take":
      return { condition, columns };
    case "table":
    default:
      return NOTHING;
  }
}

function unknown(columns: readonly unknown[]): readonly undefined[] {
  return columns.map(() => undefined);
}

function appended(columns: Origins, added: Origins): Origins {
  return columns && added && [...columns, ...added];
}

/** Behind the input's columns come the elements and the index. */
function expanded(step: Extract<Step, { step: "mv-expand" | "mv-apply" }>, columns: Origins): Origins {
  const elements = step.expansions.map(({ value, type }) => (isText(type) ? originOf(value, columns) : undefined));
  return appended(columns, step.withIndex ? [...elements, undefined] : elements);
}

/** Types whose values are the record's strings, or are written as JSON. */
function isText(type: ScalarType): boolean {
  return type === "string" || type === "dynamic";
}

/** Both must hold, so one of them will do: the more telling, then the one whose shortest literal is longer. */
function better(a: Condition | undefined, b: Condition | undefined): Condition | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.rank !== b.rank) return a.rank > b.rank ? a : b;
  return shortest(a) >= shortest(b) ? a : b;
}

function shortest({ literals }: Condition): number {
  return Math.min(...literals.map(({ text }) => text.length));
}

/** One of them must hold: the literals of all. */
function anyOf(conditions: readonly (Condition | undefined)[]): Condition | undefined {
  const known = conditions.filter((condition) => condition !== undefined);
  if (known.length === 0 || known.length < conditions.length) return undefined;
  return { literals: known.flatMap(({ literals }) => literals), rank: Math.min(...known.map(({ rank }) => rank)) };
}

/** How a function compares its first argument with the others, where being true makes them stand in it. */
interface Comparison {
  readonly ignoreCase: boolean;
  /** Whether the text as a whole is the literal, or begins with it: then it is no JSON text of an object or array. */
  readonly fromStart: boolean;
  readonly list: "one" | "any" | "all";
}

const compares = (ignoreCase: boolean, fromStart: boolean, list: Comparison["list"] = "one"): Comparison => ({
  ignoreCase,
  fromStart,
  list,
});

const COMPARISONS: Readonly<Record<string, Comparison>> = {
  "==": compares(false, true),
  "=~": compares(true, true),
  in: compares(false, true, "any"),
  "in~": compares(true, true, "any"),
  startswith: compares(true, true),
  startswith_cs: compares(false, true),
  has: compares(true, false),
  has_cs: compares(false, false),
  hasprefix: compares(true, false),
  hasprefix_cs: compares(false, false),
  hassuffix: compares(true, false),
  hassuffix_cs: compares(false, false),
  contains: compares(true, false),
  contains_cs: compares(false, false),
  endswith: compares(true, false),
  endswith_cs: compares(false, false),
  has_any: compares(true, false, "any"),
  has_all: compares(true, false, "all"),
};

function conditionOf(predicate: Expression, columns: Origins): Condition | undefined {
  if (predicate.kind !== "call") return undefined;
  const { name, arguments: operands } = predicate;
  if (name === "and") {
    return operands.map((each) => conditionOf(each, columns)).reduce(better, undefined);
  }
  if (name === "or") return anyOf(operands.map((each) => conditionOf(each, columns)));
  const comparison = Object.hasOwn(COMPARISONS, name) ? COMPARISONS[name] : undefined;
  const isSwapped = (name === "==" || name === "=~") && operands[0]?.kind === "literal";
  const [first, ...others] = isSwapped ? operands.toReversed() : operands;
  if (comparison === undefined || first === undefined) return undefined;
  return compared(comparison, first, others, columns);
}

/** Most texts of a list that are searched for: a scan for a thousand is made in a quarter of a second, at each start. */
const MOST_LISTED = 1_000;

// eslint-disable-next-line max-params -- the three parts of one comparison, and where its columns come from
function compared(
  comparison: Comparison,
  first: Expression,
  others: readonly Expression[],
  columns: Origins,
): Condition | undefined {
  const origin = originOf(first, columns);
  const texts = others.map((other) => textsOf(other, comparison.list !== "one"));
  if (origin === undefined || texts.includes(undefined)) return undefined;
  if (texts.flat().length > MOST_LISTED) return undefined;
  const each = texts.flat().map((text) => literalCondition(text ?? "", comparison, origin));
  return comparison.list === "all" ? each.reduce(better, undefined) : anyOf(each);
}

/** The texts that a constant stands for: itself or, in a list, its elements. Undefined where it is none, or not text. */
function textsOf(expression: Expression, inList: boolean): readonly string[] | undefined {
  if (expression.kind !== "literal") return undefined;
  const { type, value } = expression;
  if (type === "string" && typeof value === "string") return [value];
  if (!inList || type !== "dynamic" || !Array.isArray(value)) return undefined;
  const elements: readonly unknown[] = value;
  const texts = elements.filter((element) => typeof element === "string");
  return texts.length === elements.length ? texts : undefined;
}

function literalCondition(text: string, { ignoreCase, fromStart }: Comparison, origin: Origin): Condition | undefined {
  const isWholeString = fromStart && !origin.isPart && !/^[{["]/.test(text);
  const { key, rank } = origin;
  const part = searchablePart(text, !isWholeString, key === undefined ? MINIMUM_LITERAL_LENGTH : MINIMUM_KEYED_LENGTH);
  return part === undefined ? undefined : { literals: [{ text: part, ignoreCase, ...(key && { key }) }], rank };
}

/** Functions whose result is their first argument's text, an element of it or a part of it. */
const WHOLE = new Set([".", "[]", "tostring"]);
const PARTS = new Set(["split", "substring", "trim", "trim_start", "trim_end"]);

function originOf(expression: Expression, columns: Origins): Origin | undefined {
  if (!isText(expression.type)) return undefined;
  if (expression.kind === "column") return columns?.[expression.index];
  if (expression.kind !== "call") return undefined;
  const { name, arguments: operands } = expression;
  const [first] = operands;
  if (first === undefined || (!WHOLE.has(name) && !PARTS.has(name))) return undefined;
  // `split`, `substring`: the source is first. `trim`: the regular expression is.
  const source = name.startsWith("trim") ? operands[1] : first;
  const origin = source && originOf(source, columns);
  return origin && { ...origin, isPart: origin.isPart || PARTS.has(name) };
}
