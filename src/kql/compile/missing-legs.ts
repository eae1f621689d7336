import type { SourceTable } from "../plan.ts";
import {
  diagnosticsOf,
  elements,
  kindOf,
  parseQuery,
  part,
  textOf,
  walk,
  type KustoCode,
  type KustoDiagnostic,
  type Syntax,
} from "./kusto-parser.ts";
import { parameterOf } from "./operators/operator.ts";
import type { QueryProblem } from "./problem.ts";

/** The binder's warning about a table that `union isfuzzy=true` names and that does not exist. */
const MISSING_TABLE = "KS205";

interface WithoutMissingLegs {
  readonly text: string;
  readonly code: KustoCode;
  /** Says of each leg that it was dropped, at its place. */
  readonly dropped: readonly QueryProblem[];
}

/**
 * Drops each leg of `union isfuzzy=true` whose table does not exist, as Kusto does, if at least one leg remains. The binder
 * would give the leg's columns unknown types. So its text is replaced by spaces, which keeps all offsets, and bound again.
 */
export function withoutMissingLegs(text: string, code: KustoCode, source: SourceTable): WithoutMissingLegs {
  const missing = diagnosticsOf(code).filter(({ Code }) => Code === MISSING_TABLE);
  if (missing.length === 0) return { text, code, dropped: [] };
  const missingIn = (leg: Syntax) => missing.find(({ Start }) => leg.TextStart <= Start && Start < leg.End);
  let innermost: { readonly legs: readonly Syntax[]; readonly kept: readonly Syntax[] } | undefined;
  walk(code.Syntax, (node) => {
    const fuzzy = kindOf(node) === "UnionOperator" ? parameterOf(node, "isfuzzy") : undefined;
    if (fuzzy === undefined || textOf(fuzzy) !== "true") return;
    const legs = elements(part(node, "Expressions"));
    const kept = legs.filter((leg) => missingIn(leg) === undefined);
    // A leg that is a union itself may lose a leg of its own and stay: so the last of several comes first.
    if (kept.length > 0 && kept.length < legs.length) innermost = { legs, kept };
  });
  if (innermost === undefined) return { text, code, dropped: [] };
  const { legs, kept } = innermost;
  const shortened = keepingLegs(text, legs, kept);
  const rest = withoutMissingLegs(shortened, parseQuery(shortened, source), source);
  return { ...rest, dropped: [...legs.flatMap((leg) => droppedLeg(missingIn(leg))), ...rest.dropped] };
}

function droppedLeg(missing: KustoDiagnostic | undefined): QueryProblem[] {
  if (missing === undefined) return [];
  const name = /'([^']*)'/.exec(missing.Message)?.[1] ?? "";
  const message = `there is no table "${name}" on the stream, so union isfuzzy=true drops this leg`;
  return [{ offset: missing.Start, code: "dropped-leg", message }];
}

/** The text with only some legs of a union. A comma fits behind each leg, since one stood between it and the next. */
function keepingLegs(text: string, legs: readonly Syntax[], kept: readonly Syntax[]): string {
  const [start, end] = [legs[0]?.TextStart ?? 0, legs.at(-1)?.End ?? 0];
  const blank = text.slice(start, end).replaceAll(/[^\n]/g, " ").split("");
  for (const leg of kept) {
    const own = text.slice(leg.TextStart, leg.End);
    blank.splice(leg.TextStart - start, own.length, ...own.split(""));
    if (leg !== kept.at(-1)) blank[leg.End - start] = ",";
  }
  return text.slice(0, start) + blank.join("") + text.slice(end);
}
