import { odata } from "@azure/data-tables";
import { type Condition, conditionsOf } from "../../core/triage/incident-filters.ts";
import type { IncidentPage, PageRequest } from "../../core/triage/incident-query.ts";
import { LISTED_ROWS, listedRowsAt } from "../tables/row-keys.ts";
import type { RowFilter, TableRows } from "../tables/table-rows.ts";
import { rowOfEntity } from "./incident-entity.ts";

/** Pages of the rows that lists are made from. The service tests all of a query but what `rowTest` tests. */
export function incidentPages(table: TableRows) {
  return {
    /** @returns "refused" for a token that the service does not take: a token comes back from a browser */
    async page({ token, size, columns, ...request }: PageRequest): Promise<IncidentPage | "refused"> {
      const select = columns && ["RowKey", ...columns];
      const page = await table.page({ ...pageFilter(request), select, pageSize: size }, token);
      if (page === "refused") return page;
      const rows = page.rows.map((entity) => ({ key: String(entity["rowKey"]), row: rowOfEntity(entity) }));
      return { rows, token: page.token };
    },
  };
}

/**
 * The filter of a page. The service allows 15 comparisons, and a test counts those of all filters together: three for keys,
 * one or two for each filter.
 *
 * @see https://learn.microsoft.com/rest/api/storageservices/querying-tables-and-entities
 */
export function pageFilter(request: Pick<PageRequest, "ruleId" | "query" | "after" | "from">): RowFilter {
  const { ruleId, query } = request;
  const conditions = conditionsOf(query);
  const { from, before } = timeOf(conditions);
  // Keys count down: the row key of a later time is smaller. `~` is behind all that an id may hold.
  const first = before === undefined ? LISTED_ROWS : listedRowsAt(before - 1);
  const last = from === undefined ? LISTED_ROWS : listedRowsAt(from);
  return {
    partitionKey: ruleId,
    ...firstRow(request, first),
    through: `${last}~`,
    where: conditions.flatMap(comparisonsOf),
  };
}

/** Where a page begins: at or behind the row that the request names, and not before the first of the wanted time. */
function firstRow({ after, from }: Pick<PageRequest, "after" | "from">, first: string): RowFilter {
  if (from !== undefined && from >= first) return { from };
  return after !== undefined && after >= first ? { after } : { from: first };
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

/** None for a time, which the row keys hold, and none for what `rowTest` tests. */
function comparisonsOf(condition: Condition): string[] {
  if (condition.kind === "anyOf") return alternatives(condition);
  return condition.kind === "equals" ? [`${condition.column} ${odata`eq ${condition.text}`}`] : [];
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
