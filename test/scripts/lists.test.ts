import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DIRECTORY, operationsOf, PIM, privilegedRolesOf } from "../../scripts/lists/entra-pages.ts";
import { operationDifferences, roleDifferences } from "../../scripts/lists/list-differences.ts";
import { compareLists, LISTS_DIRECTORY } from "../../scripts/lists/lists.ts";
import { UsageError } from "../../src/errors.ts";
import directoryRoleOperations from "../../src/core/entra-lists/directory-role-operations.json" with { type: "json" };
import pimOperations from "../../src/core/entra-lists/pim-operations.json" with { type: "json" };
import privilegedRoles from "../../src/core/entra-lists/privileged-roles.json" with { type: "json" };

const LABEL =
  "<br/>[![Privileged label icon.](./media/permissions-reference/privileged-label.png)](privileged-roles-permissions.md)";
const GUARD = "11111111-2222-4333-8444-555555555555";
const READER = "99999999-2222-4333-8444-555555555555";

/** A page of roles in Microsoft's form. The unlabelled role must never count. */
function rolesPage(roles: Readonly<Record<string, string>>): string {
  const row = (id: string, name: string, label: string) =>
    `> | [${escaped(name)}](#anchor) | Can do things.${label} | ${id} |`;
  const rows = [...Object.entries(roles).map(([id, name]) => row(id, name, LABEL)), row(READER, "Shelf Reader", "")];
  const page = `---
title: Microsoft Entra built-in roles
ms.date: 03/04/2026
---

## All roles

> [!div class="mx-tableFixed"]
> | Role | Description | Template ID |
> | --- | --- | --- |
${rows.join("\n")}

## Shelf Reader
`;
  return page.replaceAll("\n", "\r\n");
}

interface Services {
  readonly directory: Readonly<Record<string, readonly string[]>>;
  readonly pim: Readonly<Record<string, readonly string[]>>;
}

/** A page of audit activities in Microsoft's form, with a service between the two that must not count. */
function operationsPage({ directory, pim }: Services): string {
  const rows = (operations: Services["pim"]) =>
    Object.entries(operations)
      .flatMap(([category, names]) => names.map((name) => `|${category}|${escaped(name)}|`))
      .join("\n");
  return `---
ms.date: 10/04/2024
---
## Core Directory

Logs of | many | kinds.

|Audit Category|Activity|
|---|---|
${rows(directory)}

## Provisioning

|Audit Category|Activity|Description|
|---|---|---|
|Other|Import|It is.|

## Privileged Identity Management (PIM)

|Audit Category|Activity|
|---|---|
${rows(pim)}

## Terms of use
`;
}

const escaped = (name: string): string => name.replaceAll("|", String.raw`\|`);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pimwatch-lists-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;

/** A clone of entra-docs with these two pages. */
function clone(roles: string, operations: string): string {
  const root = join(folder, `clone-${(count += 1)}`);
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write("docs/identity/role-based-access-control/permissions-reference.md", roles);
  write("docs/identity/monitoring-health/reference-audit-activities.md", operations);
  return root;
}

async function compared(args: readonly string[], directory?: string) {
  const lines: string[] = [];
  const code = await compareLists(args, {
    out: (line) => lines.push(line),
    ...(directory !== undefined && { directory }),
  });
  return { code, text: lines.join("\n") };
}

const SAME = operationsPage({ directory: directoryRoleOperations.operations, pim: pimOperations.operations });

