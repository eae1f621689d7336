import { app, type InvocationContext, type Timer } from "@azure/functions";
import { runReconciliationTimer } from "../invocations/reconciliation-timer.ts";
import { runInvocation } from "../invocations/run-invocation.ts";

app.timer("reconciliation-timer", {
  schedule: "%RECONCILIATION_TIMER_SCHEDULE%",
  handler: (_timer: Timer, context: InvocationContext) =>
    runInvocation(async () => {
      const { services } = await import("../services.ts");
      await runReconciliationTimer(await services(), context);
    }),
});
