import { counted } from "../../src/core/counted.ts";
import { incidentChanges } from "../../src/azure/incidents/incident-changes.ts";
import { incidentPages } from "../../src/azure/incidents/incident-pages.ts";
import { incidentTable } from "../../src/azure/incidents/incident-table.ts";
import { ruleIds } from "../../src/azure/incidents/rule-ids.ts";
import { INCIDENT_ROWS, incidentIdOf } from "../../src/azure/tables/row-keys.ts";
import type { TableRows } from "../../src/azure/tables/table-rows.ts";
import type { IncidentRow, StoredIncident } from "../../src/core/incident/incident-row.ts";
import { readListRequest } from "../../src/core/triage/incident-query.ts";
import { UsageError } from "../../src/errors.ts";
import { type ListDependencies, listIncidents } from "../../src/workflows/incidents/list-incidents.ts";
import { countBurst } from "../../src/workflows/incidents/summarize-incidents.ts";
import { pageAddress, settingsFor } from "../deployment/app-settings.ts";
import { tableDestination } from "../deployment/destinations.ts";
import { incidentDetail } from "./incident-detail-text.ts";
import { incidentLines, textOf } from "./incident-text.ts";
import { byTime, onSameTable, showCommand, summaryText } from "./summary-text.ts";
import type { IncidentOptions, Order } from "../commands/incidents.ts";
import { jsonLine } from "../json-line.ts";
import type { Terminal } from "../terminal.ts";

const FULL_ID = 64;

/**
 * Prints incidents. Of more than the limit, the order decides which ones: the most urgent if they are shown by time.
 *
 * @throws {UsageError} for a malformed filter
 */
export async function list(
  parameters: URLSearchParams,
  { limit, order, json, ...choice }: Omit<IncidentOptions, "limit" | "order"> & { limit: number; order: Order },
  terminal: Terminal,
): Promise<number> {
  parameters.set("order", order === "time" ? "priority" : order);
  const request = readListRequest(parameters);
  if ("problems" in request) throw new UsageError(request.problems.map((problem) => `--${problem}`).join("; "));
  const { deps, settings } = await open(choice, terminal);
  const print = (row: IncidentRow): void =>
    terminal.out(json === true ? jsonLine(withoutNulls(row)) : `${incidentLines(row, terminal)}\n`);
  const shown: IncidentRow[] = [];
  let continuation: string | undefined;
  do {
    terminal.progress(`Reading incidents: ${counted(shown.length, "incident")} so far …`);
    const page = await listIncidents({ ...request, limit: Math.min(limit - shown.length, 200), continuation }, deps);
    if (page === "refused") throw new TypeError("the table refused its own continuation");
    shown.push(...page.rows);
    if (order !== "time") for (const row of page.rows) print(row);
    continuation = page.continuation;
  } while (continuation !== undefined && shown.length < limit && !terminal.stopping.aborted);
  if (order === "time") for (const row of shown.toSorted(byTime)) print(row);
  if (continuation !== undefined) {
    const which = order === "newest" ? "newest" : "most urgent";
    terminal.note(`These are the ${which} ones; there may be more: raise --limit or add filters`);
  }
  const otherwise = parameters.has("status") ? "npx pimwatch incidents --status all" : "npx pimwatch doctor";
  const next = onSameTable(showCommand(shown) ?? otherwise, choice);
  terminal.note(summaryText(shown, { page: pageAddress(settings), next }, terminal));
  return 0;
}

/** Prints all of one incident. @throws {UsageError} unless exactly one id begins with this */
export async function show(
  beginning: string,
  { json, ...choice }: IncidentOptions,
  terminal: Terminal,
): Promise<number> {
  const { deps, table } = await open(choice, terminal);
  terminal.progress("Reading the incident …");
  const { row, record } = await theOne(table, await deps.ruleIds(), beginning);
  const [ruleId, id] = [textOf(row, "RuleId"), textOf(row, "IncidentId")];
  const history = await incidentChanges(table).history(ruleId, id);
  const burst = await countBurst(textOf(row, "BurstId"), deps);
  terminal.out(
    json === true
      ? jsonLine({ incident: withoutNulls(row), record, history, burst })
      : incidentDetail({ row, record, history, burst }, terminal),
  );
  return 0;
}

async function open(choice: Pick<IncidentOptions, "storage" | "table-endpoint">, terminal: Terminal) {
  const settings = await settingsFor(choice, terminal);
  const table = await tableDestination(choice, settings);
  const deps: ListDependencies = {
    ruleIds: ruleIds(table),
    pages: incidentPages(table),
    now: () => new Date(),
  };
  return { table, deps, settings };
}

async function theOne(table: TableRows, partitions: readonly string[], beginning: string): Promise<StoredIncident> {
  const found: StoredIncident[] = [];
  for (const ruleId of partitions) {
    for (const id of beginning.length === FULL_ID ? [beginning] : await idsOf(table, ruleId, beginning)) {
      const incident = await incidentTable(table).get(ruleId, id);
      if (incident !== undefined) found.push(incident);
    }
  }
  const [incident, another] = found;
  if (incident === undefined)
    throw new UsageError(`No incident begins with ${beginning}. See: pimwatch incidents --status all`);
  if (another !== undefined)
    throw new UsageError(`More than one incident begins with ${beginning}. Give more characters`);
  return incident;
}

/** At most two, since two are too many already. */
async function idsOf(table: TableRows, ruleId: string, beginning: string): Promise<string[]> {
  const ids: string[] = [];
  const prefix = `${INCIDENT_ROWS}${beginning}`;
  for await (const { rowKey } of table.list({ partitionKey: ruleId, prefix, select: ["RowKey"] })) {
    ids.push(incidentIdOf(String(rowKey)));
    if (ids.length > 1) break;
  }
  return ids;
}

function withoutNulls(row: IncidentRow): IncidentRow {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
}
