import type { StoredIncident } from "../core/incident-row.ts";
import { type BatchFigures, type DetectDependencies, detectBatch, type HubEvent } from "./detect-batch.ts";
import { type ForwardDependencies, type Forwarded, forwardRows } from "./forward-rows.ts";
import { type FinishedPort, type Recorded, recordFinished } from "./record-finished.ts";

export interface HandleDependencies extends DetectDependencies, ForwardDependencies {
  readonly ledger: FinishedPort;
}

/** Detects in a batch and, once all of it is stored, says so in the ledger and forwards what is new. */
export async function handleEvents(
  events: readonly HubEvent[],
  deps: HandleDependencies,
): Promise<BatchFigures & Recorded & Forwarded> {
  const { figures, added } = await detectBatch(events, deps);
  const recorded = await recordFinished(events, deps);
  const rows = added.map(({ row }: StoredIncident) => row);
  return { ...figures, ...recorded, ...(await forwardRows(rows, deps)) };
}
