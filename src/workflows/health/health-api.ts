import { type DashboardAccess, identify, type Sender } from "../../core/triage/dashboard-access.ts";
import { type HttpAnswer, json, problem } from "../../core/triage/http-answer.ts";
import type { PipelineHealth } from "./pipeline-health.ts";

/** What anyone may know, and a probe needs: 200 while events are stored, also if somebody has to look at something. */
export function healthAnswer({ status }: Pick<PipelineHealth, "status">): HttpAnswer {
  return json(status === "down" ? 503 : 200, { status });
}

/**
 * All that is known of the pipeline, for analysts.
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
