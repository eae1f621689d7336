import { app, type InvocationContext, trigger } from "@azure/functions";
import { BATCH_RETRIES } from "../core/timing.ts";
import { handlingOf, handleEvents } from "../workflows/detection/handle-events.ts";
import { hubEvents } from "./hub-events.ts";
import { runInvocation } from "./run-invocation.ts";

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
      const delivery = handlingOf(context.retryContext?.retryCount ?? 0);
      const events = hubEvents(bodies, context.triggerMetadata ?? {});
      const figures = await handleEvents(events, await services(), delivery);
      const line = JSON.stringify({ event: "batch detected", ...figures });
      if (figures.leftToHealer > 0 || figures.otherContent > 0) context.warn(line);
      else context.info(line);
    }),
});
