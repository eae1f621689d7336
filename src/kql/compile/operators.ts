import { lowerEvaluate } from "./operators/evaluate-operator.ts";
import { lowerMvApply, lowerMvExpand } from "./operators/expansion-operators.ts";
import { lowerJoin } from "./operators/join-operator.ts";
import type { LowerOperator } from "./operators/operator.ts";
import { lowerParseKv } from "./operators/parse-kv-operator.ts";
import { lowerParse, lowerParseWhere } from "./operators/parse-operator.ts";
import {
  lowerExtend,
  lowerProject,
  lowerProjectAway,
  lowerProjectKeep,
  lowerProjectRename,
  lowerProjectReorder,
  lowerSerialize,
  lowerWhere,
} from "./operators/row-operators.ts";
import { lowerSummarize } from "./operators/summarize-operator.ts";
import {
  lowerAs,
  lowerCount,
  lowerDistinct,
  lowerPrint,
  lowerSort,
  lowerTake,
  lowerTop,
  lowerUnion,
} from "./operators/table-operators.ts";

/** Every query operator that pimwatch compiles, by the parser's name for its node. */
export const OPERATORS: Readonly<Record<string, LowerOperator>> = {
  FilterOperator: lowerWhere,
  ExtendOperator: lowerExtend,
  ProjectOperator: lowerProject,
  ProjectAwayOperator: lowerProjectAway,
  ProjectKeepOperator: lowerProjectKeep,
  ProjectRenameOperator: lowerProjectRename,
  ProjectReorderOperator: lowerProjectReorder,
  MvExpandOperator: lowerMvExpand,
  MvApplyOperator: lowerMvApply,
  ParseOperator: lowerParse,
  ParseWhereOperator: lowerParseWhere,
  ParseKvOperator: lowerParseKv,
  UnionOperator: lowerUnion,
  JoinOperator: lowerJoin,
  SummarizeOperator: lowerSummarize,
  DistinctOperator: lowerDistinct,
  SortOperator: lowerSort,
  TopOperator: lowerTop,
  TakeOperator: lowerTake,
  CountOperator: lowerCount,
  PrintOperator: lowerPrint,
  EvaluateOperator: lowerEvaluate,
  SerializeOperator: lowerSerialize,
  AsOperator: lowerAs,
};
