import { type Changes, type Finding, heavier } from "../finding.ts";
import type { OverallEffect } from "../effect.ts";
import type { Expectation } from "../expected-changes.ts";

export interface AssessmentParts {
  readonly changes: Changes;
  readonly overall: OverallEffect;
  /** The role and its scope, as in `Member of group X`. */
  readonly label: string;
  readonly failed: boolean;
  readonly expectation: Expectation;
}

/** The most summaries in one sentence; the rest is only counted. */
const MAX_NAMED = 6;

/** What was changed and how bad it is, in one to three sentences: "Approval switched off for Global Administrator; CISA MS.AAD.7.6". */
export function assessmentText({ changes, overall, label, failed, expectation }: AssessmentParts): string {
  const sentences = [
    `${failed ? "Failed attempt: " : ""}${mainClause(changes, overall, label)}`,
    overall.mixed ? `Also: ${phrases(withEffect(changes, "strengthens"))}` : "",
    overall.effect === "unknown" ? "" : notUnderstood(changes),
    expectation.expected ? `Expected: ${expectation.ticket}` : "",
  ];
  return sentences.filter((sentence) => sentence !== "").join(". ");
}

function mainClause(changes: Changes, { effect }: OverallEffect, label: string): string {
  const findings = withEffect(changes, effect);
  if (effect === "weakens" || effect === "strengthens") {
    const baselines = effect === "weakens" ? baselineIds(findings) : [];
    return `${phrases(findings)} for ${label}${baselines.length > 0 ? `; ${baselines.join(", ")}` : ""}`;
  }
  if (effect === "neutral") {
    return findings.length === 0
      ? `No setting changed for ${label}`
      : `${phrases(findings)} for ${label}; not a weakening`;
  }
  const recognised = findings.length === 0 ? "" : `: ${phrases(findings)}`;
  const unread = notUnderstood(changes);
  if (recognised === "" && unread === "")
    return `Settings changed for ${label}, direction unknown: the event does not say what was changed`;
  return `Settings changed for ${label}, direction unknown${recognised}${unread === "" ? "" : `${recognised === "" ? ": " : "; "}${unread}`}`;
}

/** CISA's and CIS's come first, since a reader can look up their numbers. */
function baselineIds(findings: readonly Finding[]): string[] {
  const ids = [...new Set(findings.flatMap(({ baselines }) => baselines.map(({ id }) => id)))];
  const rank = (id: string): number => ["CISA", "CIS ", ""].findIndex((beginning) => id.startsWith(beginning));
  return ids.sort((a, b) => rank(a) - rank(b));
}

function withEffect({ findings }: Changes, effect: Finding["effect"]): readonly Finding[] {
  return findings.filter((finding) => finding.effect === effect).sort((a, b) => heavier(a.weight, b.weight));
}

function notUnderstood({ unrecognized: { length } }: Changes): string {
  if (length === 0) return "";
  return length === 1 ? "1 sentence was not understood" : `${length} sentences were not understood`;
}

/** "Approval switched off, MFA on activation switched off and maximum activation duration set to 24 h" */
function phrases(findings: readonly Finding[]): string {
  const all = [...new Set(findings.map(({ summary }) => summary))];
  const named = all.length > MAX_NAMED ? [...all.slice(0, MAX_NAMED), `${all.length - MAX_NAMED} more`] : all;
  const [first = "", ...rest] = named;
  const lower = rest.map((summary) =>
    /^[A-Z][a-z]/.test(summary) ? summary.slice(0, 1).toLowerCase() + summary.slice(1) : summary,
  );
  const last = lower.pop();
  return last === undefined ? first : `${[first, ...lower].join(", ")} and ${last}`;
}
