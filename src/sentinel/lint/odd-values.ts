import { SEVERITIES } from "../../core/incident/rule.ts";
import type { Problem } from "../../kql/compile/problem.ts";
import { placeOf, type YamlFile } from "../yaml-file.ts";

const KINDS = ["Scheduled", "NRT"] as const;

interface Corrected {
  readonly value: unknown;
  readonly problems: readonly Problem[];
}

/**
 * Corrects odd but unambiguous values of published rules, with a warning: a missing kind beside a schedule (older files),
 * another case, a number in quotes. A hunting query is an error.
 */
export function withoutOddValues(file: YamlFile, value: unknown): Corrected {
  if (!isRecord(value)) return { value, problems: [] };
  const problems: Problem[] = [];
  const report = (field: string, level: Problem["level"], code: string, message: string): void => {
    problems.push({ file: file.name, ...placeOf(file, [field]), level, code, message });
  };
  const named = (field: string, known: readonly string[]): unknown => {
    const written = value[field];
    if (typeof written !== "string" || known.includes(written)) return written;
    const usual = known.find((each) => each.toLowerCase() === written.trim().toLowerCase());
    if (usual !== undefined) report(field, "warning", "odd-value", `${field} "${written}" is usually written ${usual}`);
    return usual ?? written;
  };
  const corrected: Record<string, unknown> = { ...value, kind: named("kind", KINDS) };
  corrected["severity"] = named("severity", SEVERITIES);
  const threshold = value["triggerThreshold"];
  if (typeof threshold === "string" && /^\d+$/.test(threshold.trim())) {
    corrected["triggerThreshold"] = Number(threshold);
    report("triggerThreshold", "warning", "odd-value", `triggerThreshold "${threshold}" is usually a number, not text`);
  }
  if (isMissing(value["kind"])) {
    const isScheduled = !isMissing(value["queryFrequency"]) && !isMissing(value["queryPeriod"]);
    if (isScheduled) {
      corrected["kind"] = "Scheduled";
      report("kind", "warning", "odd-value", "kind is missing; because there is a schedule, pimwatch reads Scheduled");
    } else if (typeof value["query"] === "string") {
      const message = "kind is missing: to run a hunting query as a rule, add a kind (NRT) and a severity";
      report("kind", "error", "rule-shape", message);
    }
  }
  return { value: corrected, problems };
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
