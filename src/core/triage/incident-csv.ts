import { valueText } from "../value-text.ts";
import type { IncidentRow } from "../incident/incident-row.ts";

export const CSV_COLUMNS = [
  "ActivityDateTime",
  "Priority",
  "Severity",
  "Effect",
  "Status",
  "Owner",
  "Classification",
  "IncidentTitle",
  "Assessment",
  "RoleScope",
  "InitiatedBy",
  "ClientIpAddress",
  "Result",
  "ResultReason",
  "Expected",
  "RuleName",
  "DetectedTime",
  "LastModifiedTime",
  "Revision",
  "IncidentId",
  "RuleId",
  "EntraTenantName",
  "EntraTenantId",
] as const;

/** So that Excel reads UTF-8. */
const BYTE_ORDER_MARK = "\uFEFF";

/** Rows of a list as CSV (RFC 4180), whatever they hold. */
export function incidentCsv(rows: readonly IncidentRow[]): string {
  const lines = [CSV_COLUMNS, ...rows.map((row) => CSV_COLUMNS.map((name) => valueText(row[name])))];
  return BYTE_ORDER_MARK + lines.map((cells) => `${cells.map(csvCell).join(",")}\r\n`).join("");
}

/**
 * A cell that no spreadsheet takes for a formula: what begins like one, after blanks too and in full-width forms,
 * gets an apostrophe in front. Always quoted, so that separators of every country stay inside.
 *
 * @see https://owasp.org/www-community/attacks/CSV_Injection
 */
export function csvCell(value: string): string {
  const inert = /^\s*[=+\-@|%\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/u.test(value) ? `'${value}` : value;
  return `"${inert.replaceAll("\0", "\uFFFD").replaceAll('"', '""')}"`;
}
