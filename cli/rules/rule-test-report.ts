import type { Problem } from "../../src/kql/compile/problem.ts";
import type { JunitSuite } from "../junit.ts";
import type { RuleTestReport } from "./rule-test-run.ts";

/** The result of a rule's tests, for programs. */
export interface NamedReport {
  readonly rule: string;
  readonly report: RuleTestReport;
}

/** The fields of each line of `test --json`. */
export function testLines({ rule, report }: NamedReport): object[] {
  if (report.isUntested) return [{ rule, test: null, where: null, outcome: "none", failures: [] }];
  return [
    ...report.outcomes.map(({ name: test, where, failures }) => {
      return { rule, test, where, outcome: failures.length === 0 ? "passed" : "failed", failures };
    }),
    ...report.problems.map((problem) => {
      return { rule, test: null, where: null, outcome: "failed", failures: [problem] };
    }),
  ];
}

/** Rules without tests fail only where `isStrict`. */
export function testSuite({ rule, report }: NamedReport, isStrict: boolean): JunitSuite {
  const whole = { name: "the tests as a whole", file: rule, line: 1 };
  const none = "no tests";
  return {
    name: rule,
    milliseconds: report.milliseconds,
    cases: [
      ...report.outcomes.map(({ name, where, failures }) => ({ name, ...placeOf(where), failures })),
      ...(report.problems.length === 0 ? [] : [{ ...whole, failures: report.problems }]),
      ...(report.isUntested
        ? [isStrict ? { ...whole, failures: [none] } : { ...whole, failures: [], skipped: none }]
        : []),
    ],
  };
}

/** One test for each file; its errors are failures, and all else is a remark. */
export function problemSuite(name: string, files: readonly string[], problems: readonly Problem[]): JunitSuite {
  const all = new Set([...files, ...problems.map(({ file }) => file)]);
  return {
    name,
    milliseconds: 0,
    cases: [...all].map((file) => {
      const own = problems.filter((problem) => problem.file === file);
      const errors = own.filter(({ level }) => level === "error");
      const lines = (some: readonly Problem[]) =>
        some.map(({ line, column, level, message, code }) => `${line}:${column}: ${level}: ${message} (${code})`);
      const remarks = lines(own.filter((problem) => !errors.includes(problem)));
      return { name: file, file, line: own[0]?.line ?? 1, failures: lines(errors), remarks };
    }),
  };
}

/** `rules/x/tests.yaml:12` */
function placeOf(where: string): { file: string; line: number } {
  const [, file = where, line = "1"] = /^(.*):(\d+)$/.exec(where) ?? [];
  return { file, line: Number(line) };
}
