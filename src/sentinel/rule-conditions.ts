import type { Expression, Plan } from "../kql/plan.ts";
import type { Rule } from "../core/incident/rule.ts";
import {
  children,
  elements,
  firstWithin,
  kindOf,
  optionalPart,
  parseQuery,
  part,
  textOf,
  type Syntax,
} from "../kql/compile/kusto-parser.ts";
import { AUDIT_LOGS } from "../core/event/audit-log-columns.ts";

/** One of the conditions that an event must meet for the rule to fire. */
export interface RuleCondition {
  /** From 1, in the order of evaluation. */
  readonly number: number;
  /** As written in the query, on one line. */
  readonly text: string;
  /** The rule's plan without this condition. */
  readonly relaxed: Plan;
  /** Index of the step of the plan that tests it. */
  readonly step: number;
  readonly predicate: Expression;
  /** What the condition compares, without constants. */
  readonly operands: readonly Operand[];
}

interface Operand {
  /** As written in the query, if that is known. */
  readonly text: string;
  readonly value: Expression;
}

/**
 * The conditions of a rule: the parts joined by `and` in each `where` of the query's own pipeline. Conditions within
 * `mv-apply`, `union` and the like only choose rows within an event, so they do not count.
 */
export function conditionsOf({ plan, query }: Pick<Rule, "plan" | "query">): RuleCondition[] {
  const nodes = conditionNodes(query);
  const places = plan.steps.flatMap((step, index) =>
    step.step === "where" ? conjuncts(step.predicate).map((predicate, nth) => ({ index, nth, predicate })) : [],
  );
  return places.map(({ index, nth, predicate }, at) => {
    // If a view is read twice or never, the plan has other conditions than the text.
    const node = nodes.length === places.length ? nodes[at] : undefined;
    return {
      number: at + 1,
      text: node === undefined ? `condition ${at + 1}` : oneLine(textOf(node)),
      relaxed: { ...plan, steps: plan.steps.with(index, relaxedStep(plan, index, nth)) },
      step: index,
      predicate,
      operands: operandsOf(predicate, node),
    };
  });
}

function operandsOf(predicate: Expression, node: Syntax | undefined): Operand[] {
  const values = operandValues(predicate);
  const texts = node === undefined ? [] : operandNodes(node).map((operand) => oneLine(textOf(operand)));
  const isSame = texts.length === values.length || values.length === 1; // the compiler may have folded a variable
  return values.map((value, at) => ({ value, text: (isSame ? texts[at] : undefined) ?? `value ${at + 1}` }));
}

const LOGICAL = new Set(["and", "or", "not"]);

function operandValues(expression: Expression): Expression[] {
  if (expression.kind !== "call") return expression.kind === "literal" ? [] : [expression];
  const { name, arguments: operands } = expression;
  return operands.flatMap((operand) => {
    if (LOGICAL.has(name)) return operandValues(operand);
    return operand.kind === "literal" ? [] : [operand];
  });
}

function operandNodes(node: Syntax): Syntax[] {
  const kind = kindOf(node);
  if (kind === "ParenthesizedExpression") return operandNodes(part(node, "Expression"));
  const [left, right] = [optionalPart(node, "Left"), optionalPart(node, "Right")];
  const isLogical = kind === "AndExpression" || kind === "OrExpression";
  const isNot = kind === "FunctionCallExpression" && part(node, "Name").SimpleName === "not";
  const operands = left === undefined ? argumentsOf(node) : right === undefined ? [left] : [left, right];
  if (operands.length === 0) return isConstant(node) ? [] : [node];
  return operands.flatMap((operand) =>
    isLogical || isNot ? operandNodes(operand) : isConstant(operand) ? [] : [operand],
  );
}

function argumentsOf(node: Syntax): Syntax[] {
  if (kindOf(node) !== "FunctionCallExpression") return [];
  return elements(optionalPart(part(node, "ArgumentList"), "Expressions"));
}

/** Whether a node reads no column. */
function isConstant(node: Syntax): boolean {
  const isFunctionName = ({ Parent }: Syntax) => Parent && kindOf(Parent) === "FunctionCallExpression";
  return firstWithin(node, (within) => kindOf(within) === "NameReference" && !isFunctionName(within)) === undefined;
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

function conditionNodes(query: string): Syntax[] {
  const nodes: Syntax[] = [];
  const visit = (node: Syntax): void => {
    const kind = kindOf(node);
    if (WITHIN_AN_EVENT.has(kind)) return;
    if (kind === "FilterOperator") nodes.push(...conjunctNodes(part(node, "Condition")));
    else for (const child of children(node)) visit(child);
  };
  visit(parseQuery(query, AUDIT_LOGS).Syntax);
  return nodes;
}

function conjunctNodes(node: Syntax): Syntax[] {
  const kind = kindOf(node);
  if (kind === "ParenthesizedExpression") return conjunctNodes(part(node, "Expression"));
  if (kind === "AndExpression") return [...conjunctNodes(part(node, "Left")), ...conjunctNodes(part(node, "Right"))];
  return [node];
}

/** Without comments and line breaks. */
export function oneLine(text: string): string {
  return text
    .replaceAll(/\/\/[^"'\n]*$/gm, "")
    .replaceAll(/\s+/g, " ")
    .trim();
}
