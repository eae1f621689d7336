import type { StoredIncident } from "../core/incident-row.ts";
import { type BatchFigures, type DetectDependencies, detectBatch, type HubEvent } from "./detect-batch.ts";
import { type ForwardDependencies, type Forwarded, forwardRows } from "./forward-rows.ts";

export interface HandleDependencies extends DetectDependencies, ForwardDependencies {}

/** Detects in a batch and, once all of it is stored, forwards what is new. */
export async function handleEvents(
  events: readonly HubEvent[],
  deps: HandleDependencies,
): Promise<BatchFigures & Forwarded> {
  const { figures, added } = await detectBatch(events, deps);
  const rows = added.map(({ row }: StoredIncident) => row);
  return { ...figures, ...(await forwardRows(rows, deps)) };
}
