import { counted } from "../../src/core/counted.ts";
import { tenantOf, toAuditLogRow } from "../../src/core/event/audit-log.ts";
import { toJson } from "../../src/core/json/column-json.ts";
import { isRecord, type DiagnosticRecord } from "../../src/core/event/event-body.ts";
import type { IncidentRow } from "../../src/core/incident/incident-row.ts";
import { hasWindow, type WindowRule } from "../../src/core/incident/rule.ts";
import { jsonText } from "../../src/kql/run/dynamic-text.ts";
import { prepare } from "../../src/kql/run/evaluate.ts";
import type { Json } from "../../src/kql/run/values.ts";
import { readyRule } from "../../src/core/incident/ready-rule.ts";
import type { SourcedRule } from "../../src/sentinel/compile-rules.ts";
import { conditionsOf, oneLine, type RuleCondition } from "../../src/sentinel/rule-conditions.ts";
import { readTests, type ExpectedRow, type RuleTest } from "../../src/sentinel/tests-file.ts";
import { formatProblem } from "../../src/kql/compile/problem.ts";
import { PimwatchError } from "../../src/errors.ts";
import { judge, type Found } from "../../src/workflows/detection/judge-record.ts";
import { changedRecord } from "../../src/sentinel/changed-record.ts";
import type { RuleSamples } from "./rule-samples.ts";
import { runWindowTest, type ArrivingEvent } from "./window-test-run.ts";
import { whyMissed } from "./why-missed.ts";
import { differences } from "./value-diff.ts";

interface TestOutcome {
  readonly name: string;
  /** `rules/x/tests.yaml:12` */
  readonly where: string;
  /** Lines that say what differs from the expectation; empty if the test passed. */
  readonly failures: readonly string[];
}

export interface RuleTestReport {
  readonly outcomes: readonly TestOutcome[];
  /** Problems of the tests as a whole: they cannot be read, or no near miss names a condition. */
  readonly problems: readonly string[];
  /** True for an unchanged official file, which needs no tests and has none. */
  readonly isUntested: boolean;
  readonly milliseconds: number;
}

/**
 * Runs the tests beside a rule, with the app's own code.
 *
 * A rule with a guide must have tests; an official file alone need not.
 */
export async function runRuleTests(sourced: SourcedRule, samples: RuleSamples): Promise<RuleTestReport> {
  const began = performance.now();
  const { files } = sourced;
  // A rule with a guide is the user's own, and needs tests.
  if (files.tests === undefined && files.guide === undefined) {
    return { outcomes: [], problems: [], isUntested: true, milliseconds: 0 };
  }
  const { outcomes, problems } = await outcomesOf(sourced, samples);
  return { outcomes, problems, isUntested: false, milliseconds: performance.now() - began };
}

async function outcomesOf(
  sourced: SourcedRule,
  samples: RuleSamples,
): Promise<Pick<RuleTestReport, "outcomes" | "problems">> {
  const { rule, files } = sourced;
  if (files.tests === undefined) {
    const message = `${files.rule.name}: no tests.yaml beside it. \`npx pimwatch new\` shows how to write one`;
    return { outcomes: [], problems: [message] };
  }
  const { read, problems } = readTests(files.tests);
  if (read === undefined) return { outcomes: [], problems: problems.map(formatProblem) };
  // Conditions over several events have no near miss that is one event.
  const conditions = hasWindow(rule) ? [] : conditionsOf(rule);
  const missed = new Set<number>();
  let hits = 0;
  const outcomes: TestOutcome[] = [];
  for (const [index, test] of read.tests.tests.entries()) {
    const { failures, found, condition } = await outcomeOf(test, read.tests.samples ?? {}, {
      sourced,
      samples,
      conditions,
    });
    if (failures.length === 0 && found > 0) hits += 1;
    if (failures.length === 0 && condition) missed.add(condition.number);
    outcomes.push({ name: test.name, where: `${files.tests.name}:${read.lineOf(index)}`, failures });
  }
  const unshown = conditions.filter(({ number }) => !missed.has(number));
  const gaps = [
    ...(hits > 0 ? [] : ["no test has an event that the rule finds. Add one"]),
    ...unshown.map(({ text }) => `no near miss tests this condition. Add a test with misses: ${text}`),
  ];
  return { outcomes, problems: gaps.map((gap) => `${files.tests?.name ?? ""}: ${gap}`) };
}

