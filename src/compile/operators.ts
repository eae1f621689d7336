import { children, textOf, type Syntax } from "./kusto-parser.ts";
import type { LowerOperator } from "./operators/operator.ts";
import {
  lowerExtend,
  lowerProject,
  lowerProjectAway,
  lowerProjectKeep,
  lowerProjectRename,
  lowerProjectReorder,
  lowerWhere,
} from "./operators/row-operators.ts";

/** Every query operator that pimwatch compiles, by the parser's name of its syntax. */
export const OPERATORS: Readonly<Record<string, LowerOperator>> = {
  FilterOperator: lowerWhere,
  ExtendOperator: lowerExtend,
  ProjectOperator: lowerProject,
  ProjectAwayOperator: lowerProjectAway,
  ProjectKeepOperator: lowerProjectKeep,
  ProjectRenameOperator: lowerProjectRename,
  ProjectReorderOperator: lowerProjectReorder,
};

/** The operator's name as it is written: its first word. */
export function operatorName(node: Syntax): string {
  const [keyword] = children(node);
  return keyword === undefined ? textOf(node) : textOf(keyword);
}
