import type { IncidentRow } from "../../src/core/incident/incident-row.ts";
import { PRIORITIES } from "../../src/core/pim-settings/priority.ts";
import { counted } from "../../src/core/counted.ts";
import { visible } from "../../src/core/visible-text.ts";
import { painted, type Terminal } from "../terminal.ts";
import { SHORT_ID, textOf } from "./incident-text.ts";

/** Oldest activity first, as a terminal is read: the newest is next to the summary. */
export function byTime(left: IncidentRow, right: IncidentRow): number {
  const [a, b] = [left, right].map((row) => `${textOf(row, "ActivityDateTime")} ${textOf(row, "IncidentId")}`);
  return (a ?? "") < (b ?? "") ? -1 : 1;
}

/** The last lines of a command that shows incidents: how many of which priority, where the page is, and what to do next. */
export function summaryText(
  rows: readonly IncidentRow[],
  { page, next }: { readonly page: string; readonly next: string },
  terminal: Pick<Terminal, "color">,
): string {
  const counts = PRIORITIES.map((priority) => {
    const count = rows.filter((row) => row["Priority"] === priority).length;
    return count === 0 ? "" : painted(`${count} ${priority}`, priority, terminal);
  }).filter((text) => text !== "");
  const by = counts.length === 0 ? "" : `: ${counts.join(", ")}`;
  return `${counted(rows.length, "incident")}${by}\npage  ${page}\nnext  ${next}`;
}

/** The command that shows the most urgent of these incidents, of equally urgent ones the newest. */
export function showCommand(rows: readonly IncidentRow[]): string | undefined {
  const [first] = rows.toSorted(
    (left, right) => compare(textOf(left, "Priority"), textOf(right, "Priority")) || byTime(right, left),
  );
  return first && `npx pimwatch incidents show ${textOf(first, "IncidentId").slice(0, SHORT_ID)}`;
}

/** The command with the options that name the table. A connection string holds a key, so it is not repeated. */
export function onSameTable(
  command: string,
  { storage, "table-endpoint": endpoint }: { readonly storage?: string; readonly "table-endpoint"?: string },
): string {
  if (storage !== undefined) return `with the same --storage: ${command}`;
  return endpoint === undefined ? command : `${command} --table-endpoint ${visible(endpoint)}`;
}

function compare(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}

/** A path as a shell takes it. */
export function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${visible(path).replaceAll("'", String.raw`'\''`)}'`;
}
