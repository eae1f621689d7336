import { app, type InvocationContext, trigger } from "@azure/functions";
import { BATCH_RETRIES } from "../core/timing.ts";
import { detectDelivered } from "../invocations/audit-events.ts";
import { runInvocation } from "../invocations/run-invocation.ts";

app.generic("audit-events", {
  trigger: trigger.generic({
    type: "eventHubTrigger",
    name: "bodies",
    connection: "AUDIT_EVENTS", // identity-based in Azure: AUDIT_EVENTS__fullyQualifiedNamespace
    eventHubName: "%AUDIT_EVENTS_HUB%",
    consumerGroup: "%AUDIT_EVENTS_CONSUMER_GROUP%",
    cardinality: "many",
    dataType: "binary", // otherwise the host parses the events, and one that is not JSON fails the whole batch
  }),
  retry: { strategy: "exponentialBackoff", ...BATCH_RETRIES },
  handler: (bodies: unknown, context: InvocationContext) =>
    runInvocation(async () => {
      const { services } = await import("../services.ts"); // the SDKs are loaded when first needed
      const { triggerMetadata: metadata = {}, retryContext } = context;
      await detectDelivered({ bodies, metadata, retryCount: retryContext?.retryCount ?? 0 }, await services(), context);
    }),
});
