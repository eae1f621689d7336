import { app, type InvocationContext, type Timer } from "@azure/functions";
import { runOutboxTimer } from "../invocations/outbox-timer.ts";
import { runInvocation } from "../invocations/run-invocation.ts";

app.timer("outbox-timer", {
  schedule: "%OUTBOX_TIMER_SCHEDULE%",
  handler: (_timer: Timer, context: InvocationContext) =>
    runInvocation(async () => {
      const { services } = await import("../services.ts");
      await runOutboxTimer(await services(), context);
    }),
});
