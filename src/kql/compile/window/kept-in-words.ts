import type { Plan, SourceTable, Step } from "../../plan.ts";
import { conjuncts } from "../conjunction.ts";
import { followedRows } from "./followed-rows.ts";
import { operandText } from "./expression-text.ts";
import { NO_ROWS, scopeOf } from "./rows.ts";
import { textIn } from "./trend.ts";

/** Which records `keptRows` keeps: the conditions of each prefix, or `every record`. Those within `mv-apply` are left out. */
export function keptInWords({ steps }: Plan, source: SourceTable): string {
  const [first] = steps;
  const prefixes = first?.step === "union" ? first.branches : [steps];
  const alternatives = new Set(prefixes.map((prefix) => conditionsOf(prefix, source).join(" and ")));
  return alternatives.has("") ? "every record" : [...alternatives].join(", or ");
}

function conditionsOf(steps: readonly Step[], source: SourceTable): string[] {
  const tables = { source, shared: [] };
  const texts: string[] = [];
  let rows = followedRows([{ step: "read", table: source.name }], NO_ROWS, tables);
  for (const step of steps) {
    const scope = scopeOf(rows, tables);
    if (step.step === "where")
      texts.push(...conjuncts(step.predicate).map((each) => operandText(each, textIn(each, scope))));
    rows = followedRows([step], rows, tables);
  }
  return texts;
}
