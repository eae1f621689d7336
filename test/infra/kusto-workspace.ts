import { globSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import type { Syntax } from "../../src/kql/compile/kusto-parser.ts";
import { AUDIT_LOG_COLUMNS } from "../../src/core/event/audit-log-columns.ts";
import incidentColumns from "../../infra/incident-columns.json" with { type: "json" };

/*
 * A Log Analytics workspace for binding: the tables that our queries read, with the columns we rely on, and the saved
 * functions. Microsoft's own parser returns a query's columns and its errors.
 */

interface Column {
  readonly name: string;
  readonly type: string;
}

export interface BoundQuery {
  readonly syntax: Syntax;
  /** The query's columns, in order. */
  readonly columns: readonly Column[];
  readonly problems: readonly string[];
}

/** https://learn.microsoft.com/azure/azure-monitor/reference/tables-index */
const TABLES: Readonly<Record<string, readonly Column[]>> = {
  [incidentColumns.table]: incidentColumns.columns,
  AuditLogs: AUDIT_LOG_COLUMNS,
  SigninLogs: columns(
    "TimeGenerated datetime, IPAddress string, UserPrincipalName string, ResultType string, AppDisplayName string",
  ),
  AppTraces: columns(
    "TimeGenerated datetime, Message string, SeverityLevel int, AppRoleName string, OperationName string",
  ),
  AppRequests: columns(
    "TimeGenerated datetime, Name string, Success bool, DurationMs real, ResultCode string, AppRoleName string, OperationName string",
  ),
  AppExceptions: columns(
    "TimeGenerated datetime, ProblemId string, OuterMessage string, AppRoleName string, OperationName string",
  ),
  Usage: columns("TimeGenerated datetime, DataType string, Quantity real"),
  DCRLogErrors: columns("TimeGenerated datetime, InputStreamId string, OperationName string, Message string"),
  _LogOperation: columns("TimeGenerated datetime, Category string, Operation string, Level string, Detail string"),
};

const SYMBOL_OF_TYPE: Readonly<Record<string, string>> = {
  string: "String",
  bool: "Bool",
  boolean: "Bool",
  int: "Int",
  long: "Long",
  real: "Real",
  datetime: "DateTime",
  dynamic: "Dynamic",
};

const QUERIES = fileURLToPath(new URL("../../infra/queries/", import.meta.url));

/** Every deployed query, by path in infra/queries. */
export const QUERY_FILES: ReadonlyMap<string, string> = new Map(
  globSync("**/*.kql", { cwd: QUERIES })
    .toSorted((one, other) => one.localeCompare(other))
    .map((file) => [file.replaceAll("\\", "/"), readFileSync(`${QUERIES}/${file}`, "utf8")]),
);

/** The saved functions, by alias. */
export const FUNCTIONS: ReadonlyMap<string, string> = new Map(
  [...QUERY_FILES]
    .filter(([file]) => file.startsWith("functions/"))
    .map(([file, text]) => [basename(file, ".kql"), text]),
);

const language = loadLanguage();

/** Parses a query and binds it against the workspace. */
export function bindQuery(text: string): BoundQuery {
  const code = language.KustoCode.ParseAndAnalyze(text, globals());
  const diagnostics = code.GetDiagnostics();
  const result = code.ResultType?.Columns;
  return {
    syntax: code.Syntax,
    columns: list(result).map(({ Name, Type }) => ({ name: Name, type: Type.Name })),
    problems: list(diagnostics).map(({ Message, Start }) => `${Message} (character ${Start})`),
  };
}

/** The name of a node's kind, such as `FilterOperator`. */
export function kindOf({ Kind }: Syntax): string {
  return kinds.get(Kind) ?? `kind ${Kind}`;
}

interface List<Item> {
  readonly Count: number;
  getItem(index: number): Item;
}

interface KustoSymbol {
  readonly Name: string;
}

interface Language {
  readonly KustoCode: {
    ParseAndAnalyze(
      text: string,
      globals: unknown,
    ): {
      readonly Syntax: Syntax;
      readonly ResultType: { readonly Columns?: List<{ Name: string; Type: KustoSymbol }> } | null;
      GetDiagnostics(): List<{ Message: string; Start: number }>;
    };
  };
  readonly GlobalState: { readonly Default: { WithDatabase(database: unknown): unknown } };
  readonly Syntax: { readonly SyntaxKind: Readonly<Record<string, unknown>> };
  readonly Symbols: {
    readonly ScalarTypes: Readonly<Record<string, KustoSymbol>>;
    readonly ColumnSymbol: new (name: string, type: KustoSymbol | undefined, ...rest: null[]) => KustoSymbol;
    readonly TableSymbol: { readonly $ctor4: new (name: string, columns: readonly KustoSymbol[]) => KustoSymbol };
    readonly FunctionSymbol: {
      readonly $ctor16: new (name: string, parameters: string, body: string, description: null) => KustoSymbol;
    };
    readonly DatabaseSymbol: {
      readonly $ctor1: new (name: string, members: readonly KustoSymbol[], isOpen: boolean) => KustoSymbol;
    };
  };
}

const kinds = new Map(
  Object.entries(language.Syntax.SyntaxKind).flatMap(([name, kind]) =>
    typeof kind === "number" ? [[kind, name] as const] : [],
  ),
);

function loadLanguage(): Language {
  const require = createRequire(import.meta.url);
  require("@kusto/language-service-next/bridge.min.js"); // the other bundle's runtime, which must load first
  require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the service hangs itself on globalThis; its shape is its d.ts's
  return (globalThis as unknown as { readonly Kusto: { readonly Language: Language } }).Kusto.Language;
}

let workspace: unknown;

function globals(): unknown {
  const { ColumnSymbol, DatabaseSymbol, FunctionSymbol, ScalarTypes, TableSymbol } = language.Symbols;
  const column = ({ name, type }: Column) =>
    new ColumnSymbol(name, ScalarTypes[SYMBOL_OF_TYPE[type] ?? ""], null, null, null, null);
  const tables = Object.entries(TABLES).map(([name, its]) => new TableSymbol.$ctor4(name, its.map(column)));
  const functions = [...FUNCTIONS].map(
    ([alias, text]) => new FunctionSymbol.$ctor16(alias, "()", `{\n${text}\n}`, null),
  );
  workspace ??= language.GlobalState.Default.WithDatabase(
    new DatabaseSymbol.$ctor1("workspace", [...tables, ...functions], false),
  );
  return workspace;
}

function list<Item>(items: List<Item> | null | undefined): Item[] {
  return items ? Array.from({ length: items.Count }, (_, index) => items.getItem(index)) : [];
}

function columns(text: string): Column[] {
  return text.split(", ").map((column) => {
    const [name = "", type = ""] = column.split(" ");
    return { name, type };
  });
}
