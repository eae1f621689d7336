import type { BindStep } from "./step.ts";

/** The first rows. Kusto may take any rows of a table without order; here they are always the same. */
export const bindTake: BindStep<"take"> =
  ({ count }) =>
  (rows) =>
    rows.slice(0, count);
