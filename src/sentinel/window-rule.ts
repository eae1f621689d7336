import type { Rule } from "../core/incident/rule.ts";
import type { WindowPlan } from "../kql/plan.ts";
import type { Problem } from "../kql/compile/problem.ts";
import type { RuleFile } from "./rule-shape.ts";
import { periodSeconds, withoutComment } from "./schedule.ts";

/** When Sentinel runs a rule, and over what. */
export interface Schedule {
  /** `queryFrequency`: from one instant to the next. */
  readonly frequencySeconds: number;
  /** `queryPeriod`: the length of the window that ends at an instant. */
  readonly periodSeconds: number;
  /** The rule fires at an instant with more result rows than this. */
  readonly threshold: number;
  /** `every 1d over the last 14d` */
  readonly text: string;
}

/** A rule that needs several events. It does not run on the stream. */
export interface WindowRule extends Omit<Rule, "plan"> {
  readonly window: WindowPlan;
  readonly schedule: Schedule;
  /** The error that keeps the rule from the stream. */
  readonly refusal: Problem;
}

/**
 * How a rule that several events decide runs, and the error that keeps it from the stream.
 *
 * @param reason why one event does not decide it
 */
export function scheduleOf(
  shape: RuleFile,
  place: Pick<Problem, "file" | "line" | "column">,
  reason: string,
): { readonly schedule?: Schedule; readonly refusal: Problem } {
  const refusal = (message: string): Problem => ({ ...place, level: "error", code: "not-event-local", message });
  if (shape.kind === "NRT") {
    const message = `this rule needs several events, and an NRT rule has no period to look back over: make it kind: Scheduled with queryFrequency and queryPeriod (${reason})`;
    return { refusal: refusal(message) };
  }
  const [frequency, period] = [periodSeconds(shape.queryFrequency), periodSeconds(shape.queryPeriod)];
  if (!frequency || !period) {
    const message = `this rule needs several events, and queryFrequency and queryPeriod must then be in weeks, days, hours, minutes or seconds (${reason})`;
    return { refusal: refusal(message) };
  }
  const text = `every ${withoutComment(shape.queryFrequency)} over the last ${withoutComment(shape.queryPeriod)}`;
  const message = `this rule needs several events (${text}): \`pimwatch backtest\` can run it over an archive; the stream cannot yet (${reason})`;
  return {
    schedule: { frequencySeconds: frequency, periodSeconds: period, threshold: shape.triggerThreshold, text },
    refusal: refusal(message),
  };
}
