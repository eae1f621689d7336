import { SEVERITIES } from "../../core/incident/rule.ts";
import type { Problem } from "../../kql/compile/problem.ts";
import { placeOf, type YamlFile } from "../yaml-file.ts";

const KINDS = ["Scheduled", "NRT"] as const;

interface Settled {
  readonly value: unknown;
  readonly problems: readonly Problem[];
}

/**
 * Puts right what is written oddly in published rules and can mean one thing only: a kind that is missing beside a
 * schedule (older files), another case, a number in quotes. Each is a warning. A hunting query is an error of its own.
 */
export function withoutOddValues(file: YamlFile, value: unknown): Settled {
  if (!isRecord(value)) return { value, problems: [] };
  const problems: Problem[] = [];
  const say = (field: string, level: Problem["level"], code: string, message: string): void => {
    problems.push({ file: file.name, ...placeOf(file, [field]), level, code, message });
  };
  const named = (field: string, known: readonly string[]): unknown => {
    const written = value[field];
    if (typeof written !== "string" || known.includes(written)) return written;
    const usual = known.find((each) => each.toLowerCase() === written.trim().toLowerCase());
    if (usual !== undefined) say(field, "warning", "odd-value", `${field} "${written}" is usually written ${usual}`);
    return usual ?? written;
  };
  const settled: Record<string, unknown> = { ...value, kind: named("kind", KINDS) };
  settled["severity"] = named("severity", SEVERITIES);
  const threshold = value["triggerThreshold"];
  if (typeof threshold === "string" && /^\d+$/.test(threshold.trim())) {
    settled["triggerThreshold"] = Number(threshold);
    say("triggerThreshold", "warning", "odd-value", `triggerThreshold "${threshold}" is usually a number, not a text`);
  }
  if (isMissing(value["kind"])) {
    const isScheduled = !isMissing(value["queryFrequency"]) && !isMissing(value["queryPeriod"]);
    if (isScheduled) {
      settled["kind"] = "Scheduled";
      say("kind", "warning", "odd-value", "kind is missing; with a schedule it is read as Scheduled");
    } else if (typeof value["query"] === "string") {
      const message = "kind is missing: a hunting query is no rule until it has a kind (NRT) and a severity";
      say("kind", "error", "rule-shape", message);
    }
  }
  return { value: settled, problems };
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
