import { AGGREGATES } from "../core/kql/aggregates.ts";
import { FUNCTIONS } from "../core/kql/function-table.ts";
import { REFUSED_FUNCTIONS } from "../core/kql/refused.ts";
import { supportTable } from "../core/kql/support.ts";
import { listOf, type KustoCode } from "./kusto-parser.ts";
import { suggestion } from "./nearest-name.ts";
import type { QueryProblem } from "./problem.ts";

/** Names that a misspelt word may have meant. */
const FUNCTION_NAMES = [...Object.keys(FUNCTIONS), ...Object.keys(AGGREGATES)].filter((name) => /^\w+$/.test(name));
const OPERATOR_WORDS = supportTable()
  .filter(({ kind }) => kind === "operator")
  .map(({ name }) => name.split(" ")[0] ?? name);

/** What Microsoft's parser and binder object to, in the order of the text. */
export function diagnosedProblems(code: KustoCode, text: string): QueryProblem[] {
  return listOf(code.GetDiagnostics())
    .filter(({ Severity }) => Severity === "Error")
    .map(({ Code, Start, Message }) => ({
      offset: Start,
      ...explain({ code, text, diagnostic: Code, message: Message, offset: Start }),
    }))
    .toSorted((left, right) => left.offset - right.offset);
}

interface Diagnosed {
  readonly code: KustoCode;
  readonly text: string;
  readonly diagnostic: string;
  readonly message: string;
  readonly offset: number;
}

function explain({ code, text, diagnostic, message, offset }: Diagnosed): Omit<QueryProblem, "offset"> {
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
    case "KS176": {
      const word = /^[\w-]+/.exec(text.slice(offset))?.[0] ?? "";
      if (word === "") break;
      return { code: "unknown-operator", message: `there is no operator "${word}"${suggestion(word, OPERATOR_WORDS)}` };
    }
    case "KS211": {
      const reason = Object.hasOwn(REFUSED_FUNCTIONS, name) ? REFUSED_FUNCTIONS[name] : undefined;
      if (reason !== undefined) return { code: "unsupported-function", message: `${name} is not supported: ${reason}` };
      return {
        code: "unknown-function",
        message: `there is no function "${name}"${suggestion(name, FUNCTION_NAMES)}`,
      };
    }
    default:
      break;
  }
  return { code: diagnostic.startsWith("KS0") ? "syntax" : diagnostic.toLowerCase(), message };
}
