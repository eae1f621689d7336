import { app, type InvocationContext, type Timer } from "@azure/functions";
import { sweepOutbox } from "../workflows/sweep-outbox.ts";
import { settled } from "./settled.ts";

/** Rows of the outbox read at a time. */
const PAGE_SIZE = 500;

app.timer("outbox-timer", {
  schedule: "%OUTBOX_TIMER_SCHEDULE%",
  handler: (_timer: Timer, context: InvocationContext) =>
    settled(async () => {
      const { services } = await import("../services.ts");
      const deps = await services();
      const queuedBefore = new Date(Date.now() - deps.config.outboxMinimumAgeSeconds * 1_000);
      const figures = await sweepOutbox(deps, { queuedBefore, pageSize: PAGE_SIZE });
      context.info(JSON.stringify({ event: "outbox swept", ...figures }));
    }),
});
