import { odata } from "@azure/data-tables";
import { type Condition, conditionsOf } from "../../core/triage/incident-filters.ts";
import type { IncidentPage, PageRequest } from "../../core/triage/incident-query.ts";
import { LISTED_ROWS, listedRowsAt } from "../tables/row-keys.ts";
import type { RowFilter, TableRows } from "../tables/table-rows.ts";
import { rowOfEntity } from "./incident-entity.ts";

/** Pages of the rows that lists are made from. The service checks all conditions of a query except those of `rowTest`. */
export function incidentPages(table: TableRows) {
  return {
    /** @returns "refused" if the service refuses the token: a browser sends it, so it may be anything */
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
 * The filter of a page. The service allows 15 comparisons; a test counts those of all filters together: three for keys,
 * one or two for each filter.
 *
 * @see https://learn.microsoft.com/rest/api/storageservices/querying-tables-and-entities
 */
export function pageFilter(request: Pick<PageRequest, "ruleId" | "query" | "after" | "from" | "through">): RowFilter {
  const { ruleId, query } = request;
  const conditions = conditionsOf(query);
  const { from, before } = timeOf(conditions);
  // Keys count down, so a later time has a smaller row key. `~` sorts behind every character of an id.
  const first = before === undefined ? LISTED_ROWS : listedRowsAt(before - 1);
  const last = `${from === undefined ? LISTED_ROWS : listedRowsAt(from)}~`;
  return {
    partitionKey: ruleId,
    ...firstRow(request, first),
    through: request.through !== undefined && request.through < last ? request.through : last,
    where: conditions.flatMap(comparisonsOf),
  };
}

/** A page begins at or behind the row that the request names, but never before the first row of the wanted time. */
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

/** No comparison for a time, which the row keys hold, and none for the conditions of `rowTest`. */
function comparisonsOf(condition: Condition): string[] {
  if (condition.kind === "anyOf") return alternatives(condition);
  return condition.kind === "equals" ? [`${condition.column} ${odata`eq ${condition.text}`}`] : [];
}

/** Names the wanted values or excludes the others, whichever are fewer. */
function alternatives({ column, wanted, all }: Extract<Condition, { readonly kind: "anyOf" }>): string[] {
  const others = all.filter((value) => !wanted.includes(value));
  if (others.length < wanted.length) return others.map((value) => `${column} ${odata`ne ${value}`}`);
  return [anyOf([...new Set(wanted)].map((value) => `${column} ${odata`eq ${value}`}`))];
}

function anyOf(comparisons: readonly string[]): string {
  return `(${comparisons.join(" or ")})`;
}
