import type { Column, Json, ScalarType } from "./values.ts";

/**
 * What a rule's query becomes at build time: plain JSON, so that plan → JSON → plan is identity, and the
 * deployed app needs no parser. Functions and operators are referred to by name; `function-table.ts`
 * and `step-table.ts` say what the names mean.
 */
export interface Plan {
  readonly version: 1;
  /** The result's columns in order. */
  readonly columns: readonly Column[];
  /** Applied in order to a table that holds the one AuditLogs row. */
  readonly steps: readonly Step[];
}

/** An expression over one row. `type` is what it yields, known before any row is seen. */
export type Expression =
  | { readonly kind: "column"; readonly type: ScalarType; readonly index: number }
  | { readonly kind: "literal"; readonly type: ScalarType; readonly value: Json }
  | {
      readonly kind: "call";
      readonly type: ScalarType;
      readonly name: string;
      readonly arguments: readonly Expression[];
    };

export type Step =
  | { readonly step: "where"; readonly predicate: Expression }
  | { readonly step: "project"; readonly values: readonly Expression[] };

export type StepOf<Name extends Step["step"]> = Extract<Step, { step: Name }>;
