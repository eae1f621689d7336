import { type DashboardAccess, identify, type Sender } from "../../core/triage/dashboard-access.ts";
import { type HttpAnswer, json, problem } from "../../core/triage/http-answer.ts";
import type { PipelineHealth } from "./pipeline-health.ts";

/** The part of the health that is open to anyone, and enough for a probe: 200 as long as events are stored. */
export function healthAnswer({ status }: Pick<PipelineHealth, "status">): HttpAnswer {
  return json(status === "down" ? 503 : 200, { status });
}

/**
 * The whole health of the pipeline, for analysts.
 *
 * @param health is not called for a request that is refused
 */
export async function pipelineAnswer(
  sender: Sender,
  { access, health }: { readonly access: DashboardAccess; readonly health: () => Promise<PipelineHealth> },
): Promise<HttpAnswer> {
  const identified = identify(access, sender);
  if ("status" in identified) return problem(identified.status, identified.detail);
  return json(200, await health());
}
