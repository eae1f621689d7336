import type { BindStep } from "./step.ts";

/** The first rows: of an ordered table its top, of another any, here always the same. */
export const bindTake: BindStep<"take"> =
  ({ count }) =>
  (rows) =>
    rows.slice(0, count);
