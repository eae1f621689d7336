import type { Expression, Plan } from "../kql/plan.ts";
import type { Rule } from "../core/incident/rule.ts";
import { children, kindOf, parseQuery, part, textOf, type Syntax } from "../kql/compile/kusto-parser.ts";
import { AUDIT_LOGS } from "../core/event/audit-log-columns.ts";

/** One of the conditions that an event must meet for the rule to fire. */
export interface RuleCondition {
  /** From 1, in the order of evaluation. */
  readonly number: number;
  /** As written in the query, on one line. */
  readonly text: string;
  /** The rule's plan without this condition. */
  readonly relaxed: Plan;
}

/**
 * The conditions of a rule: the parts joined by `and` in each `where` of the query's own pipeline. Conditions within
 * `mv-apply`, `union` and the like only choose rows within an event, so they do not count.
 */
export function conditionsOf({ plan, query }: Pick<Rule, "plan" | "query">): RuleCondition[] {
  const texts = conditionTexts(query);
  const places = plan.steps.flatMap((step, index) =>
    step.step === "where" ? conjuncts(step.predicate).map((_, nth) => ({ index, nth })) : [],
  );
  return places.map(({ index, nth }, at) => ({
    number: at + 1,
    // If a view is read twice or never, the plan has other conditions than the text.
    text: texts.length === places.length ? (texts[at] ?? "") : `condition ${at + 1}`,
    relaxed: { ...plan, steps: plan.steps.with(index, relaxedStep(plan, index, nth)) },
  }));
}

function relaxedStep({ steps }: Plan, index: number, nth: number): Plan["steps"][number] {
  const step = steps[index];
  if (step?.step !== "where") throw new RangeError(`step ${index} is not a where`);
  const kept = conjuncts(step.predicate).filter((_, at) => at !== nth);
  const always: Expression = { kind: "literal", type: "bool", value: true };
  const [first = always, ...rest] = kept;
  const predicate = rest.reduce<Expression>(
    (left, right) => ({ kind: "call", type: "bool", name: "and", arguments: [left, right] }),
    first,
  );
  return { step: "where", predicate };
}

function conjuncts(expression: Expression): Expression[] {
  const isAnd = expression.kind === "call" && expression.name === "and";
  return isAnd ? expression.arguments.flatMap(conjuncts) : [expression];
}

const WITHIN_AN_EVENT = new Set(["MvApplyOperator", "UnionOperator", "FunctionDeclaration", "FunctionCallExpression"]);

function conditionTexts(query: string): string[] {
  const texts: string[] = [];
  const visit = (node: Syntax): void => {
    const kind = kindOf(node);
    if (WITHIN_AN_EVENT.has(kind)) return;
    if (kind === "FilterOperator") texts.push(...conjunctTexts(part(node, "Condition")));
    else for (const child of children(node)) visit(child);
  };
  visit(parseQuery(query, AUDIT_LOGS).Syntax);
  return texts;
}

function conjunctTexts(node: Syntax): string[] {
  const kind = kindOf(node);
  if (kind === "ParenthesizedExpression") return conjunctTexts(part(node, "Expression"));
  if (kind === "AndExpression") return [...conjunctTexts(part(node, "Left")), ...conjunctTexts(part(node, "Right"))];
  return [oneLine(textOf(node))];
}

/** Without comments and line breaks. */
export function oneLine(text: string): string {
  return text
    .replaceAll(/\/\/[^"'\n]*$/gm, "")
    .replaceAll(/\s+/g, " ")
    .trim();
}
