import { appendFile, writeFile } from "node:fs/promises";
import { visible } from "../src/core/visible-text.ts";
import { UsageError } from "../src/errors.ts";
import { fileReason } from "./errors/failure-text.ts";

/** A test with its result, as reports of CI show it. */
interface JunitCase {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  /** Why it failed, line by line; empty if it did not. */
  readonly failures: readonly string[];
  /** Why it did not run. */
  readonly skipped?: string;
  /** Remarks that are no failure, line by line. */
  readonly remarks?: readonly string[];
}

/** The tests of one rule. */
export interface JunitSuite {
  readonly name: string;
  readonly cases: readonly JunitCase[];
  readonly milliseconds: number;
}

/**
 * Writes results as JUnit XML, which code hosts and CI servers read.
 *
 * @see https://github.com/testmoapp/junitxml for the elements that they agree on
 */
export async function writeJunit(file: string, name: string, suites: readonly JunitSuite[]): Promise<void> {
  await writeFile(file, junitXml(name, suites)).catch((error: unknown) => {
    throw unwritable(file, error);
  });
}

/** Refuses a file that cannot be written, before anything runs. */
export async function checkJunit(file: string | undefined): Promise<void> {
  if (file === undefined) return;
  await appendFile(file, "").catch((error: unknown) => {
    throw unwritable(file, error);
  });
}

function unwritable(file: string, cause: unknown): UsageError {
  return new UsageError(`--junit ${file}: ${fileReason(cause) ?? "the file cannot be written"}`, { cause });
}

export function junitXml(name: string, suites: readonly JunitSuite[]): string {
  const all = { cases: suites.flatMap(({ cases }) => cases), milliseconds: sum(suites) };
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name, ...totals(all) })}>`,
    ...suites.flatMap((suite) => [
      `  <testsuite${attributes({ name: suite.name, ...totals(suite) })}>`,
      ...suite.cases.flatMap((each) => caseLines(each, suite.name)),
      "  </testsuite>",
    ]),
    "</testsuites>",
    "",
  ].join("\n");
}

function caseLines({ name, file, line, failures, skipped, remarks = [] }: JunitCase, classname: string): string[] {
  const inner = [
    ...(skipped === undefined ? [] : [`<skipped${attributes({ message: skipped })}/>`]),
    ...(failures.length === 0
      ? []
      : [`<failure${attributes({ message: failures[0] ?? "" })}>${linesText(failures)}</failure>`]),
    ...(remarks.length === 0 ? [] : [`<system-out>${linesText(remarks)}</system-out>`]),
  ];
  const start = `    <testcase${attributes({ name, classname, file, line })}`;
  return inner.length === 0
    ? [`${start}/>`]
    : [`${start}>`, ...inner.map((text) => `      ${text}`), "    </testcase>"];
}

function totals({ cases, milliseconds }: Pick<JunitSuite, "cases" | "milliseconds">) {
  return {
    tests: cases.length,
    failures: cases.filter(({ failures }) => failures.length > 0).length,
    errors: 0,
    skipped: cases.filter(({ skipped }) => skipped !== undefined).length,
    time: (milliseconds / 1_000).toFixed(3),
  };
}

function sum(suites: readonly JunitSuite[]): number {
  return suites.reduce((total, { milliseconds }) => total + milliseconds, 0);
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(String(value))}"`)
    .join("");
}

function linesText(lines: readonly string[]): string {
  return lines.map(escaped).join("\n");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

/** XML 1.0 knows no control characters, not even escaped, and neither U+FFFE nor U+FFFF: they are written out. */
function escaped(text: string): string {
  return visible(text)
    .replaceAll("\uFFFE", String.raw`\u{fffe}`)
    .replaceAll("\uFFFF", String.raw`\u{ffff}`)
    .replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