test("pages that say what the lists say: nothing to report, exit code 0", async () => {
  const { code, text } = await compared([clone(rolesPage(privilegedRoles.roles), SAME)]);
  expect(text.split("\n").map((line) => line.replace(/ \(.*/, ""))).toEqual([
    "privileged roles: as on the page",
    "operations on directory roles: as on the page",
    "operations of PIM: as on the page",
  ]);
  expect(code).toBe(0);
});

test("a role that is new, gone or renamed, and the operations likewise: exit code 1", async () => {
  const { "db506228-d27e-4b7d-95e5-295956d6615f": agents, ...others } = privilegedRoles.roles;
  const roles = {
    ...others,
    "62e90394-69f5-4237-9190-012177145e10": "Tenant Administrator",
    [GUARD]: "Shelf Guard",
  };
  const renamed = new Map([
    ["Add scoped member to role", "Add scoped agent or member to role"],
    ["Update role", "Update roles"],
  ]);
  const operations = directoryRoleOperations.operations.RoleManagement.filter(
    (name) => name !== "Add role from template",
  ).map((name) => renamed.get(name) ?? name);
  const page = operationsPage({
    directory: { RoleManagement: [...operations, "Lend a shelf"] },
    pim: { ...pimOperations.operations, ShelfManagement: ["Add shelf"] },
  });
  const { code, text } = await compared([clone(rolesPage(roles), page)]);
  expect(code).toBe(1);
  expect(text.split("\n").filter((line) => line.startsWith("  "))).toEqual([
    `  + Shelf Guard (${GUARD})`,
    `  - ${agents} (db506228-d27e-4b7d-95e5-295956d6615f)`,
    "  ~ Global Administrator → Tenant Administrator (62e90394-69f5-4237-9190-012177145e10)",
    "  + RoleManagement: Lend a shelf",
    "  - RoleManagement: Add role from template",
    "  ~ RoleManagement: Add scoped member to role → Add scoped agent or member to role",
    "  ~ RoleManagement: Update role → Update roles",
    "  + ShelfManagement: Add shelf",
  ]);
});

test("a single file is compared with its own lists, whatever it is called", async () => {
  const file = join(folder, "page.txt");
  writeFileSync(file, SAME);
  const { code, text } = await compared([file]);
  expect(text).toContain("privileged roles: not compared, because its page was not given");
  expect(text).toContain("operations of PIM: as on the page");
  expect(code).toBe(0);
});

const GOOD_ROLES = rolesPage({ [GUARD]: "Shelf Guard" });

test.each([
  {
    why: "another column",
    roles: GOOD_ROLES.replace("Template ID", "Template ID | Privileged"),
    problem: /columns are/,
  },
  {
    why: "a renamed column",
    roles: GOOD_ROLES.replace("Template ID", "Definition"),
    problem: /no table with a column/,
  },
  { why: "no label", roles: GOOD_ROLES.replace(LABEL, ""), problem: /no role has the label/ },
  { why: "an id of another form", roles: GOOD_ROLES.replace(GUARD, "guard"), problem: /"guard" is not a template id/ },
  { why: "a row cut short", roles: GOOD_ROLES.replace(` | ${GUARD} |`, ""), problem: /:11: a row has 2 cells/ },
  { why: "no table at all", roles: "<html>", problem: /no table with a column/ },
])("a page of roles with $why cannot be read", async ({ roles, problem }) => {
  await expect(compared([clone(roles, SAME)])).rejects.toThrow(problem);
});

test.each([
  { why: "another column", operations: SAME.replace("|Audit Category|Activity|", "|Audit Category|Activity|Status|") },
  { why: "no Core Directory", operations: SAME.replace("## Core Directory", "## Directory") },
  { why: "no PIM", operations: SAME.replace("## Privileged Identity Management (PIM)", "## Privileges") },
  { why: "no RoleManagement", operations: SAME.replaceAll("|RoleManagement|", "|Roles|") },
  { why: "a row of one cell", operations: SAME.replace("|RoleManagement|Update role|", "|RoleManagement|") },
  {
    why: "rows without a header",
    operations: SAME.replace("|RoleManagement|Update role|", "\n|RoleManagement|Update role|"),
  },
])("a page of operations with $why cannot be read", async ({ operations }) => {
  await expect(compared([clone(GOOD_ROLES, operations)])).rejects.toThrow(UsageError);
});

test("a row with an empty cell too many is read, as the page has had such rows", () => {
  const text = SAME.replace("|RoleManagement|Update role|", "|RoleManagement||Update role|");
  expect(operationsOf({ file: "page.md", text }, DIRECTORY)).toEqual(directoryRoleOperations.operations);
});

test.each([
  { why: "no path", args: [] },
  { why: "an unknown option", args: ["--frobnicate", "."] },
  { why: "a missing path", args: ["no/such/file.md"] },
  { why: "a folder without the pages", args: ["rules"] },
  { why: "a commit of another form", args: ["--write", "main", "."] },
])("$why is refused", async ({ args }) => {
  await expect(compared(args)).rejects.toThrow(UsageError);
});

test("--write makes the lists as the pages are, with their commit and date", async () => {
  const directory = join(folder, "written");
  mkdirSync(directory);
  copyFileSync(join(LISTS_DIRECTORY, "pim-operations.json"), join(directory, "pim-operations.json"));
  const { code } = await compared(["--write", "a".repeat(40), clone(GOOD_ROLES, SAME)], directory);
  expect(code).toBe(0);
  const source = `https://github.com/MicrosoftDocs/entra-docs/blob/${"a".repeat(40)}/docs/identity/role-based-access-control/permissions-reference.md`;
  expect(JSON.parse(readFileSync(join(directory, "privileged-roles.json"), "utf8"))).toEqual({
    source,
    date: "2026-03-04",
    roles: { [GUARD]: "Shelf Guard" },
  });
});

test("--help says what is compared and which exit codes there are", async () => {
  const { code, text } = await compared(["--help"]);
  expect(code).toBe(0);
  expect(text).toMatch(/^Usage: npm run lists/);
});

const WORD = fc.stringMatching(/^[\w(|/-][\w ()|/[\]-]{0,30}[\w)]$/).filter((name) => !/\s{2}|__proto__/.test(name));
const NAMES = fc.uniqueArray(WORD, { minLength: 1, maxLength: 8 });
const CATEGORIES = fc.dictionary(fc.stringMatching(/^[A-Z][A-Za-z]{1,12}$/), NAMES, { minKeys: 1, maxKeys: 4 });

test("a list written as a page and read again is the same list", () => {
  fc.assert(
    fc.property(CATEGORIES, CATEGORIES, (directory, pim) => {
      const page = { file: "page.md", text: operationsPage({ directory, pim }) };
      expect(operationsOf(page, DIRECTORY)).toEqual(directory);
      expect(operationsOf(page, PIM)).toEqual(pim);
      expect(operationDifferences(pim, operationsOf(page, PIM))).toEqual({ added: [], removed: [], renamed: [] });
    }),
  );
  fc.assert(
    fc.property(fc.dictionary(fc.uuid(), WORD, { minKeys: 1 }), (roles) => {
      const read = privilegedRolesOf({ file: "page.md", text: rolesPage(roles) });
      expect(read).toEqual(roles);
      expect(roleDifferences(roles, read)).toEqual({ added: [], removed: [], renamed: [] });
    }),
  );
});
