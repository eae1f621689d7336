// A backtest finds the same incidents with the scan and without it.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sampleDay } from "../../../local/samples/sample-day.ts";
import { backtestFigures } from "../../../cli/backtest/backtest-figures.ts";
import { backtest } from "../../../cli/backtest/backtest-run.ts";
import { readEventBlocks } from "../../../cli/event-files/event-files.ts";
import { readyRules } from "../../../cli/rules/ready-rules.ts";
import { textOf } from "../../../cli/incidents/incident-text.ts";
import type { Json } from "../../../src/kql/run/values.ts";
import { readyRule, type ReadyRule } from "../../../src/core/incident/ready-rule.ts";
import { ruleScan } from "../../../src/core/scan/rule-scan.ts";
import { writtenJson } from "../../core/scan/written-json.ts";
import { anySettingsChange, settingsChange } from "../../samples.ts";
import { CHANGES_TO_PIM_SETTINGS } from "../../shipped-rule.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pimwatch-backtest-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const OFFICIAL = [readyRule(CHANGES_TO_PIM_SETTINGS)];

async function run(content: string | Uint8Array, rules: readonly ReadyRule[], withScan: boolean) {
  const file = join(folder, "events.json");
  await writeFile(file, content);
  const { scan } = ruleScan(rules.map(({ rule }) => rule));
  if (scan === undefined) throw new Error("these rules have literals");
  const found: string[] = [];
  const unreadable: string[] = [];
  const figures = backtestFigures();
  const place = (where: string) => where.slice(file.length);
  const counts = await backtest(
    readEventBlocks([file], () => undefined),
    { rules, scan: withScan ? scan : undefined },
    {
      found(one, where) {
        found.push(`${place(where)} ${one.match.rule.id} ${textOf(one.incident.row, "IncidentId")}`);
        return figures.add(one, where);
      },
      unreadable: (where, reason) => unreadable.push(`${place(where)}: ${reason}`),
      progress: () => false,
    },
  );
  return { found, unreadable, counts };
}

/** Runs the backtest both ways and checks that both find the same. */
async function both(content: string | Uint8Array, rules: readonly ReadyRule[] = OFFICIAL) {
  const scanned = await run(content, rules, true);
  const whole = await run(content, rules, false);
  expect(scanned.found).toEqual(whole.found);
  for (const { counts } of [scanned, whole])
    expect(counts.received).toBe(
      counts.matched + counts.notMatched + counts.otherCategory + counts.recordsSkippedByScan + counts.deadLettered,
    );
  expect(whole.counts).toMatchObject({ skippedByScan: 0, recordsSkippedByScan: 0 });
  expect(scanned.counts).toMatchObject({
    events: whole.counts.events,
    bytes: whole.counts.bytes,
    matched: whole.counts.matched,
  });
  return { scanned, whole };
}

const lineOf = (value: Json): string => JSON.stringify(value);
const match = settingsChange();
const other = settingsChange({ operationName: "Add member" }, { activityDisplayName: "Add member" });
const signIn: Json = { category: "SignInLogs", text: "x".repeat(400), properties: {} };

