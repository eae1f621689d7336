import { odata, type TableClient } from "@azure/data-tables";
import { EFFECTS, type IncidentPage, type PageRequest, STATUSES } from "../../core/triage/incident-query.ts";
import { burstWindow } from "../../core/incident/burst-id.ts";
import { PRIORITIES } from "../../core/pim-settings/priority.ts";
import { SEVERITIES } from "../../core/incident/rule.ts";
import { CALL_TIMEOUT_MS, inTime } from "../calls.ts";
import { rowOfEntity } from "./incident-entity.ts";
import { timeKeyPrefix } from "./incident-table.ts";
import { hasStatus, TABLE_SERVICE } from "../tables/table-rows.ts";

/**
 * Pages of the rows that lists are made from. All of the query but its text is the service's work.
 *
 * @param timeoutMs how long one page may take with its retries
 */
export function incidentPages(table: Pick<TableClient, "listEntities">, timeoutMs = CALL_TIMEOUT_MS) {
  return {
    /** @returns "refused" for a token that the service does not take */
    async page({ token, size, columns, ...request }: PageRequest): Promise<IncidentPage | "refused"> {
      const queryOptions = { filter: pageFilter(request), ...(columns && { select: ["RowKey", ...columns] }) };
      try {
        const page = await inTime(TABLE_SERVICE, timeoutMs, async (options) => {
          const pages = table.listEntities({ queryOptions, ...options });
          const settings = { maxPageSize: size, ...(token === undefined ? {} : { continuationToken: token }) };
          return (await pages.byPage(settings).next()).value;
        });
        const rows = [...(page ?? [])].map((entity) => ({ key: String(entity.rowKey), row: rowOfEntity(entity) }));
        return { rows, token: page?.continuationToken };
      } catch (error) {
        // A token comes back from a browser: whatever the client or the service finds wrong with it is the sender's.
        if (token !== undefined && (error instanceof SyntaxError || hasStatus(error, 400))) return "refused";
        throw error;
      }
    },
  };
}

/**
 * The filter of a page. The service allows 15 comparisons: three for keys, at most two for each field with
 * alternatives and one or two for each name make 15; a burst stands in the place of an actor.
 *
 * @see https://learn.microsoft.com/rest/api/storageservices/querying-tables-and-entities
 */
export function pageFilter(request: Pick<PageRequest, "ruleId" | "query" | "after" | "from">): string {
  const { ruleId, query } = request;
  const { from, to } = timeOf(query);
  // Keys count down: the row key of a later time is smaller. `~` is behind all that an id may hold.
  const first = to === undefined ? "time|" : timeKeyPrefix(to.getTime() - 1);
  const last = from === undefined ? "time}" : `${timeKeyPrefix(from.getTime())}|~`;
  const parts = [
    odata`PartitionKey eq ${ruleId}`,
    firstRow(request, first),
    odata`RowKey le ${last}`,
    ...alternatives("Status", query.status, STATUSES),
    ...alternatives("Severity", query.severity, SEVERITIES),
    ...alternatives("Priority", query.priority, PRIORITIES),
    // Incidents that nobody assessed have an empty effect: they are among none of these.
    ...alternatives("Effect", query.effect, [...EFFECTS, ""]),
    ...(query.role === undefined ? [] : [odata`(RoleScope eq ${query.role} or RoleName eq ${query.role})`]),
    ...(query.actor === undefined ? [] : [odata`InitiatedBy eq ${query.actor}`]),
    ...(query.burst === undefined ? [] : [odata`BurstId eq ${query.burst}`]),
    ...(query.owner === undefined ? [] : [odata`Owner eq ${query.owner}`]),
  ];
  return parts.join(" and ");
}

/** Where a page begins: at or behind the row that the request names, and not before the first of the wanted time. */
function firstRow({ after, from }: Pick<PageRequest, "after" | "from">, first: string): string {
  if (from !== undefined && from >= first) return odata`RowKey ge ${from}`;
  return after !== undefined && after >= first ? odata`RowKey gt ${after}` : odata`RowKey ge ${first}`;
}

/** A burst's id tells when it was: the service need not look elsewhere. */
function timeOf({ from, to, burst }: PageRequest["query"]): {
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
} {
  if (burst === undefined) return { from, to };
  const window = burstWindow(burst);
  return {
    from: from !== undefined && from > window.from ? from : window.from,
    to: to !== undefined && to < window.to ? to : window.to,
  };
}

/** By the wanted values or by the others, whichever are fewer. */
function alternatives(column: string, wanted: readonly string[] | undefined, all: readonly string[]): string[] {
  if (wanted === undefined || wanted.length === 0) return [];
  const others = all.filter((value) => !wanted.includes(value));
  if (others.length < wanted.length) return others.map((value) => `${column} ${odata`ne ${value}`}`);
  return [`(${[...new Set(wanted)].map((value) => `${column} ${odata`eq ${value}`}`).join(" or ")})`];
}
