import { odata, type TableClient } from "@azure/data-tables";
import { type Condition, conditionsOf } from "../../core/triage/incident-filters.ts";
import type { IncidentPage, PageRequest } from "../../core/triage/incident-query.ts";
import { CALL_TIMEOUT_MS, inTime } from "../calls.ts";
import { rowOfEntity } from "./incident-entity.ts";
import { timeKeyPrefix } from "./incident-table.ts";
import { hasStatus, TABLE_SERVICE } from "../tables/table-rows.ts";

/**
 * Pages of the rows that lists are made from. The service tests all of a query but what `rowTest` tests.
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
 * The filter of a page. The service allows 15 comparisons, and a test counts those of all filters together: three for keys,
 * one or two for each filter.
 *
 * @see https://learn.microsoft.com/rest/api/storageservices/querying-tables-and-entities
 */
export function pageFilter(request: Pick<PageRequest, "ruleId" | "query" | "after" | "from">): string {
  const { ruleId, query } = request;
  const conditions = conditionsOf(query);
  const { from, before } = timeOf(conditions);
  // Keys count down: the row key of a later time is smaller. `~` is behind all that an id may hold.
  const first = before === undefined ? "time|" : timeKeyPrefix(before - 1);
  const last = from === undefined ? "time}" : `${timeKeyPrefix(from)}|~`;
  const parts = [
    odata`PartitionKey eq ${ruleId}`,
    firstRow(request, first),
    odata`RowKey le ${last}`,
    ...conditions.flatMap(comparisonsOf),
  ];
  return parts.join(" and ");
}

/** Where a page begins: at or behind the row that the request names, and not before the first of the wanted time. */
function firstRow({ after, from }: Pick<PageRequest, "after" | "from">, first: string): string {
  if (from !== undefined && from >= first) return odata`RowKey ge ${from}`;
  return after !== undefined && after >= first ? odata`RowKey gt ${after}` : odata`RowKey ge ${first}`;
}

/** The time that all conditions allow, in milliseconds since 1970. */
function timeOf(conditions: readonly Condition[]): {
  readonly from: number | undefined;
  readonly before: number | undefined;
} {
  const times = conditions.filter((condition) => condition.kind === "time");
  const begins = times.flatMap(({ from }) => from?.getTime() ?? []);
  const ends = times.flatMap(({ before }) => before?.getTime() ?? []);
  return {
    from: begins.length === 0 ? undefined : Math.max(...begins),
    before: ends.length === 0 ? undefined : Math.min(...ends),
  };
}

/** None for a time, which the row keys hold, and none for words, which Table Storage cannot search. */
function comparisonsOf(condition: Condition): string[] {
  if (condition.kind === "time" || condition.kind === "words") return [];
  if (condition.kind === "anyOf") return alternatives(condition);
  return [anyOf(condition.columns.map((column) => `${column} ${odata`eq ${condition.text}`}`))];
}

/** By the wanted values or by the others, whichever are fewer. */
function alternatives({ column, wanted, all }: Extract<Condition, { readonly kind: "anyOf" }>): string[] {
  const others = all.filter((value) => !wanted.includes(value));
  if (others.length < wanted.length) return others.map((value) => `${column} ${odata`ne ${value}`}`);
  return [anyOf([...new Set(wanted)].map((value) => `${column} ${odata`eq ${value}`}`))];
}

function anyOf(comparisons: readonly string[]): string {
  return `(${comparisons.join(" or ")})`;
}
