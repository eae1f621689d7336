import type { BindStep } from "./step.ts";

/** The rows of a table in the window, in the order of their times. */
export const bindRead: BindStep<"read"> =
  ({ table }, evaluation) =>
  () =>
    evaluation.window.rowsOf(table);
