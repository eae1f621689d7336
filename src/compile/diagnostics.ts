import { FUNCTIONS } from "../core/kql/function-table.ts";
import { REFUSED_FUNCTIONS } from "../core/kql/refused.ts";
import { listOf, type KustoCode } from "./kusto-parser.ts";
import { suggestion } from "./nearest-name.ts";
import type { QueryProblem } from "./problem.ts";

/** What Microsoft's parser and binder object to, in the order of the text. */
export function diagnosedProblems(code: KustoCode): QueryProblem[] {
  return listOf(code.GetDiagnostics())
    .filter(({ Severity }) => Severity === "Error")
    .map(({ Code, Start, Message }) => ({ offset: Start, ...explain(code, Code, Message, Start) }))
    .toSorted((left, right) => left.offset - right.offset);
}

function explain(code: KustoCode, diagnostic: string, message: string, offset: number): Omit<QueryProblem, "offset"> {
  const name = /'([^']*)'/.exec(message)?.[1] ?? "";
  switch (diagnostic) {
    case "KS142": {
      const known = listOf(code.GetColumnsInScope(offset)?.Columns).map(({ Name }) => Name);
      return { code: "unknown-column", message: `there is no column or variable "${name}"${suggestion(name, known)}` };
    }
    case "KS204":
      return {
        code: "unknown-table",
        message: `there is no table "${name}" on the stream: pimwatch reads AuditLogs only${suggestion(name, ["AuditLogs"])}`,
      };
    case "KS211": {
      const reason = REFUSED_FUNCTIONS[name];
      if (reason !== undefined) return { code: "unsupported-function", message: `${name} is not supported: ${reason}` };
      return {
        code: "unknown-function",
        message: `there is no function "${name}"${suggestion(name, Object.keys(FUNCTIONS))}`,
      };
    }
    default:
      return { code: diagnostic.startsWith("KS0") ? "syntax" : diagnostic.toLowerCase(), message };
  }
}
