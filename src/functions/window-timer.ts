import { app, type InvocationContext, type Timer } from "@azure/functions";
import { runWindowTimer } from "../invocations/window-timer.ts";
import { runInvocation } from "../invocations/run-invocation.ts";

app.timer("window-timer", {
  schedule: "%WINDOW_TIMER_SCHEDULE%",
  handler: (_timer: Timer, context: InvocationContext) =>
    runInvocation(async () => {
      const { services } = await import("../services.ts");
      await runWindowTimer(await services(), context);
    }),
});