interface Bench {
  readonly sourced: SourcedRule;
  readonly samples: RuleSamples;
  readonly conditions: readonly RuleCondition[];
}

interface Outcome {
  readonly failures: readonly string[];
  readonly found: number;
  readonly condition?: RuleCondition;
}

async function outcomeOf(
  test: RuleTest,
  own: Readonly<Record<string, DiagnosticRecord>>,
  bench: Bench,
): Promise<Outcome> {
  try {
    if (hasWindow(bench.sourced.rule))
      return await windowOutcomeOf(test, bench.sourced.rule, (each) => recordOf(each, own, bench));
    if (test.events !== undefined)
      return { failures: ["one event decides this rule: give a sample or an event, not events"], found: 0 };
    const record = await recordOf(test, own, bench);
    const { found, failure } = findIn(record, bench.sourced);
    if (failure !== undefined) return { failures: [failure], found: 0 };
    const miss = test.misses === undefined ? undefined : checkMiss(test.misses, record, bench.conditions);
    const expected = test.expect ?? 0;
    const why = found.length < countOf(expected) ? whyMissed(bench.sourced, record, bench.conditions) : [];
    const failures = [...compare(expected, found.map(findingOf)), ...why, ...(miss?.failures ?? [])];
    return { failures, found: found.length, ...(miss?.condition && { condition: miss.condition }) };
  } catch (error) {
    if (!(error instanceof PimwatchError)) throw error;
    return { failures: [error.message], found: 0 };
  }
}

type RecordSource = Pick<RuleTest, "sample" | "event" | "set" | "remove">;

// oxlint-disable-next-line max-params -- a test, its rule, and how its records are read
async function windowOutcomeOf(
  { events, order, expect = 0 }: RuleTest,
  rule: WindowRule,
  recordFor: (source: RecordSource) => Promise<DiagnosticRecord>,
): Promise<Outcome> {
  if (events === undefined) return { failures: ["this rule needs several events: give events"], found: 0 };
  const arriving: ArrivingEvent[] = [];
  for (const { at, expect: then, ...source } of events) {
    const record = { ...(await recordFor(source)), time: at };
    arriving.push({ at: Date.parse(at), record, expect: then });
  }
  const test = { events: arriving, isOrderFixed: order === "fixed", expect };
  return runWindowTest(rule, test, (expected, found) =>
    compare(
      expected,
      found.map(({ row }) => findingOfSeveral(row)),
    ),
  );
}

async function recordOf(
  test: RecordSource,
  own: Readonly<Record<string, DiagnosticRecord>>,
  { sourced, samples }: Bench,
): Promise<DiagnosticRecord> {
  const base = test.event ?? own[test.sample ?? ""] ?? (await samples.named(test.sample ?? "", sourced.files));
  return changedRecord(base, test.set ?? {}, test.remove ?? []);
}

const NOWHERE = { partitionId: null, sequenceNumber: null, enqueuedTime: null };

function findIn(record: DiagnosticRecord, { rule }: SourcedRule): { found: readonly Found[]; failure?: string } {
  const bytes = () => new TextEncoder().encode(jsonText(record));
  const verdict = judge({ record, bytes }, NOWHERE, {
    rules: [readyRule(rule)],
    allowedTenantIds: new Set([tenantOf(record)]),
    now: () => new Date(0),
  });
  if (verdict.fate === "deadLettered")
    return { found: [], failure: `the record would be a dead letter: ${verdict.reason}` };
  if (verdict.fate === "otherCategory") {
    const category = jsonText(record["category"] ?? null);
    return {
      found: [],
      failure: `the record's category is ${category}, so no rule sees it. Use AuditLogs`,
    };
  }
  return { found: verdict.found };
}

