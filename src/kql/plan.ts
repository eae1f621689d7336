import type { Column, PlainJson, ScalarType } from "./run/values.ts";

/**
 * What a rule's query becomes at build time: plain JSON, so that plan → JSON → plan is identity, and the
 * deployed app needs no parser. Functions and operators are referred to by name; `function-table.ts`,
 * `aggregates.ts` and `step-table.ts` say what the names mean.
 */
export interface Plan {
  readonly version: 1;
  /** Where the source table's row has the event's own time. */
  readonly timeColumn: number;
  /** The result's columns in order. */
  readonly columns: readonly Column[];
  /** Applied in order to a table that holds the one row of the source table. */
  readonly steps: readonly Step[];
}

/** The table that queries read, one row at a time. */
export interface SourceTable {
  readonly name: string;
  readonly columns: readonly Column[];
  /** The column with the event's own time: what `now()` yields. */
  readonly timeColumn: string;
}

/** An expression over one row. `type` is what it yields, known before any row is seen. */
export type Expression =
  | { readonly kind: "column"; readonly type: ScalarType; readonly index: number }
  | { readonly kind: "literal"; readonly type: ScalarType; readonly value: PlainJson }
  | {
      readonly kind: "call";
      readonly type: ScalarType;
      readonly name: string;
      readonly arguments: readonly Expression[];
    };

/** An array or property bag whose elements become rows. */
export interface Expansion {
  readonly value: Expression;
  /** Elements of another type than this become null. */
  readonly type: ScalarType;
}

export interface Aggregate {
  readonly name: string;
  /** The type of what the aggregate yields. */
  readonly type: ScalarType;
  readonly arguments: readonly Expression[];
}

export interface OrderKey {
  readonly value: Expression;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** One piece of `parse`'s pattern. */
export type ParsePart =
  | { readonly kind: "skip" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "column"; readonly type: ScalarType };

/** Steps that add columns put them behind the input's; a `project` step after them brings the result's order about. */
export type Step =
  | { readonly step: "where"; readonly predicate: Expression }
  | { readonly step: "project"; readonly values: readonly Expression[] }
  | {
      readonly step: "mv-expand";
      readonly expansions: readonly Expansion[];
      readonly bags: "bag" | "array";
      readonly limit: number | null;
      /** Whether the element's index (long) is added behind the elements. */
      readonly withIndex: boolean;
    }
  | {
      readonly step: "mv-apply";
      readonly expansions: readonly Expansion[];
      readonly limit: number | null;
      readonly withIndex: boolean;
      /** Runs over the rows `input, elements, index?` of one record; its columns are added behind the input's. */
      readonly steps: readonly Step[];
    }
  | {
      readonly step: "parse";
      readonly source: Expression;
      readonly mode: "simple" | "regex" | "relaxed";
      /** Regex flags, `regex` mode only. */
      readonly flags: string;
      readonly parts: readonly ParsePart[];
      /** `parse-where`: rows that do not match are dropped. */
      readonly mustMatch: boolean;
    }
  | { readonly step: "union"; readonly branches: readonly (readonly Step[])[] }
  | {
      readonly step: "summarize";
      readonly by: readonly Expression[];
      readonly aggregates: readonly Aggregate[];
    }
  | { readonly step: "table"; readonly rows: readonly (readonly Expression[])[] }
  | { readonly step: "distinct" }
  | { readonly step: "order"; readonly keys: readonly OrderKey[] }
  | { readonly step: "take"; readonly count: number };

export type StepOf<Name extends Step["step"]> = Extract<Step, { step: Name }>;
