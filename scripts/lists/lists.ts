// Compares the lists in src/core/entra-lists/ with downloaded copies of Microsoft's pages.
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { format } from "prettier";
import { UsageError } from "../../src/errors.ts";
import {
  dateOf,
  DIRECTORY,
  kindOf,
  type Operations,
  operationsOf,
  type Page,
  type PageKind,
  PIM,
  privilegedRolesOf,
  type Roles,
} from "./entra-pages.ts";
import { type Differences, operationDifferences, roleDifferences } from "./list-differences.ts";

const PAGES: Readonly<Record<PageKind, string>> = {
  roles: "docs/identity/role-based-access-control/permissions-reference.md",
  operations: "docs/identity/monitoring-health/reference-audit-activities.md",
};

const HELP = `Usage: npm run lists -- [options] PATH...

Compares the lists in src/core/entra-lists/ with Microsoft's pages: the privileged roles, the operations of Core Directory
in the category RoleManagement, and the operations of PIM. Prints what was added, removed or renamed.

  PATH            a clone of https://github.com/MicrosoftDocs/entra-docs, or one of these two files of it:
                  ${PAGES.roles}
                  ${PAGES.operations}
  --write COMMIT  write the lists from the pages; COMMIT, of 40 digits, is noted as their source
  --help          print this text

A file is compared with its own lists only. Download it as Markdown ("Raw" on GitHub), not as a page of learn.microsoft.com.

Exit code 0: the lists are as on the pages. 1: they differ. 2: a page is missing or cannot be read, or an option is wrong.`;

/** A list as it is kept: the page with its commit, and what the page said. */
interface ListFile {
  readonly source: string;
  /** The page's own date. */
  readonly date: string;
  readonly roles?: Roles;
  readonly operations?: Operations;
}

interface List {
  readonly title: string;
  readonly file: string;
  readonly kind: PageKind;
  read(page: Page): Pick<ListFile, "roles" | "operations">;
}

const LISTS: readonly List[] = [
  {
    title: "privileged roles",
    file: "privileged-roles.json",
    kind: "roles",
    read: (page) => ({ roles: privilegedRolesOf(page) }),
  },
  {
    title: "operations on directory roles",
    file: "directory-role-operations.json",
    kind: "operations",
    read: (page) => ({ operations: roleManagementOf(page) }),
  },
  {
    title: "operations of PIM",
    file: "pim-operations.json",
    kind: "operations",
    read: (page) => ({ operations: operationsOf(page, PIM) }),
  },
];

/** Core Directory logs many categories. @throws {UsageError} if it has none of this name any more */
function roleManagementOf(page: Page): Operations {
  const { RoleManagement } = operationsOf(page, DIRECTORY);
  if (RoleManagement === undefined)
    throw new UsageError(`${page.file}: Core Directory has no category RoleManagement any more`);
  return { RoleManagement };
}

export const LISTS_DIRECTORY = fileURLToPath(new URL("../../src/core/entra-lists/", import.meta.url));

/** @returns the exit code */
export async function compareLists(
  args: readonly string[],
  { out, directory = LISTS_DIRECTORY }: { readonly out: (line: string) => void; readonly directory?: string },
): Promise<number> {
  const { values, positionals } = parsed(args);
  if (values.help === true) {
    out(HELP);
    return 0;
  }
  if (positionals.length === 0) throw new UsageError("name a clone of entra-docs or a file of it; --help says which");
  if (values.write !== undefined && !/^[0-9a-f]{40}$/.test(values.write))
    throw new UsageError(`--write must name a commit of 40 hexadecimal digits, not "${values.write}"`);
  const pages = positionals.flatMap(pagesAt);
  let isSame = true;
  for (const list of LISTS) {
    const page = pages.find(({ kind }) => kind === list.kind);
    if (page === undefined) {
      out(`${list.title}: not compared, because its page was not given (${PAGES[list.kind]})`);
      continue;
    }
    const path = join(directory, list.file);
    const onPage = list.read(page);
    if (values.write !== undefined) await write(path, { ...sourceOf(page, values.write), ...onPage });
    const kept: ListFile = JSON.parse(readFileSync(path, "utf8"));
    isSame = report(list.title, kept, { ...onPage, date: dateOf(page) }, out) && isSame;
  }
  return isSame ? 0 : 1;
}

function sourceOf(page: KnownPage, commit: string) {
  const source = `https://github.com/MicrosoftDocs/entra-docs/blob/${commit}/${PAGES[page.kind]}`;
  return { source, date: dateOf(page) };
}

async function write(path: string, list: ListFile): Promise<void> {
  writeFileSync(path, await format(JSON.stringify(list), { parser: "json", printWidth: 120 }));
}

function report(
  title: string,
  kept: ListFile,
  page: Pick<ListFile, "roles" | "operations" | "date">,
  out: (line: string) => void,
): boolean {
  const differences: Differences =
    page.roles === undefined
      ? operationDifferences(kept.operations ?? {}, page.operations ?? {})
      : roleDifferences(kept.roles ?? {}, page.roles);
  const { added, removed, renamed } = differences;
  const isSame = added.length + removed.length + renamed.length === 0;
  const counts = isSame
    ? "as on the page"
    : `${added.length} added, ${removed.length} removed, ${renamed.length} renamed`;
  out(`${title}: ${counts} (list of ${kept.date || "an unknown date"}, page of ${page.date || "an unknown date"})`);
  for (const entry of added) out(`  + ${entry}`);
  for (const entry of removed) out(`  - ${entry}`);
  for (const entry of renamed) out(`  ~ ${entry}`);
  return isSame;
}

interface KnownPage extends Page {
  readonly kind: PageKind;
}

function pagesAt(path: string): KnownPage[] {
  if (!existsSync(path)) throw new UsageError(`${path}: there is no such file or directory`);
  if (!statSync(path).isDirectory()) return [pageAt(path)];
  return Object.values(PAGES).map((page) => {
    const found = [join(path, page), join(path, basename(page))].find((file) => existsSync(file));
    if (found === undefined) throw new UsageError(`${path}: there is no ${page} in it`);
    return pageAt(found);
  });
}

function pageAt(file: string): KnownPage {
  const page: Page = { file, text: readFileSync(file, "utf8") };
  const kind = kindOf(page);
  if (kind === undefined)
    throw new UsageError(
      `${file}: there is no table with a column "Template ID" or "Audit Category". The page has another form than this script knows.`,
    );
  return { ...page, kind };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { write: { type: "string" }, help: { type: "boolean" } },
      allowPositionals: true,
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    process.exitCode = await compareLists(process.argv.slice(2), { out: (line) => console.log(line) });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exitCode = 2;
  }
}
