import type { Problem } from "../kql/compile/problem.ts";
import type { RuleFile } from "./rule-shape.ts";
import { placeOf, type YamlFile } from "./yaml-file.ts";

/** `1d`, `2H`, `1h10m`: each unit at most once, the greatest first. */
const SHORT_PERIOD = /^(?=\d)(?:(\d+)\s*w\s*)?(?:(\d+)\s*d\s*)?(?:(\d+)\s*h\s*)?(?:(\d+)\s*m\s*)?(?:(\d+)\s*s)?$/i;

/** ISO 8601: `P1D`, `PT1H10M`. */
const ISO_PERIOD = /^P(?=.)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/i;

/** Months and years, of no fixed length. */
const LONG_PERIOD = /^P(?=.)(?:\d+[YMWD])+(?:T(?:\d+[HMS])+)?$/i;

const COMMENT = /\s*(\/\/|#).*$/;

/** Checks how Sentinel would run the rule. */
export function scheduleProblems(file: YamlFile, shape: RuleFile): Problem[] {
  if (shape.kind === "NRT") return [];
  return [
    ...periodProblems(file, "queryFrequency", shape.queryFrequency),
    ...periodProblems(file, "queryPeriod", shape.queryPeriod),
    ...triggerProblems(file, shape.triggerOperator),
  ];
}

function periodProblems(file: YamlFile, field: string, value: string): Problem[] {
  const written = withoutComment(value);
  if (periodSeconds(written) === undefined && !LONG_PERIOD.test(written)) {
    return [problem(file, field, "error", `${field} "${value}" is not a period such as 1d, 1h10m or PT5M`)];
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

/** Official files have comments inside the values. */
export function withoutComment(value: string): string {
  return value.replace(COMMENT, "").trim();
}

const UNIT_SECONDS = [604_800, 86_400, 3_600, 60, 1] as const;

/** The length of a period; undefined if it is invalid or counts months or years. */
export function periodSeconds(value: string): number | undefined {
  const written = withoutComment(value);
  const [, ...counts] = SHORT_PERIOD.exec(written) ?? ISO_PERIOD.exec(written) ?? [];
  if (counts.length === 0) return undefined;
  return UNIT_SECONDS.reduce((sum, seconds, index) => sum + seconds * Number(counts[index] ?? 0), 0);
}

/** With any other operator, rows that a rule does not find would make it fire. */
function triggerProblems(file: YamlFile, written: string): Problem[] {
  const operator = written.trim().toLowerCase();
  if (operator !== "gt" && operator !== "greaterthan") {
    const message = `triggerOperator ${written} is not supported; only gt is. Write the count into the query: summarize … | where …`;
    return [problem(file, "triggerOperator", "error", message)];
  }
  return written === "gt"
    ? []
    : [problem(file, "triggerOperator", "warning", `triggerOperator ${written} is usually written gt`)];
}

function problem(file: YamlFile, field: string, level: Problem["level"], message: string): Problem {
  const code = level === "warning" ? "odd-value" : field.startsWith("trigger") ? "trigger" : "period";
  return { file: file.name, ...placeOf(file, [field]), level, code, message };
}
