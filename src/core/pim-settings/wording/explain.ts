import type { DiagnosticRecord } from "../../event/event-body.ts";
import { propertiesOf } from "../../event/audit-log.ts";
import { valueText } from "../../value-text.ts";
import { laidOutJson } from "../../../kql/run/dynamic-text.ts";
import { assess, type AssessOptions, isSettingsChange, type SettingsAssessment } from "../assess.ts";
import type { Finding } from "../finding.ts";
import { redactRecord } from "../redact.ts";

/** Everything understood of one audit record, as data. `pimwatch explain` prints it. */
export interface Explanation extends SettingsAssessment {
  readonly operationName: string;
  readonly category: string;
  /** False for a record of another operation, for which the rest is not reliable. */
  readonly isSettingsChange: boolean;
}

export function explain(record: DiagnosticRecord, options: AssessOptions = {}): Explanation {
  return {
    operationName: valueText(record["operationName"]),
    category: valueText(propertiesOf(record)["category"]),
    isSettingsChange: isSettingsChange(record),
    ...assess(record, options),
  };
}

/**
 * The explanation as lines of text.
 *
 * @param show makes a value of the event safe to print: an attacker may have put terminal escapes into a name
 */
export function explanationText(explanation: Explanation, show: (value: string) => string): string {
  const { actor, scope, expectation, unrecognized, noise } = explanation;
  const lines = [
    ...(explanation.isSettingsChange
      ? []
      : [`This record is of "${show(explanation.operationName)}", not of "Update role setting in PIM".`, ""]),
    row("assessment", show(explanation.assessment)),
    row("priority", explanation.priority),
    row("effect", `${explanation.effect}${explanation.mixed ? ", and strengthens something else" : ""}`),
    row("role", `${show(scope.label)} (${scope.tierReason})`),
    row("by", `${show(actor.label)} (${actor.type})`),
    row("result", show(explanation.result) || "(none)"),
    row(
      "expected",
      expectation.expected ? `yes, ${show(expectation.ticket)}` : notExpected(show(expectation.nearMiss)),
    ),
    "",
    `Understood: ${explanation.findings.length}`,
    ...explanation.findings.flatMap((finding) => findingLines(finding, show)),
    `Not understood: ${unrecognized.length}`,
    ...unrecognized.map((sentence) => `  "${show(sentence)}"`),
    `Without a change: ${noise.length}`,
    ...noise.map((sentence) => `  "${show(sentence)}"`),
    ...(explanation.text === "" ? ["The event has no text: it does not say what was changed."] : []),
    "",
  ];
  return lines.join("\n");
}

function notExpected(nearMiss: string): string {
  return nearMiss === "" ? "no" : `no (${nearMiss})`;
}

function findingLines(finding: Finding, show: (value: string) => string): string[] {
  const { effect, weight, oldValue, newValue, setting, settingName, baselines } = finding;
  const before = oldValue === null ? "" : `${show(oldValue)} -> `;
  return [
    `  "${show(finding.text)}"`,
    detail("means", `${settingName}: ${before}${show(newValue) || "(no value)"} [${setting}]`),
    detail("effect", `${effect} (${weight}). ${show(finding.reason)}`),
    ...baselines.map(({ id, link }) => detail("baseline", `${id}, ${link}`)),
    detail("wording", `${finding.wording}: ${finding.source}`),
  ];
}

function row(label: string, value: string): string {
  return `${label.padEnd(11)} ${value}`;
}

function detail(label: string, value: string): string {
  return `      ${label.padEnd(9)} ${value}`;
}

/**
 * A Markdown text with the redacted record, to post if a wording is unknown. It fits the issue template "A wording pimwatch
 * does not know".
 */
export function unknownWordingReport(record: DiagnosticRecord): string {
  const json = laidOutJson(redactRecord(record));
  const longest = Math.max(2, ...(json.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return [
    "Names, ids, addresses and times are replaced. Please read it once before you post it.",
    "",
    `${fence}json`,
    json,
    fence,
    "",
  ].join("\n");
}
