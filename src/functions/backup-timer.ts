import { app, type InvocationContext, type Timer } from "@azure/functions";
import { runInvocation } from "./run-invocation.ts";

app.timer("backup-timer", {
  schedule: "%BACKUP_TIMER_SCHEDULE%",
  handler: (_timer: Timer, context: InvocationContext) =>
    runInvocation(async () => {
      const { services } = await import("../services.ts");
      const { backUp, timers, now } = await services();
      const backedUp = await backUp();
      const line = JSON.stringify({ event: "backed up", ...backedUp });
      if (backedUp.isOverdue) context.warn(line);
      else context.info(line);
      // Otherwise the timer counts as late: a backup that does not come is what matters, not a run.
      if (!backedUp.isOverdue) await timers.ended("backup-timer", now());
    }),
});
