import { AUDIT_LOG_COLUMNS } from "../core/event/audit-log-columns.ts";
import type { Expression, Step } from "../kql/plan.ts";
import type { RuleCondition } from "./rule-conditions.ts";

/** Values by path in a record, such as `properties.targetResources[0].type`. */
export type PathValues = Readonly<Record<string, string>>;

/** Any text that no rule looks for. */
const OTHER = "Something else";

const PATHS: Partial<Record<(typeof AUDIT_LOG_COLUMNS)[number]["name"], string>> = {
  OperationName: "operationName",
  ResultType: "resultType",
  ResultSignature: "resultSignature",
  ResultDescription: "resultDescription",
  CorrelationId: "correlationId",
  Identity: "identity",
  Level: "Level",
  Category: "properties.category",
  AdditionalDetails: "properties.additionalDetails",
  Id: "properties.id",
  InitiatedBy: "properties.initiatedBy",
  LoggedByService: "properties.loggedByService",
  Result: "properties.result",
  ResultReason: "properties.resultReason",
  TargetResources: "properties.targetResources",
  ActivityDisplayName: "properties.activityDisplayName",
  AADOperationType: "properties.operationType",
};

/**
 * Values that probably meet a condition, or fail it, taken from the constants that it compares with fields of the record.
 *
 * A guess for a person to check: a condition that compares in another way has none.
 */
export function likelyValues(
  steps: readonly Step[],
  { step, predicate }: RuleCondition,
  wanted: "meets" | "fails",
): PathValues {
  return valuesFor(predicate, pathsBefore(steps.slice(0, step)), wanted === "meets") ?? {};
}

/** Where in the record the columns come from before the next step; undefined for computed ones. */
type Paths = readonly (string | undefined)[];

function pathsBefore(steps: readonly Step[]): Paths {
  let paths: Paths = AUDIT_LOG_COLUMNS.map(({ name }) => PATHS[name]);
  for (const step of steps) {
    const before = paths;
    if (step.step === "project") paths = step.values.map((value) => pathOf(value, before));
    if (step.step === "mv-expand" || step.step === "mv-apply")
      paths = [...before, ...step.expansions.map(({ value }) => within(pathOf(value, before), "[0]"))];
  }
  return paths;
}

const SAME_TEXT = new Set(["tostring", "tolower", "toupper", "trim"]);

function pathOf(expression: Expression, paths: Paths): string | undefined {
  if (expression.kind === "column") return paths[expression.index];
  if (expression.kind !== "call") return undefined;
  const [first, second] = expression.name === "trim" ? expression.arguments.toReversed() : expression.arguments;
  if (first === undefined) return undefined;
  if (SAME_TEXT.has(expression.name)) return pathOf(first, paths);
  if (second?.kind !== "literal" || typeof second.value !== "string") return undefined;
  if (expression.name !== "." && expression.name !== "[]") return undefined;
  const isIndex = expression.name === "[]" && second.type === "long";
  return within(pathOf(first, paths), isIndex ? `[${second.value}]` : `.${second.value}`);
}

function within(path: string | undefined, rest: string): string | undefined {
  return path === undefined ? undefined : `${path}${rest}`;
}

function valuesFor(expression: Expression, paths: Paths, isWanted: boolean): PathValues | undefined {
  if (expression.kind !== "call") return undefined;
  const { name, arguments: operands } = expression;
  const each = (wanted: boolean) => operands.map((operand) => valuesFor(operand, paths, wanted));
  if (name === "not") return each(!isWanted)[0];
  if (name === "and" || name === "or") {
    const found = each(isWanted).filter((values) => values !== undefined);
    // All parts of `and` must be met, and all parts of `or` failed. Otherwise one is enough.
    return (name === "and") === isWanted ? Object.assign({}, ...found) : found[0];
  }
  const path = operands[0] && pathOf(operands[0], paths);
  if (path === undefined) return undefined;
  const isNegated = name.startsWith("!") || name === "isempty";
  if (name === "isempty" || name === "isnotempty") return { [path]: isNegated === isWanted ? "" : OTHER };
  const constants = operands.slice(1).flatMap(constantTexts);
  const [first] = constants;
  if (first === undefined) return undefined;
  return { [path]: isNegated === isWanted ? OTHER : name.includes("has_all") ? constants.join(" ") : first };
}

function constantTexts(expression: Expression): string[] {
  if (expression.kind !== "literal") return [];
  const values = Array.isArray(expression.value) ? expression.value : [expression.value];
  return values.filter((value) => typeof value === "string");
}
