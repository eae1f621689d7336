import type { Column, PlainJson, ScalarType } from "./run/values.ts";

/**
 * A compiled query, made at build time so that the deployed app needs no parser. It is plain JSON: plan → JSON → plan is
 * identity. It names functions and operators; `function-table.ts`, `aggregates.ts` and `step-table.ts` implement them.
 */
export interface Plan {
  readonly version: 1;
  /** Index of the source table's column with the event's own time. */
  readonly timeColumn: number;
  /** The result's columns, in order. */
  readonly columns: readonly Column[];
  /** Applied in order to a table that holds the one row of the source table. */
  readonly steps: readonly Step[];
}

/**
 * A compiled query over the rows of a window: those of its tables whose time lies in (now − period, now]. Its first step is
 * a `read`, or one that needs no rows. It is plain JSON, as {@link Plan} is.
 */
export interface WindowPlan {
  readonly version: 1;
  /** Index of the source table's column with the event's own time. */
  readonly timeColumn: number;
  /** The result's columns, in order. */
  readonly columns: readonly Column[];
  readonly steps: readonly Step[];
  /** Tables that expressions read as values. A later one can read those before it. */
  readonly shared: readonly SharedTable[];
}

/** A list that a query reads with externaldata, as it was when the plan was compiled. */
export interface PinnedList {
  readonly url: string;
  /** Of the local copy's bytes, in hex. */
  readonly sha256: string;
  /** The day on which the local copy was last changed: `2026-11-30`. */
  readonly date: string;
  readonly rows: number;
}

/**
 * What more events can do to the findings of a query over a window, at one instant:
 *
 *     gains       they only add findings
 *     excused     so do events of the recent window; an older one can excuse: what it says was known before
 *     scheduled   they can take a finding back, so the query runs only when Sentinel runs it
 */
export interface WindowClass {
  readonly name: "gains" | "excused" | "scheduled";
  /** For `excused` and `scheduled`: which expressions make it so. */
  readonly reason: string;
}

/** A table whose rows one evaluation computes once, for expressions. */
export interface SharedTable {
  readonly steps: readonly Step[];
  /** The type of its first column. */
  readonly type: ScalarType;
  /** `list`: the first column's values, as an array, for `in (table)`; `scalar`: the first row's value, for `toscalar`. */
  readonly as: "list" | "scalar";
}

/** The table that queries read. */
export interface SourceTable {
  readonly name: string;
  readonly columns: readonly Column[];
  /** The column with the event's own time, which `now()` returns. */
  readonly timeColumn: string;
}

/** An expression over one row. `type` is the type of its value, known at build time. */
export type Expression =
  | { readonly kind: "column"; readonly type: ScalarType; readonly index: number }
  | { readonly kind: "literal"; readonly type: ScalarType; readonly value: PlainJson }
  /** The value of a shared table of the plan: the same for every row of one evaluation. */
  | { readonly kind: "shared"; readonly type: ScalarType; readonly index: number }
  | {
      readonly kind: "call";
      readonly type: ScalarType;
      readonly name: string;
      readonly arguments: readonly Expression[];
    };

/** An array or property bag whose elements become rows. */
export interface Expansion {
  readonly value: Expression;
  /** Elements of any other type become null. */
  readonly type: ScalarType;
}

/** A call of a function over several rows. */
export interface Aggregate {
  readonly name: string;
  /** The type of its value. */
  readonly type: ScalarType;
  readonly arguments: readonly Expression[];
}

export interface OrderKey {
  readonly value: Expression;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** The kinds of `join`, each under one of its names. */
export type JoinKind =
  | "innerunique"
  | "inner"
  | "leftouter"
  | "rightouter"
  | "fullouter"
  | "leftsemi"
  | "rightsemi"
  | "leftanti"
  | "rightanti";

/** One piece of `parse`'s pattern. */
export type ParsePart =
  | { readonly kind: "skip" }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "column"; readonly type: ScalarType };

/** Quotes and escapes of `parse-kv`. */
export interface Quoting {
  /** Each is the opening and the closing quote, or one character for both. */
  readonly quotes: readonly string[];
  readonly escapes: readonly string[];
}

/** How `parse-kv` finds keys and values. */
export type KeyValueForm =
  | ({
      readonly kind: "delimited";
      readonly pair: string;
      readonly between: string;
      readonly greedy: boolean;
    } & Quoting)
  | ({ readonly kind: "words" } & Quoting)
  /** The first group is the key, the second its value. */
  | { readonly kind: "regex"; readonly regex: string };

/** Steps that add columns append them to the input's; a `project` step then puts all columns in order. */
export type Step =
  | { readonly step: "where"; readonly predicate: Expression }
  | { readonly step: "project"; readonly values: readonly Expression[] }
  | {
      readonly step: "mv-expand";
      readonly expansions: readonly Expansion[];
      readonly bags: "bag" | "array";
      readonly limit: number | null;
      /** Whether the element's index (long) is added after the elements. */
      readonly withIndex: boolean;
    }
  | {
      readonly step: "mv-apply";
      readonly expansions: readonly Expansion[];
      readonly limit: number | null;
      readonly withIndex: boolean;
      /** Runs over the rows `input, elements, index?` of one record; its columns are appended to the input's. */
      readonly steps: readonly Step[];
    }
  | {
      readonly step: "parse";
      readonly source: Expression;
      readonly mode: "simple" | "regex" | "relaxed";
      /** Flags of the regular expression, in `regex` mode only. */
      readonly flags: string;
      readonly parts: readonly ParsePart[];
      /** Drops rows that do not match (`parse-where`). */
      readonly mustMatch: boolean;
    }
  | {
      readonly step: "parse-kv";
      readonly source: Expression;
      readonly keys: readonly Column[];
      readonly form: KeyValueForm;
    }
  | { readonly step: "union"; readonly branches: readonly (readonly Step[])[] }
  | {
      readonly step: "summarize";
      readonly by: readonly Expression[];
      readonly aggregates: readonly Aggregate[];
    }
  | { readonly step: "table"; readonly rows: readonly (readonly Expression[])[] }
  /** Replaces the input with the rows of a table in the window. */
  | { readonly step: "read"; readonly table: string }
  | {
      readonly step: "join";
      readonly kind: JoinKind;
      /**
       * For `innerunique`: conditions of the next `where`s on the left side alone, which decide which row of each key is
       * left. Kusto applies them first, too.
       */
      readonly leftCondition?: Expression;
      /** Make the right side's rows. */
      readonly right: readonly Step[];
      /** Keys of both sides that must be equal, of the same types. */
      readonly leftKeys: readonly Expression[];
      readonly rightKeys: readonly Expression[];
      /** The types of each side's columns, for the side without a partner. */
      readonly leftTypes: readonly ScalarType[];
      readonly rightTypes: readonly ScalarType[];
    }
  | {
      /** Sequences of rows that meet the predicates one after the other: `dimensions, times of the steps, duration`. */
      readonly step: "sequence";
      readonly time: Expression;
      /** Constants: the longest time between two steps, and between the first and the last. */
      readonly stepWindow: Expression;
      readonly span: Expression;
      readonly predicates: readonly Expression[];
      readonly dimensions: readonly Expression[];
    }
  /** Appends the value of each call, which depends on the order of the rows. A later call can read those before it. */
  | { readonly step: "row-functions"; readonly calls: readonly Aggregate[] }
  | { readonly step: "distinct" }
  | { readonly step: "order"; readonly keys: readonly OrderKey[] }
  | { readonly step: "take"; readonly count: number };

export type StepOf<Name extends Step["step"]> = Extract<Step, { step: Name }>;
