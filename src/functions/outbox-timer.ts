import { app, type InvocationContext, type Timer } from "@azure/functions";
import { sweepWebhook } from "../workflows/notify-webhook.ts";
import { sweepOutbox } from "../workflows/sweep-outbox.ts";
import { settled } from "./settled.ts";

/** Rows of the outbox read at a time. */
const PAGE_SIZE = 500;
/** The timer runs again in a minute. */
const WEBHOOK_MS = 45_000;

app.timer("outbox-timer", {
  schedule: "%OUTBOX_TIMER_SCHEDULE%",
  handler: (_timer: Timer, context: InvocationContext) =>
    settled(async () => {
      const { services } = await import("../services.ts");
      const deps = await services();
      const queuedBefore = new Date(Date.now() - deps.config.outboxMinimumAgeSeconds * 1_000);
      const figures = await sweepOutbox(deps, { queuedBefore, pageSize: PAGE_SIZE });
      const webhook = await sweepWebhook(deps, { queuedBefore, milliseconds: WEBHOOK_MS });
      context.info(JSON.stringify({ event: "outbox swept", ...figures, ...(deps.webhook && { webhook }) }));
    }),
});
