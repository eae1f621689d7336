import { AUDIT_LOG_COLUMNS } from "../../src/core/event/audit-log-columns.ts";
import type { Row, Value } from "../../src/kql/run/values.ts";

/** A query and a record of about a given length that would take minutes together, or for ever. */
export interface CostlyPlan {
  readonly name: string;
  readonly query: string;
  /** The row's columns, for a record of about the requested length. */
  columns(length: number): Readonly<Record<string, Value>>;
}

const CONDITIONS = Array.from({ length: 100 }, (_, index) => `tostring(TargetResources) has "w${index}"`).join(" or ");
const DOUBLED = Array.from({ length: 40 }, () => "| extend a = strcat(a, a)").join(" ");
const PACKED = Array.from({ length: 40 }, () => "| extend a = pack_array(a, a)").join(" ");

const items = (count: number) => Array.from({ length: count }, (_, index) => index);
const texts = (length: number) => Array.from({ length: Math.floor(length / 10) }, (_, index) => `text ${index}`);
const filled = (length: number) => [{ displayName: "x".repeat(length) }];
const targets = (length: number) =>
  Array.from({ length: Math.floor(length / 60) }, (_, index) => ({
    type: "User",
    displayName: `name ${index}`,
    id: `${index}`,
  }));

export const COSTLY_PLANS: readonly CostlyPlan[] = [
  {
    name: "few elements by few elements, reading all of the record for each pair",
    query: `AuditLogs | mv-expand a = AdditionalDetails | mv-expand b = AdditionalDetails
      | where tostring(TargetResources) has strcat("y", a) or tostring(TargetResources) has strcat("z", b)
        or tostring(TargetResources) has "w"`,
    columns: (length) => ({ AdditionalDetails: items(45), TargetResources: filled(length) }),
  },
  {
    name: "elements by elements by elements",
    query:
      "AuditLogs | mv-expand a = AdditionalDetails | mv-expand b = AdditionalDetails | mv-expand c = AdditionalDetails",
    columns: () => ({ AdditionalDetails: items(10_000) }),
  },
  {
    name: "mv-apply within mv-apply within mv-apply",
    query: `AuditLogs | mv-apply a = AdditionalDetails on (mv-apply b = AdditionalDetails on
      (mv-apply c = AdditionalDetails on (where tostring(c) == "x" and tostring(b) == "y")))`,
    columns: (length) => ({ AdditionalDetails: items(Math.floor(length / 70)) }),
  },
  {
    name: "text that doubles",
    query: `AuditLogs | extend a = Category ${DOUBLED}`,
    columns: () => ({ Category: "a" }),
  },
  {
    name: "arrays that double without growing in memory",
    query: `AuditLogs | extend a = pack_array(Category) ${PACKED} | extend t = tostring(a)`,
    columns: () => ({ Category: "a" }),
  },
  {
    name: "every character replaced by a long text",
    query: 'AuditLogs | extend a = strrep("x", 1000) | extend a = replace_string(Identity, "x", strrep(a, 1000))',
    columns: (length) => ({ Identity: "x".repeat(length) }),
  },
  {
    name: "a hundred conditions over all of the record, a dozen times",
    query: `AuditLogs | mv-expand a = range(1, 12) | where ${CONDITIONS}`,
    columns: (length) => ({ TargetResources: filled(length) }),
  },
  {
    name: "each of many texts looked for in a long one",
    query: "AuditLogs | where Identity has_any (TargetResources)",
    columns: (length) => ({ Identity: "ab ".repeat(length / 3), TargetResources: texts(length) }),
  },
  {
    name: "each element's text looked for in all of them",
    query:
      "AuditLogs | mv-expand T = TargetResources | where tostring(TargetResources) contains tostring(T.displayName)",
    columns: (length) => ({ TargetResources: targets(length) }),
  },
  {
    name: "an expression that reads all of the record for each element",
    query: `AuditLogs | mv-expand T = TargetResources
      | where extract("(b+)c", 1, tostring(TargetResources)) == tostring(T.id) and tostring(T.type) == "x"`,
    columns: (length) => ({ TargetResources: targets(length) }),
  },
  {
    name: "sets of all elements for each element",
    query:
      "AuditLogs | mv-expand T = TargetResources | where array_length(set_union(TargetResources, pack_array(T))) == 0",
    columns: (length) => ({ TargetResources: targets(length) }),
  },
  {
    name: "rows told apart by a long text",
    query: "AuditLogs | mv-expand a = AdditionalDetails | distinct strcat(tostring(TargetResources), tostring(a))",
    columns: (length) => ({ AdditionalDetails: items(2000), TargetResources: filled(length) }),
  },
  {
    name: "groups by a long text",
    query:
      "AuditLogs | mv-expand a = AdditionalDetails | summarize n = count(), s = make_set(a) by k = strcat(Identity, tostring(a))",
    columns: (length) => ({ AdditionalDetails: items(5000), Identity: "x".repeat(length) }),
  },
  {
    name: "order by a long text",
    query: "AuditLogs | mv-expand a = AdditionalDetails | order by strcat(Identity, tostring(a)) asc",
    columns: (length) => ({ AdditionalDetails: items(5000), Identity: "x".repeat(length) }),
  },
  {
    name: "the greatest text of each of many groups",
    query:
      "AuditLogs | mv-expand T = TargetResources | summarize m = arg_max(tostring(T), tostring(TargetResources)) by b = tostring(T.id)",
    columns: (length) => ({ TargetResources: [{ zz: "x".repeat(length) }, ...targets(length / 2)] }),
  },
  {
    name: "text parsed for each element",
    query: `AuditLogs | mv-expand a = AdditionalDetails | parse Identity with * "x" b "y" * | where b == "z"`,
    columns: (length) => ({ AdditionalDetails: items(5000), Identity: "a".repeat(length) }),
  },
  {
    name: "JSON parsed for each element",
    query: "AuditLogs | mv-expand a = AdditionalDetails | where array_length(parse_json(Identity)) == a",
    columns: (length) => ({
      AdditionalDetails: items(5000),
      Identity: "[".repeat(length / 2) + "]".repeat(length / 2),
    }),
  },
  {
    name: "time zones that do not exist",
    query:
      "AuditLogs | mv-expand a = AdditionalDetails | where datetime_utc_to_local(TimeGenerated, tostring(a)) > ago(1d)",
    columns: () => ({ AdditionalDetails: items(50_000) }),
  },
];

/** The AuditLogs row of that record. */
export function rowOf(columns: Readonly<Record<string, Value>>): Row {
  const values: Readonly<Record<string, Value>> = { TimeGenerated: 639_029_198_450_000_000n, ...columns };
  return AUDIT_LOG_COLUMNS.map(({ name, type }) => values[name] ?? (type === "string" ? "" : null));
}
