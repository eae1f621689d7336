import type { Services } from "../wiring.ts";
import { handlingOf, handleEvents } from "../workflows/detection/handle-events.ts";
import { hubEvents } from "./hub-events.ts";
import type { Log } from "./log.ts";

/** A batch as the host delivers it. */
export interface DeliveredBatch {
  readonly bodies: unknown;
  readonly metadata: Readonly<Record<string, unknown>>;
  /** How often the host has tried the batch before. */
  readonly retryCount: number;
}

/** Detects in a batch from the hub. @throws when an event could not be stored, so that the host tries again */
export async function detectDelivered(batch: DeliveredBatch, deps: Services, log: Log): Promise<void> {
  const events = hubEvents(batch.bodies, batch.metadata);
  const figures = await handleEvents(events, deps, handlingOf(batch.retryCount));
  const line = JSON.stringify({ event: "batch detected", ...figures });
  if (figures.leftToHealer > 0 || figures.otherContent > 0) log.warn(line);
  else log.info(line);
}
