import type { Expression, JoinKind } from "../../plan.ts";
import type { ScalarType } from "../../run/values.ts";
import { elements, kindOf, optionalPart, part, textOf, type Syntax } from "../kusto-parser.ts";
import { columnExpression, refusal, type Environment, type ScopeColumn, type Table } from "../scope.ts";
import { parameterOf, refuseUnavailable, withStep, type LowerOperator } from "./operator.ts";

/** Every name of each kind. Without `kind`, Kusto joins as innerunique. */
const KINDS: Readonly<Record<string, JoinKind>> = {
  innerunique: "innerunique",
  inner: "inner",
  leftouter: "leftouter",
  rightouter: "rightouter",
  fullouter: "fullouter",
  leftsemi: "leftsemi",
  rightsemi: "rightsemi",
  leftanti: "leftanti",
  leftantisemi: "leftanti",
  anti: "leftanti",
  rightanti: "rightanti",
  rightantisemi: "rightanti",
};

const LEFT_ONLY: ReadonlySet<JoinKind> = new Set(["leftsemi", "leftanti"]);
const RIGHT_ONLY: ReadonlySet<JoinKind> = new Set(["rightsemi", "rightanti"]);
/** Kinds whose rows depend on all left rows: with constants on the right, one event decides the others. */
const OF_RIGHT_ROWS: ReadonlySet<JoinKind> = new Set(["rightsemi", "rightanti", "rightouter", "fullouter"]);

/**
 * Pairs the input's rows with those of another table. Hints change nothing of the result.
 *
 * @see https://learn.microsoft.com/kusto/query/join-operator
 */
export const lowerJoin: LowerOperator = (node, left, environment) => {
  const { subqueryInput: _input, ...around } = environment;
  const right = environment.lower.table(part(node, "Expression"), around);
  const written = parameterOf(node, "kind");
  const kind = KINDS[written === undefined ? "innerunique" : textOf(written)];
  if (kind === undefined)
    throw refusal(node, environment, "unsupported-operator", `there is no kind of join ${written && textOf(written)}`);
  if (environment.shared === undefined && (right.readsEvent || OF_RIGHT_ROWS.has(kind)))
    throw refusal(node, environment, "not-event-local", "join compares events with one another");
  const sides: Sides = { left, right, environment };
  const clause = optionalPart(node, "ConditionClause");
  const conditions = clause && optionalPart(clause, "Expressions");
  if (conditions === undefined)
    throw refusal(node, environment, "unsupported-operator", "pimwatch joins only with a condition: … on Column");
  const keys = elements(conditions).flatMap((each) => keysOf(each, sides));
  return withStep(
    { ...left, readsEvent: left.readsEvent || right.readsEvent },
    {
      step: "join",
      kind,
      right: right.steps,
      leftKeys: keys.map((key) => key.left),
      rightKeys: keys.map((key) => key.right),
      leftTypes: typesOf(left),
      rightTypes: typesOf(right),
    },
    columnsOf(kind, sides),
  );
};

interface Sides {
  readonly left: Table;
  readonly right: Table;
  readonly environment: Environment;
}

interface Key {
  readonly left: Expression;
  readonly right: Expression;
}

/** The keys of a condition: a column of both sides, or `$left.a == $right.b`, joined by `and`. */
function keysOf(node: Syntax, sides: Sides): Key[] {
  const { left, right, environment } = sides;
  switch (kindOf(node)) {
    case "ParenthesizedExpression":
      return keysOf(part(node, "Expression"), sides);
    case "AndExpression":
      return [...keysOf(part(node, "Left"), sides), ...keysOf(part(node, "Right"), sides)];
    case "NameReference": {
      const name = node.SimpleName ?? textOf(node);
      return [
        keyOf(
          node,
          { left: columnOf(name, node, left, environment), right: columnOf(name, node, right, environment) },
          sides,
        ),
      ];
    }
    case "EqualExpression": {
      const [ofLeft, ofRight] = [columnOfSide(node, "Left"), columnOfSide(node, "Right")];
      if (ofLeft === undefined || ofRight === undefined) break;
      const key = {
        left: columnOf(ofLeft, node, left, environment),
        right: columnOf(ofRight, node, right, environment),
      };
      return [keyOf(node, key, sides)];
    }
    default:
      break;
  }
  const message = `${textOf(node)}: a join needs a column of both sides, or $left.a == $right.b`;
  throw refusal(node, environment, "unsupported-expression", message);
}

/** The column of `$left.a == $right.b` on one side. The binder has checked that the left side is written first. */
function columnOfSide(node: Syntax, side: "Left" | "Right"): string | undefined {
  const path = part(node, side);
  if (kindOf(path) !== "PathExpression") return undefined;
  const selector = part(path, "Selector");
  return selector.SimpleName ?? textOf(selector);
}

// eslint-disable-next-line max-params -- the name, where it stands, and where it is looked up
function columnOf(name: string, node: Syntax, table: Table, environment: Environment): Expression {
  const index = table.columns.findIndex((column) => column.name === name);
  if (index < 0) throw refusal(node, environment, "unknown-column", `there is no column "${name}"`);
  const column = columnExpression(table.columns, index);
  refuseUnavailable([column], node, table, environment);
  return column;
}

/** Numbers are compared in the wider type. */
const WIDER: readonly ScalarType[] = ["int", "long", "real", "decimal"];

function keyOf(node: Syntax, { left, right }: Key, { environment }: Sides): Key {
  if (left.type === "dynamic" || right.type === "dynamic") {
    const message = `${textOf(node)}: a join key cannot be dynamic. Convert it on both sides, e.g. with tostring()`;
    throw refusal(node, environment, "invalid-type", message);
  }
  if (left.type === right.type) return { left, right };
  const type = WIDER[Math.max(WIDER.indexOf(left.type), WIDER.indexOf(right.type))];
  if (type === undefined || !WIDER.includes(left.type) || !WIDER.includes(right.type)) {
    const message = `${textOf(node)}: the sides have the types ${left.type} and ${right.type}, which are never equal`;
    throw refusal(node, environment, "invalid-type", message);
  }
  return { left: converted(left, type), right: converted(right, type) };
}

function converted(value: Expression, type: ScalarType): Expression {
  return value.type === type ? value : { kind: "call", type, name: `to${type}`, arguments: [value] };
}

function typesOf({ columns }: Table): ScalarType[] {
  return columns.map(({ type }) => type);
}

/** The left side's columns, then the right's. A name that is taken gets a number, as in the binder: `TimeGenerated1`. */
function columnsOf(kind: JoinKind, { left, right }: Sides): readonly ScopeColumn[] {
  if (LEFT_ONLY.has(kind)) return left.columns;
  if (RIGHT_ONLY.has(kind)) return right.columns;
  const both = [...left.columns, ...right.columns];
  const written = new Set(both.map(({ name }) => name));
  const taken = new Set<string>();
  return both.map((column) => {
    let { name } = column;
    for (let suffix = 1; taken.has(name); suffix += 1) {
      const numbered = `${column.name}${suffix}`;
      if (!written.has(numbered)) name = numbered;
    }
    taken.add(name);
    return { ...column, name };
  });
}
