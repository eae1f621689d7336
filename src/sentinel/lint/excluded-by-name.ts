import { kindOf, part, textOf, walk, type Syntax } from "../../kql/compile/kusto-parser.ts";
import type { Problem } from "../../kql/compile/problem.ts";
import { exclusionsOf, type OverlayFile } from "../overlay/overlay.ts";
import { oneLine } from "../rule-conditions.ts";
import { placeOf } from "../yaml-file.ts";

const REASON = "anybody can give an application or a person that display name";

/**
 * Conditions of a query that leave out records of an actor by display name, as some of Microsoft's rules do with MS-PIM. A
 * published file stays as it is, so this is a note. Our rule role-assigned-outside-of-pim goes by application id.
 */
export function queryExclusionsByName(query: Syntax, note: (offset: number, message: string) => void): void {
  walk(query, (node) => {
    if (!leavesOut(node)) return false;
    const condition = oneLine(textOf(node));
    if (goesByName(condition))
      note(node.TextStart, `${condition}: ${REASON}; let a rule by application id run beside it`);
    return true;
  });
}

/** `!=`, `!~`, `!in`, `!has` and the like, and `not(…)`. */
function leavesOut(node: Syntax): boolean {
  const kind = kindOf(node);
  if (kind === "FunctionCallExpression") return part(node, "Name").SimpleName === "not";
  return kind.startsWith("Not") && kind.endsWith("Expression");
}

/** Exclusions of an overlay that go by an actor's display name alone. */
export function overlayExclusionsByName(source: OverlayFile): Problem[] {
  const message = `${REASON}; exclude an object id, a client id or a principal name`;
  const { file } = source;
  return exclusionsOf(source)
    .filter(({ condition }) => goesByName(condition))
    .map(({ path }) => ({
      file: file.name,
      ...placeOf(file, path),
      level: "warning",
      code: "excluded-by-name",
      message,
    }));
}

const ACTOR_NAME = /\bIdentity\b|\bInitiat\w*(?:App|Display)Name\b|\bInitiatedBy\b.*\bdisplayName\b/i;
const ACTOR_ID = /\b\w*(?:Id|UserPrincipalName|userPrincipalName)\b|\.id\b/;
const LITERAL = /"[^"]*"|'[^']*'/g;
const PIM = /^["']MS-PIM(?:-\w+)?["']$/i;

/** Whether a condition compares a display name of the actor with a text, and no id. */
function goesByName(condition: string): boolean {
  const literals = condition.match(LITERAL) ?? [];
  const columns = condition.replaceAll(LITERAL, "");
  const names = ACTOR_NAME.test(columns)
    ? literals.filter((literal) => literal.length > 2)
    : literals.filter((literal) => PIM.test(literal));
  return names.length > 0 && !ACTOR_ID.test(columns);
}
