/**
 * How Kusto's scalar types are held in memory. A value's type comes from its column or expression, never from the value.
 *
 *     Kusto       JavaScript          null
 *     string      string              does not exist: "" stands for it, as in Kusto
 *     bool        boolean             null
 *     int, real   number              null
 *     long        bigint              null
 *     datetime    bigint, 100 ns ticks since 0001-01-01T00:00:00Z      null
 *     timespan    bigint, 100 ns ticks                                 null
 *     decimal     bigint, see decimal.ts                               null
 *     guid        string, lower case with dashes                       null
 *     dynamic     JSON value, whole numbers beyond 2^53 as bigint      null
 *
 * @see https://learn.microsoft.com/kusto/query/scalar-data-types/
 */
export type ScalarType =
  "string" | "bool" | "int" | "long" | "real" | "decimal" | "datetime" | "timespan" | "guid" | "dynamic";

/**
 * A JSON value that keeps all digits of whole numbers: one that a JavaScript number cannot hold exactly is a bigint, any
 * other is a number. So two whole numbers are equal exactly if `===` says so.
 *
 * `JSON.stringify` refuses bigints: use `jsonText`, or convert to {@link PlainJson} first.
 */
export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [key: string]: Json };

/** A JSON value without bigints, which `JSON.stringify` can write. Services get it, and plans hold it. */
export type PlainJson = null | boolean | number | string | readonly PlainJson[] | { readonly [key: string]: PlainJson };

export type Value = Json;

export interface Column {
  readonly name: string;
  readonly type: ScalarType;
}

/** The values of one row, in the order of its columns. */
export type Row = readonly Value[];