/** An event is a near miss only if the rule would find it without that condition. */
function checkMiss(
  misses: string | number,
  record: DiagnosticRecord,
  conditions: readonly RuleCondition[],
): { failures: readonly string[]; condition?: RuleCondition } {
  const condition = conditions.find(({ number, text }) =>
    typeof misses === "number" ? number === misses : text === oneLine(misses),
  );
  if (condition === undefined) {
    const known = conditions.map(({ number, text }) => `    ${number}  ${text}`);
    return { failures: [`the query has no condition ${JSON.stringify(misses)}; it has:`, ...known] };
  }
  if (prepare(condition.relaxed)(toAuditLogRow(record)).length > 0) return { failures: [], condition };
  return {
    failures: [`not a near miss of ${condition.text}: the rule would not find the event without that condition either`],
  };
}

/** A finding with the names of tests.yaml. */
interface Finding {
  readonly fields: Readonly<Record<string, Json>>;
  readonly columns: Readonly<Record<string, Json>>;
}

function compare(expected: NonNullable<RuleTest["expect"]>, found: readonly Finding[]): string[] {
  const rows = typeof expected === "number" ? undefined : Array.isArray(expected) ? expected : [expected];
  const count = countOf(expected);
  if (found.length !== count) {
    const shown = found.map((each) => `    ${JSON.stringify(each.fields["title"])}`);
    return [
      `${counted(found.length, "finding")} instead of ${counted(count, "finding")}${found.length === 0 ? "" : ":"}`,
      ...shown,
    ];
  }
  return (rows ?? []).flatMap((row, index) => compareRow(row, found[index], rows?.length === 1 ? "" : `[${index}].`));
}

function countOf(expected: NonNullable<RuleTest["expect"]>): number {
  if (typeof expected === "number") return expected;
  return Array.isArray(expected) ? expected.length : 1;
}

function compareRow(expected: ExpectedRow, actual: Finding | undefined, prefix: string): string[] {
  if (actual === undefined) return [];
  const { columns: wanted, ...fields } = expected;
  const columns = Object.entries(wanted ?? {}).flatMap(([name, value]) =>
    Object.hasOwn(actual.columns, name)
      ? differences(value, actual.columns[name] ?? null, `${prefix}columns.${name}`)
      : [`${prefix}columns.${name}: the finding has no such column`],
  );
  const others = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : differences(value, actual.fields[name] ?? null, `${prefix}${name}`),
  );
  return [...others, ...columns];
}

function findingOf({ match, incident }: Found): Finding {
  const columns = match.rule.plan.columns.map(
    ({ name, type }, index) => [name, toJson(match.resultRow[index] ?? null, type)] as const,
  );
  return { fields: fieldsOf(incident.row), columns: Object.fromEntries(columns) };
}

/** The columns are those of the first result row. */
function findingOfSeveral(row: IncidentRow): Finding {
  const [first] = Array.isArray(row["ResultRows"]) ? (row["ResultRows"] as readonly Json[]) : [];
  return { fields: fieldsOf(row), columns: isRecord(first) ? first : {} };
}

function fieldsOf(row: IncidentRow): Finding["fields"] {
  return {
    title: row["IncidentTitle"] ?? null,
    severity: row["Severity"] ?? null,
    description: row["Description"] ?? null,
    tactics: row["Tactics"] ?? null,
    id: row["IncidentId"] ?? null,
    entities: withoutIds(row["Entities"] ?? null),
    customDetails: row["CustomDetails"] ?? null,
  };
}

function withoutIds(entities: Json): Json {
  if (!Array.isArray(entities)) return entities;
  return entities.map((entity: Json) =>
    typeof entity === "object" && entity !== null && !Array.isArray(entity)
      ? Object.fromEntries(Object.entries(entity).filter(([key]) => key !== "$id"))
      : entity,
  );
}
