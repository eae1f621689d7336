import { app, type InvocationContext, type Timer } from "@azure/functions";
import { runBackupTimer } from "../invocations/backup-timer.ts";
import { runInvocation } from "../invocations/run-invocation.ts";

app.timer("backup-timer", {
  schedule: "%BACKUP_TIMER_SCHEDULE%",
  handler: (_timer: Timer, context: InvocationContext) =>
    runInvocation(async () => {
      const { services } = await import("../services.ts");
      await runBackupTimer(await services(), context);
    }),
});
