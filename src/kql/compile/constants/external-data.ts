import { createHash } from "node:crypto";
import { extname } from "node:path";
import { constantExpression } from "../../run/bind-expression.ts";
import type { Row } from "../../run/values.ts";
import { elements, optionalPart, part, textOf, type Syntax } from "../kusto-parser.ts";
import { refusal, type Environment, type Table } from "../scope.ts";
import { declaredColumns } from "./data-table.ts";
import { LIST_FORMATS, readList, type ListForm } from "./list-formats.ts";

/**
 * `externaldata (columns) [urls] with (…)`: the rows of local copies, as they are when the rule is built.
 *
 * @see https://learn.microsoft.com/kusto/query/externaldata-operator
 */
export function lowerExternalData(node: Syntax, environment: Environment): Table {
  const columns = declaredColumns(node, environment);
  const properties = propertiesOf(node, environment);
  const rows = elements(part(node, "URIs")).flatMap((each) => {
    const format = properties.format ?? formatOf(String(each.LiteralValue));
    return pinnedRows(each, { columns, format, ignoreFirstRecord: properties.ignoreFirstRecord }, environment);
  });
  const values = rows.map((row) => columns.map(({ type }, index) => constantExpression(row[index] ?? null, type)));
  return { steps: [{ step: "table", rows: values }], columns, readsEvent: false };
}

/** The format that the URL's extension names, or else csv, as in Kusto. */
function formatOf(url: string): string {
  const extension = extname(url.replace(/[?;#].*$/, ""))
    .slice(1)
    .toLowerCase();
  return LIST_FORMATS.includes(extension) ? extension : "csv";
}

function pinnedRows(node: Syntax, form: ListForm, environment: Environment): readonly Row[] {
  const url = String(node.LiteralValue);
  const found = environment.lists.find(url);
  if ("problem" in found) throw refusal(node, environment, "no-list", found.problem);
  const text = decoded(found.bytes);
  const read = text === undefined ? { problem: "it is not UTF-8 text" } : readList(text, form);
  if ("problem" in read) throw refusal(node, environment, "invalid-list", `${found.name}: ${read.problem}`);
  const sha256 = createHash("sha256").update(found.bytes).digest("hex");
  const pinned = { url, sha256, date: found.modified.toISOString().slice(0, 10), rows: read.rows.length };
  const { lists, base } = environment;
  if (lists.pinned.some((each) => each.url === url)) return read.rows;
  lists.pinned.push(pinned);
  const message = `externaldata reads ${found.name}: ${pinned.rows} rows, last changed on ${pinned.date}, sha256 ${sha256}`;
  lists.notes.push({ offset: base + node.TextStart, code: "pinned-list", message });
  return read.rows;
}

function decoded(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function propertiesOf(
  node: Syntax,
  environment: Environment,
): { readonly format: string | undefined; readonly ignoreFirstRecord: boolean } {
  const clause = optionalPart(node, "WithClause");
  const written = new Map(
    elements(clause && part(clause, "Properties")).map((each) => {
      const name = part(each, "Name").SimpleName ?? "";
      if (name !== "format" && name !== "ignoreFirstRecord")
        throw refusal(
          each,
          environment,
          "unsupported-operator",
          `pimwatch does not read the property ${name} of externaldata`,
        );
      const value = part(each, "Expression");
      return [
        name,
        (typeof value.LiteralValue === "string" ? value.LiteralValue : textOf(value)).toLowerCase(),
      ] as const;
    }),
  );
  return { format: written.get("format"), ignoreFirstRecord: written.get("ignoreFirstRecord") === "true" };
}
