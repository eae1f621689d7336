import { app, type InvocationContext, type Timer } from "@azure/functions";
import { throwFirst } from "../core/do-each.ts";
import { isAmiss, reconcile } from "../workflows/delivery/reconcile.ts";
import { runInvocation } from "./run-invocation.ts";

app.timer("reconciliation-timer", {
  schedule: "%RECONCILIATION_TIMER_SCHEDULE%",
  handler: (_timer: Timer, context: InvocationContext) =>
    runInvocation(async () => {
      const { services } = await import("../services.ts");
      const deps = await services();
      const { figures, errors } = await reconcile(deps);
      const line = JSON.stringify({ event: "reconciled", ...figures });
      if (isAmiss(figures)) context.warn(line);
      else context.info(line);
      await deps.timers.ended("reconciliation-timer", deps.now());
      throwFirst(errors);
    }),
});
