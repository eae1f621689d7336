import { createRequire } from "node:module";
import type { SourceTable } from "../plan.ts";
import type { ScalarType } from "../run/values.ts";

/*
 * The part of Microsoft's Kusto language service that we use. It is C# compiled to JavaScript and attaches itself to
 * globalThis; only this module knows that. Build time only: it is 5 MB of code.
 */

interface KustoSymbol {
  readonly Name: string;
  readonly Columns?: KustoList<KustoColumn>;
  readonly Signatures?: KustoList<{
    readonly Declaration: Syntax | null;
    readonly Parameters: KustoList<{ readonly Name: string; readonly DeclaredTypes?: KustoList<KustoSymbol> }>;
  }>;
}

interface KustoColumn {
  readonly Name: string;
  readonly Type: KustoSymbol;
}

export interface KustoList<Item> {
  readonly Count: number;
  getItem(index: number): Item;
}

/** A node or token of the syntax tree. The kind determines which parts a node has. */
export interface Syntax {
  readonly Kind: number;
  /** Offset of the first character after leading whitespace and comments. */
  readonly TextStart: number;
  readonly End: number;
  readonly ChildCount: number;
  readonly IsToken: boolean;
  readonly Parent?: Syntax | null;
  /** The text of a token. */
  readonly Text?: string;
  readonly LiteralValue?: unknown;
  readonly SimpleName?: string;
  readonly ResultType?: KustoSymbol | null;
  readonly ReferencedSymbol?: KustoSymbol | null;
  readonly ReferencedSignature?: { readonly Parameters: KustoList<{ readonly Name: string }> } | null;
  GetChild(index: number): Syntax | null;
  GetCalledFunctionBody?(): Syntax | null;
  ToString(includeTrivia: typeof SINGLE_LINE): string;
}

export interface KustoDiagnostic {
  readonly Severity: string;
  readonly Code: string;
  readonly Start: number;
  readonly Message: string;
}

export interface KustoCode {
  readonly Syntax: Syntax;
  readonly ResultType: KustoSymbol | null;
  GetDiagnostics(): KustoList<KustoDiagnostic>;
  /** An open table can have columns that the parser does not know. */
  GetColumnsInScope(position: number): { readonly Columns: KustoList<KustoColumn>; readonly IsOpen: boolean } | null;
}

interface KustoLanguage {
  readonly KustoCode: { ParseAndAnalyze(text: string, globals: unknown): KustoCode };
  readonly GlobalState: { readonly Default: { WithDatabase(database: unknown): unknown } };
  readonly Syntax: { readonly SyntaxKind: Readonly<Record<string, unknown>> };
  readonly Binding: { readonly Binder: { GetExpressionResultName(node: Syntax, fallback: string, row: null): string } };
  readonly Symbols: {
    readonly ScalarTypes: Readonly<Record<string, KustoSymbol>>;
    readonly ColumnSymbol: new (name: string, type: KustoSymbol, ...rest: null[]) => KustoColumn;
    readonly TableSymbol: { readonly $ctor4: new (name: string, columns: readonly KustoColumn[]) => KustoSymbol };
    readonly DatabaseSymbol: {
      readonly $ctor1: new (name: string, members: readonly KustoSymbol[], isOpen: boolean) => KustoSymbol;
    };
  };
}

const SCALAR_TYPE_NAMES: Readonly<Record<ScalarType, string>> = {
  string: "String",
  bool: "Bool",
  int: "Int",
  long: "Long",
  real: "Real",
  decimal: "Decimal",
  datetime: "DateTime",
  timespan: "TimeSpan",
  guid: "Guid",
  dynamic: "Dynamic",
};

let loaded: { readonly language: KustoLanguage; readonly kinds: ReadonlyMap<number, string> } | undefined;
/** The parser's global state for each source table. */
const globalsOf = new WeakMap<SourceTable, unknown>();

/** Loads the language service on first use (0.2 s). Its runtime, Bridge, must be loaded first. */
function load() {
  if (loaded) return loaded;
  const require = createRequire(import.meta.url);
  require("@kusto/language-service-next/bridge.min.js");
  require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the service attaches itself to globalThis; the type follows its d.ts
  const { Kusto } = globalThis as unknown as { readonly Kusto: { readonly Language: KustoLanguage } };
  const language = Kusto.Language;
  const kinds = new Map(
    Object.entries(language.Syntax.SyntaxKind).flatMap(([name, kind]) =>
      typeof kind === "number" ? [[kind, name] as const] : [],
    ),
  );
  loaded = { language, kinds };
  return loaded;
}

function globalsFor(source: SourceTable): unknown {
  const known = globalsOf.get(source);
  if (known !== undefined) return known;
  const { GlobalState, Symbols } = load().language;
  const columns = source.columns.map(({ name, type }) => {
    const symbol = Symbols.ScalarTypes[SCALAR_TYPE_NAMES[type]];
    if (symbol === undefined) throw new Error(`the Kusto parser has no type ${type}`);
    return new Symbols.ColumnSymbol(name, symbol, null, null, null, null);
  });
  const table = new Symbols.TableSymbol.$ctor4(source.name, columns);
  const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.$ctor1("stream", [table], false));
  globalsOf.set(source, globals);
  return globals;
}

