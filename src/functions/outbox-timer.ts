import { app, type InvocationContext, type Timer } from "@azure/functions";
import { throwFirst } from "../core/do-each.ts";
import { sweepOutbox } from "../workflows/delivery/sweep-outbox.ts";
import { runInvocation } from "./run-invocation.ts";

app.timer("outbox-timer", {
  schedule: "%OUTBOX_TIMER_SCHEDULE%",
  handler: (_timer: Timer, context: InvocationContext) =>
    runInvocation(async () => {
      const { services } = await import("../services.ts");
      const deps = await services();
      const queuedBefore = new Date(Date.now() - deps.config.outboxMinimumAgeSeconds * 1_000);
      const { figures, errors } = await sweepOutbox(deps, queuedBefore);
      context.info(JSON.stringify({ event: "outbox swept", ...figures }));
      await deps.timers.ended("outbox-timer", deps.now());
      throwFirst(errors);
    }),
});
