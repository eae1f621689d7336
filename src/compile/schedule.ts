import type { Problem } from "./problem.ts";
import type { RuleFile } from "./rule-shape.ts";
import { placeOf, type YamlFile } from "./yaml-file.ts";

/** `1d`, `2H`, `P1D`, `PT5M`. */
const PERIOD = /^(\d+\s*[smhdw]|P(?=.)(\d+[YMWD])*(T(?=.)(\d+[HMS])+)?)$/i;
const COMMENT = /\s*(\/\/|#).*$/;

/** How Sentinel would run the rule: its trigger must be one that a single event can decide. */
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
    return [problem(file, field, "error", `${field} "${value}" is no period such as 1d, 5m or PT5M`)];
  }
  if (written !== value) {
    return [
      problem(file, field, "warning", `${field} "${value}" has a comment inside the value; it is read as ${written}`),
    ];
  }
  const isUsual = written.startsWith("P") || written === written.toLowerCase();
  return isUsual
    ? []
    : [problem(file, field, "warning", `${field} "${value}" is usually written ${value.toLowerCase()}`)];
}

/** pimwatch has no window to count in: a rule fires on any result or not at all. */
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