/**
 * Microsoft's parser or binder threw. That is a fault of theirs on this query, such as `graph-match` over a table, and must
 * not end the work on other queries.
 */
export class ParserFailure extends Error {
  override readonly name = "ParserFailure";

  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(
      `Microsoft's parser fails on this query, so it cannot run (${reason}). Remove one operator after another to find the cause`,
      { cause },
    );
  }
}

/** @throws {ParserFailure} for anything that Microsoft's code throws */
function guarded<Result>(call: () => Result): Result {
  try {
    return call();
  } catch (cause) {
    throw new ParserFailure(cause);
  }
}

/**
 * Parses a query and binds it against the only table that it can read.
 *
 * @throws {ParserFailure}
 */
export function parseQuery(text: string, source: SourceTable): KustoCode {
  const globals = globalsFor(source);
  return guarded(() => load().language.KustoCode.ParseAndAnalyze(text, globals));
}

/** As `parseQuery`, but undefined if the parser throws: `compileQuery` reports that. */
export function tryParseQuery(text: string, source: SourceTable): KustoCode | undefined {
  try {
    return parseQuery(text, source);
  } catch (error) {
    if (!(error instanceof ParserFailure)) throw error;
    return undefined;
  }
}

export function diagnosticsOf(code: KustoCode): KustoDiagnostic[] {
  return guarded(() => listOf(code.GetDiagnostics()));
}

/** The columns that an expression at a place in the query can name. */
export function columnsInScope(code: KustoCode, position: number): KustoColumn[] {
  return guarded(() => listOf(code.GetColumnsInScope(position)?.Columns));
}

/** Whether an expression at a place in the query can name columns that the parser does not know. */
export function isOpenAt(code: KustoCode, position: number): boolean {
  return guarded(() => code.GetColumnsInScope(position)?.IsOpen) === true;
}

/** The body of the function that a node calls; undefined if it calls none that the query defines. */
export function calledBody(node: Syntax): Syntax | undefined {
  return guarded(() => node.GetCalledFunctionBody?.()) ?? undefined;
}

/** The name of a node's kind, e.g. `FilterOperator`. */
export function kindOf(node: Syntax): string {
  return load().kinds.get(node.Kind) ?? "None";
}

/** The column name that Kusto derives from an unnamed expression; "" if it numbers the column (`Column1`). */
export function resultName(node: Syntax): string {
  return guarded(() => load().language.Binding.Binder.GetExpressionResultName(node, "", null));
}

/** A part of a node by its name, e.g. `Condition`; undefined if this node does not have it. */
export function optionalPart(node: Syntax, name: string): Syntax | undefined {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- which parts a node has depends on its kind at run time
  const parts = node as unknown as Readonly<Record<string, Syntax | null | undefined>>;
  return parts[name] ?? undefined;
}

/** A part that every node of this kind has. */
export function part(node: Syntax, name: string): Syntax {
  const found = optionalPart(node, name);
  if (found === undefined) throw new Error(`the Kusto parser returned a ${kindOf(node)} without ${name}`);
  return found;
}

export function children(node: Syntax): Syntax[] {
  return Array.from({ length: node.ChildCount }, (_, index) => node.GetChild(index)).filter((child) => child !== null);
}

/** The elements of a list, without the commas between them. */
export function elements(list: Syntax | undefined): Syntax[] {
  if (list === undefined) return [];
  return children(list).flatMap((child) =>
    kindOf(child) === "SeparatedElement" ? children(child).slice(0, 1) : [child],
  );
}

export function listOf<Item>(list: KustoList<Item> | null | undefined): Item[] {
  return list ? Array.from({ length: list.Count }, (_, index) => list.getItem(index)) : [];
}

/**
 * Calls `visit` for a node and all below it, parents first, in the order of the text. A query can nest deeper than the call
 * stack.
 *
 * @param visit returns true to leave out everything below the node
 */
export function walk(root: Syntax, visit: (node: Syntax) => boolean | void): void {
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (visit(node) === true) continue;
    for (const child of children(node).toReversed()) open.push(child);
  }
}

/** The first node that fits, in the order of the text. */
export function firstWithin(root: Syntax, fits: (node: Syntax) => boolean): Syntax | undefined {
  const found: Syntax[] = [];
  walk(root, (node) => {
    if (found.length === 0 && fits(node)) found.push(node);
    return found.length > 0;
  });
  return found[0];
}

/** The first call of a function. */
export function callWithin(root: Syntax, name: string): Syntax | undefined {
  return firstWithin(
    root,
    (node) => kindOf(node) === "FunctionCallExpression" && part(node, "Name").SimpleName === name,
  );
}

/** The whole query, or the whole body of a function, that a node is part of. */
export function rootOf(node: Syntax): Syntax {
  let root = node;
  while (root.Parent) root = root.Parent;
  return root;
}

/** The parser's way to write a node on one line: without comments, and with one space where the query has any whitespace. */
const SINGLE_LINE = 3;

/** A node's own text on one line. A comment before or inside a literal is not part of it. */
export function textOf(node: Syntax): string {
  return node.ToString(SINGLE_LINE).trim();
}
