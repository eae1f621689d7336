/**
 * How Kusto's scalar types are held in memory. A value's type is known from its column or expression,
 * never guessed from the value.
 *
 *     Kusto       JavaScript          null
 *     string      string              does not exist: "" stands for it, as in Kusto
 *     bool        boolean             null
 *     int, real   number              null
 *     long        bigint              null
 *     datetime    bigint, 100 ns ticks since 0001-01-01T00:00:00Z      null
 *     timespan    bigint, 100 ns ticks                                 null
 *     guid        string, lower case with dashes                       null
 *     dynamic     JSON value          null
 *
 * @see https://learn.microsoft.com/kusto/query/scalar-data-types/
 */
export type ScalarType = "string" | "bool" | "int" | "long" | "real" | "datetime" | "timespan" | "guid" | "dynamic";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export type Value = Json | bigint;

export interface Column {
  readonly name: string;
  readonly type: ScalarType;
}

/** The values of one row, in the order of its columns. */
export type Row = readonly Value[];
