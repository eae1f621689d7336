import { app, type InvocationContext, type Timer } from "@azure/functions";
import { runLedgerTimer } from "../invocations/ledger-timer.ts";
import { runInvocation } from "../invocations/run-invocation.ts";

app.timer("ledger-timer", {
  schedule: "%LEDGER_TIMER_SCHEDULE%",
  handler: (_timer: Timer, context: InvocationContext) =>
    runInvocation(async () => {
      const { services } = await import("../services.ts");
      await runLedgerTimer(await services(), context);
    }),
});