describe("with the scan and without it", () => {
  test("the sample day gives the same incidents in the same order", async () => {
    const { bodies } = sampleDay({ day: new Date("2026-03-05T00:00:00Z") });
    const lines = bodies.map((body) => Buffer.from(body).toString().replaceAll("\n", " "));

    const { scanned, whole } = await both(lines.join("\n"), await readyRules());

    expect(whole.found.length).toBeGreaterThan(5);
    expect(scanned.counts.received).toBeLessThan(whole.counts.received);
  });

  test("the figures count skipped events and records", async () => {
    const large: Json = { records: [match, other, signIn, { ...signIn, text: "x".repeat(20_000) }] };
    const lines = [large, { records: [signIn, other] }, match, signIn].map(lineOf);

    const { scanned, whole } = await both(lines.join("\n"));

    const bytes = lines.join("").length;
    expect(scanned.counts).toEqual({
      events: 4,
      bytes,
      skippedByScan: 2,
      received: 5,
      matched: 2,
      notMatched: 0,
      otherCategory: 0,
      recordsSkippedByScan: 3,
      deadLettered: 0,
    });
    expect(whole.counts).toEqual({
      events: 4,
      bytes,
      skippedByScan: 0,
      received: 8,
      matched: 2,
      notMatched: 2,
      otherCategory: 4,
      recordsSkippedByScan: 0,
      deadLettered: 0,
    });
  });

  test("malformed lines do not affect good ones; a malformed part of a skipped event is not reported", async () => {
    const broken = `{"records":[${lineOf(signIn)},{"a":},${lineOf(other)}]}`;
    const cut = lineOf({ records: [signIn, match] }).slice(0, -40);
    const lines = [lineOf(match), broken, "oops", lineOf({ records: [other, match] }), cut, lineOf(match)];

    const { scanned, whole } = await both(lines.join("\n"));

    expect(whole.found.map((each) => each.split(" ")[0])).toEqual([":1", ":4", ":6"]);
    expect(whole.unreadable).toEqual([":2: records[1]: not JSON", ":3: not JSON", ":5: records[1]: not JSON"]);
    expect(scanned.unreadable).toEqual([":3: not JSON", ":5: records[1]: not JSON"]);
  });

  test("any archive gives the same incidents in the same order", async () => {
    const record = fc.oneof(
      anySettingsChange().map((each): Json => ({ ...each, operationName: "Update role setting in PIM" })),
      fc.constantFrom<Json>(match, other, signIn, { ...match, category: "AUDIT" }, 1, null),
    );
    const padding = fc.constantFrom(0, 0, 300, 20_000).map((length): Json => "x".repeat(length));
    const body = fc.oneof(
      fc.tuple(fc.array(record, { maxLength: 4 }), padding).map(([records, text]): Json => ({ text, records })),
      fc.array(record, { maxLength: 4 }),
      record,
    );
    const written = body.chain(writtenJson).map((bytes) => Buffer.from(bytes).toString());
    const oneLine = written.map((text) => text.replaceAll(/[\r\n]/g, " ").replace("\uFEFF", ""));
    const line = fc.oneof(
      { weight: 8, arbitrary: oneLine },
      { weight: 1, arbitrary: fc.tuple(oneLine, fc.nat(200)).map(([text, cut]) => text.slice(0, -1 - cut)) },
      { weight: 1, arbitrary: fc.constantFrom("", "oops", "{", `{"records":[{"a":}]}`) },
    );
    const archive = fc.oneof(
      fc.tuple(fc.array(line, { maxLength: 8 }), fc.constantFrom("\n", "\r\n")).map(([lines, end]) => lines.join(end)),
      fc.tuple(fc.array(written, { maxLength: 5 }), fc.constantFrom(",", "\n,\n")).map(([all, comma]) => {
        return `[${all.map((text) => text.replace("\uFEFF", "")).join(comma)}]`;
      }),
      written,
    );
    let matched = 0;
    await fc.assert(
      fc.asyncProperty(archive, fc.boolean(), async (text, isPacked) => {
        const content = `${text}\n${lineOf(match)}\n`;
        const { whole } = await both(isPacked ? gzipSync(content) : content);
        matched += whole.counts.matched;
      }),
      { numRuns: 200 },
    );
    expect(matched).toBeGreaterThan(100);
  });
});

test("a second record under a known id would be a dead letter", async () => {
  const second = settingsChange({}, { resultReason: "Approval enabled." });

  const {
    whole: { unreadable, counts },
  } = await both(`${lineOf(match)}\n${lineOf(match)}\n${lineOf(second)}\n`);

  expect(counts).toMatchObject({ received: 3, matched: 2, deadLettered: 1 });
  expect(unreadable).toEqual([
    expect.stringMatching(/^:3: incident [0-9a-f]{64} of rule .* is known from a record that has the same id and says/),
  ]);
});

test("progress is reported after each block, and can end the run", async () => {
  const blocks = (async function* () {
    for (let index = 1; ; index += 1)
      yield { file: `file ${index}`, events: [{ body: Buffer.from(lineOf(match)), where: `file ${index}:1` }] };
  })();
  const told: string[] = [];

  const counts = await backtest(
    blocks,
    { rules: OFFICIAL, scan: undefined },
    {
      found: () => "added",
      unreadable: () => undefined,
      progress: ({ events }, file) => told.push(`${events} ${file}`) === 3,
    },
  );

  expect(told).toEqual(["1 file 1", "2 file 2", "3 file 3"]);
  expect(counts).toMatchObject({ events: 3, matched: 3 });
});
