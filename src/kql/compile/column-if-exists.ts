import type { SourceTable } from "../plan.ts";
import {
  columnsInScope,
  isOpenAt,
  elements,
  kindOf,
  parseQuery,
  part,
  textOf,
  walk,
  type KustoCode,
  type Syntax,
} from "./kusto-parser.ts";

const NAMES = new Set(["column_ifexists", "columnifexists"]);

/**
 * Replaces every `column_ifexists("Name", fallback)` with the column or the fallback: the schema is known, except after
 * bag_unpack without declared columns.
 *
 * Microsoft's parser gives the call the type of its fallback, and then refuses `.member` although the column is dynamic.
 * So the text is replaced, padded with spaces to keep all offsets, and bound again.
 */
export function resolveColumnIfExists(text: string, code: KustoCode, source: SourceTable): KustoCode {
  const calls: Syntax[] = [];
  walk(code.Syntax, (node) => {
    if (kindOf(node) === "FunctionCallExpression" && NAMES.has(part(node, "Name").SimpleName ?? "")) calls.push(node);
  });
  let resolved = text;
  // Last call first, so that a call inside another's fallback is replaced before it.
  for (const call of calls.toReversed()) {
    const replacement = meaningOf(call, code, resolved);
    if (replacement === undefined) continue;
    const blanks = " ".repeat(call.End - call.TextStart - replacement.length);
    resolved = resolved.slice(0, call.TextStart) + replacement + blanks + resolved.slice(call.End);
  }
  return resolved === text ? code : parseQuery(resolved, source);
}

function meaningOf(call: Syntax, code: KustoCode, text: string): string | undefined {
  const [name, fallback] = elements(part(part(call, "ArgumentList"), "Expressions"));
  if (name === undefined || fallback === undefined || kindOf(name) !== "StringLiteralExpression") return undefined;
  const column = String(name.LiteralValue);
  const known = columnsInScope(code, call.TextStart).some(({ Name }) => Name === column);
  const reference = /^[A-Za-z_]\w*$/.test(column) ? column : `['${column}']`;
  const otherwise = text.slice(fallback.TextStart, fallback.End).trimEnd();
  // After bag_unpack without declared columns, the event decides whether there is the column.
  const unknown = isOpenAt(code, call.TextStart) ? `coalesce(${reference},${otherwise})` : otherwise;
  const value = known ? reference : unknown;
  const replacement = known || !needsName(call) ? value : `${reference}=${value}`;
  return replacement.length <= call.End - call.TextStart ? replacement : textOf(call);
}

/** Directly in the list of `extend` or `project`, the call names the column even if that column does not exist. */
function needsName(call: Syntax): boolean {
  const parent = call.Parent;
  const operator = parent?.Parent?.Parent;
  if (!parent || !operator || kindOf(parent) !== "SeparatedElement") return false;
  return kindOf(operator) === "ExtendOperator" || kindOf(operator) === "ProjectOperator";
}
