import type { Problem } from "../kql/compile/problem.ts";
import type { RuleFile } from "./rule-shape.ts";
import { placeOf, type YamlFile } from "./yaml-file.ts";

/** `1d`, `2H`, `P1D`, `PT5M`. */
const PERIOD = /^(\d+\s*[smhdw]|P(?=.)(\d+[YMWD])*(T(?=.)(\d+[HMS])+)?)$/i;
const COMMENT = /\s*(\/\/|#).*$/;

/** Checks how Sentinel would run the rule: a single event must be able to decide its trigger. */
export function scheduleProblems(file: YamlFile, shape: RuleFile): Problem[] {
  if (shape.kind === "NRT") return [];
  return [
    ...periodProblems(file, "queryFrequency", shape.queryFrequency),
    ...periodProblems(file, "queryPeriod", shape.queryPeriod),
    ...triggerProblems(file, shape.triggerOperator, shape.triggerThreshold),
  ];
}

function periodProblems(file: YamlFile, field: string, value: string): Problem[] {
  const written = value.replace(COMMENT, "").trim();
  if (!PERIOD.test(written)) {
    return [problem(file, field, "error", `${field} "${value}" is not a period such as 1d, 5m or PT5M`)];
  }
  if (written !== value) {
    return [
      problem(file, field, "warning", `${field} "${value}" has a comment inside the value; pimwatch reads ${written}`),
    ];
  }
  const isUsual = written.startsWith("P") || written === written.toLowerCase();
  return isUsual
    ? []
    : [problem(file, field, "warning", `${field} "${value}" is usually written ${value.toLowerCase()}`)];
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };

/** The length of a period; undefined if it is invalid or counts months or years. */
export function periodSeconds(value: string): number | undefined {
  const written = value.replace(COMMENT, "").trim().toLowerCase();
  const [, count, unit = ""] = /^(\d+)\s*([smhdw])$/.exec(written) ?? [];
  if (count !== undefined) return Number(count) * (SECONDS[unit] ?? 0);
  const iso = /^p(?:(\d+)w)?(?:(\d+)d)?(?:t(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?)?$/.exec(written);
  if (iso === null) return undefined;
  const [weeks = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = iso.slice(1).map((part) => Number(part ?? 0));
  return (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds;
}

/** pimwatch has no window to count in, so a rule must fire on any result. */
function triggerProblems(file: YamlFile, written: string, threshold: number): Problem[] {
  const operator = written.trim().toLowerCase();
  if (operator !== "gt" && operator !== "greaterthan") {
    const message = `triggerOperator ${written} needs a window over many events; only gt runs on one event`;
    return [problem(file, "triggerOperator", "error", message)];
  }
  if (threshold !== 0) {
    const message = `triggerThreshold ${threshold} needs a window over many events; only 0 runs on one event`;
    return [problem(file, "triggerThreshold", "error", message)];
  }
  return written === "gt"
    ? []
    : [problem(file, "triggerOperator", "warning", `triggerOperator ${written} is usually written gt`)];
}

function problem(file: YamlFile, field: string, level: Problem["level"], message: string): Problem {
  const code = level === "warning" ? "odd-value" : field.startsWith("trigger") ? "trigger" : "period";
  return { file: file.name, ...placeOf(file, [field]), level, code, message };
}
