import { UsageError } from "../../src/errors.ts";

/** A downloaded page of Microsoft's documentation, in Markdown. */
export interface Page {
  readonly file: string;
  readonly text: string;
}

export type PageKind = "roles" | "operations";

/** Names by key: a role's name by its template id. */
export type Roles = Readonly<Record<string, string>>;

/** The names of operations by their audit category. */
export type Operations = Readonly<Record<string, readonly string[]>>;

/** The columns that this script understands. With any other, the page may say something that it would miss. */
const COLUMNS: Readonly<Record<PageKind, { readonly needed: readonly string[]; readonly allowed: readonly string[] }>> =
  {
    roles: { needed: ["Role", "Description", "Template ID"], allowed: [] },
    operations: { needed: ["Audit Category", "Activity"], allowed: ["Description"] },
  };

/** @returns which page this is, by its tables, or undefined if it is neither */
export function kindOf(page: Page): PageKind | undefined {
  const names = new Set(tablesOf(page).flatMap(({ columns }) => columns.map(lower)));
  if (names.has("template id")) return "roles";
  return names.has("audit category") ? "operations" : undefined;
}

/** The page's own date, `ms.date`, as YYYY-MM-DD; "" if it has none. */
export function dateOf({ text }: Page): string {
  const [, month, day, year] = /^ms\.date:\s*(\d\d?)\/(\d\d?)\/(\d{4})\s*$/m.exec(text) ?? [];
  return year === undefined ? "" : [year, month?.padStart(2, "0"), day?.padStart(2, "0")].join("-");
}

const TEMPLATE_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** The roles with the label PRIVILEGED. @throws {UsageError} if the page cannot be read with certainty */
export function privilegedRolesOf(page: Page): Roles {
  const tables = tablesOf(page).filter(({ columns }) => columns.map(lower).includes("template id"));
  const found = tables.flatMap((table) => rowsOf(page, table, "roles"));
  const roles = found.map(({ cells: [role = "", description = "", id = ""], line }) => {
    if (!TEMPLATE_ID.test(id)) throw unreadable(page, line, `"${id}" is not a template id`);
    // The label is an icon behind the description. Elsewhere on the site it is the word.
    const isPrivileged = /privileged-label|\[?\bPRIVILEGED\b\]?/.test(`${role} ${description}`);
    return { id: id.toLowerCase(), name: nameOf(role).replace(/\s*\[PRIVILEGED\]$/, ""), isPrivileged };
  });
  const privileged = roles.filter(({ isPrivileged }) => isPrivileged);
  if (privileged.length === 0) throw unreadable(page, 1, "no role has the label PRIVILEGED: its form may have changed");
  return Object.fromEntries(privileged.map(({ id, name }) => [id, name]));
}

/** A service of the audit log as the page's headings name it. */
export const DIRECTORY = /^Core Directory\b/i;
export const PIM = /^(?:Privileged Identity Management|PIM\b)/i;

/** The operations that a service logs. @throws {UsageError} if the page cannot be read with certainty */
export function operationsOf(page: Page, service: RegExp): Operations {
  const tables = tablesOf(page).filter(({ heading }) => service.test(heading));
  if (tables.length === 0) throw unreadable(page, 1, `no table under a heading like ${String(service)}`);
  const operations: Record<string, string[]> = {};
  for (const table of tables) {
    for (const { cells } of rowsOf(page, table, "operations")) {
      const [category = "", activity = ""] = cells;
      const known = (operations[category] ??= []);
      if (!known.includes(activity)) known.push(activity);
    }
  }
  return operations;
}

interface Table {
  readonly heading: string;
  /** Empty for rows without a header. */
  readonly columns: readonly string[];
  readonly rows: readonly { readonly text: string; readonly line: number }[];
}

interface ReadRow {
  /** In the order of the needed columns. */
  readonly cells: readonly string[];
  readonly line: number;
}

function rowsOf(page: Page, { columns, rows }: Table, kind: PageKind): ReadRow[] {
  const { needed, allowed } = COLUMNS[kind];
  const names = columns.map(lower);
  const places = needed.map((name) => names.indexOf(lower(name)));
  const unknown = columns.filter((name) => ![...needed, ...allowed].map(lower).includes(lower(name)));
  const line = rows[0]?.line ?? 1;
  if (places.includes(-1) || unknown.length > 0)
    throw unreadable(page, line, `the table's columns are "${columns.join(", ")}"; known are "${needed.join(", ")}"`);
  return rows.map(({ text, line: at }) => {
    const all = cellsOf(text);
    // The page has had rows such as |RoleManagement||Update role|.
    const cells = all.length === columns.length ? all : all.filter((cell) => cell !== "");
    if (cells.length !== columns.length) throw unreadable(page, at, `a row has ${all.length} cells: ${text.trim()}`);
    return { cells: places.map((place) => cells[place] ?? ""), line: at };
  });
}

function tablesOf({ text }: Page): Table[] {
  const tables: Table[] = [];
  let heading = "";
  let block: { text: string; line: number }[] = [];
  const lines = text.split(/\r?\n/).map((line) => line.replace(/^\s*>\s?/, "").trim());
  for (const [index, line] of [...lines, ""].entries()) {
    // Only a blank line ends a table: a broken row within it must not hide those below.
    if (line.startsWith("|") || (block.length > 0 && line !== "")) block.push({ text: line, line: index + 1 });
    else if (block.length > 0) {
      tables.push(tableOf(heading, block));
      block = [];
    }
    heading = /^#{1,6}\s+(.+)$/.exec(line)?.[1] ?? heading;
  }
  return tables;
}

function tableOf(heading: string, block: Table["rows"]): Table {
  const [header, rule] = block;
  const hasHeader = header !== undefined && rule !== undefined && /^[|\s:-]+$/.test(rule.text);
  return hasHeader
    ? { heading, columns: cellsOf(header.text), rows: block.slice(2) }
    : { heading, columns: [], rows: block };
}

function cellsOf(row: string): string[] {
  const inner = row
    .trim()
    .replace(/^\|/, "")
    .replace(/(?<!\\)\|$/, "");
  return inner.split(/(?<!\\)\|/).map((cell) => cell.replaceAll(String.raw`\|`, "|").trim());
}

/** The text of a link, or else the cell. */
function nameOf(cell: string): string {
  return /^\[(.+)\]\([^()]*\)$/.exec(cell)?.[1] ?? cell;
}

function lower(text: string): string {
  return text.toLowerCase();
}

function unreadable({ file }: Page, line: number, problem: string): UsageError {
  return new UsageError(`${file}:${line}: ${problem}. The page has another form than this script knows.`);
}
