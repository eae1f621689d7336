import type { Schedule } from "../core/incident/rule.ts";
import type { Problem } from "../kql/compile/problem.ts";
import type { RuleFile } from "./rule-shape.ts";
import { periodSeconds, withoutComment } from "./schedule.ts";

/**
 * When a rule that several events decide runs, or the error that keeps it from running.
 *
 * @param reason why one event does not decide it
 */
export function scheduleOf(
  shape: RuleFile,
  place: Pick<Problem, "file" | "line" | "column">,
  reason: string,
): { readonly schedule: Schedule } | { readonly refusal: Problem } {
  const refusal = (message: string) => ({
    refusal: { ...place, level: "error", code: "not-event-local", message } satisfies Problem,
  });
  if (shape.kind === "NRT")
    return refusal(
      `this rule needs several events, and an NRT rule has no period to look back over: make it kind: Scheduled with queryFrequency and queryPeriod (${reason})`,
    );
  const [frequency, period] = [periodSeconds(shape.queryFrequency), periodSeconds(shape.queryPeriod)];
  if (!frequency || !period)
    return refusal(
      `this rule needs several events, and queryFrequency and queryPeriod must then be in weeks, days, hours, minutes or seconds (${reason})`,
    );
  const text = `every ${withoutComment(shape.queryFrequency)} over the last ${withoutComment(shape.queryPeriod)}`;
  return {
    schedule: { frequencySeconds: frequency, periodSeconds: period, threshold: shape.triggerThreshold, text },
  };
}
