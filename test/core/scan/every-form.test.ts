// One generator of events for all that keeps records from being read: scan, candidate slices and quick filter.
import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { chance, type Chance } from "../../../local/samples/chance.ts";
import {
  anyForm,
  inMemory,
  withFieldsAsText,
  withLiteralAtAnEnd,
  type Wrapping,
  WRAPPINGS,
  writtenEvent,
} from "../../../local/samples/written-event.ts";
import { toAuditLogRow } from "../../../src/core/event/audit-log.ts";
import { isRecord, readEventBody, type ReadRecord } from "../../../src/core/event/event-body.ts";
import { shapedRecord } from "../../../src/core/event/record-shape.ts";
import type { Json } from "../../../src/kql/run/values.ts";
import { candidateRecords } from "../../../src/core/scan/candidate-records.ts";
import type { ReadyRule } from "../../../src/core/incident/ready-rule.ts";
import { ruleScan } from "../../../src/core/scan/rule-scan.ts";
import { detectBatch } from "../../../src/workflows/detection/detect-batch.ts";
import { judge } from "../../../src/workflows/detection/judge-record.ts";
import { POSITION, settingsChange, TENANT } from "../../samples.ts";
import { type Letter, memoryStores } from "../../workflows/memory-stores.ts";
import { shippedLiterals, shippedRules } from "./shipped-literals.ts";

const FOLDER = new URL("../../../rules/samples/", import.meta.url);
/** At least one for each rule. */
const SAMPLES = readdirSync(FOLDER).map(
  (name): Json => JSON.parse(readFileSync(new URL(name, FOLDER), "utf8")) as Json,
);
const OTHERS: readonly Json[] = [
  settingsChange({ operationName: "Add member" }, { activityDisplayName: "Add member" }),
  { category: "SignInLogs", text: "]}{[ Update role setting in PI" },
  { category: "AuditLogs", properties: [], text: "x".repeat(400) },
  ...SAMPLES,
];

const RULES = shippedRules();
/** All rules share one scan; the fewer there are, the longer its stride. */
const DETECTIONS = [RULES, ...RULES.map((each) => [each])].map((rules) => {
  const { scan } = ruleScan(rules.map(({ rule }) => rule));
  if (scan === undefined) throw new Error("the shipped rules have literals");
  return { rules, scan };
});

const anyRecord = (draw: Chance): Json => {
  const record = withLiteralAtAnEnd(draw.pick(SAMPLES), LITERALS, draw);
  return draw.between(0, 3) === 0 ? withFieldsAsText(record, draw) : record;
};
const LITERALS = shippedLiterals().map(({ text }) => text);

/** The literal of a single record can lie in the last bytes of a body: it is tried more often. */
const runsOf = (wrapping: Wrapping) => ({ numRuns: wrapping === "single record" ? 1_200 : 200 });

describe.each(WRAPPINGS)("%s: what matches is found", (wrapping) => {
  const drawn = fc.nat().map((seed) => {
    const draw = chance(`${wrapping} ${seed}`);
    const others = () => Array.from({ length: draw.between(0, 2) }, () => draw.pick(OTHERS));
    const records = { record: anyRecord(draw), before: others(), behind: others() };
    const written = writtenEvent(records, { ...anyForm(draw), wrapping }, draw);
    return { body: inMemory(written, LITERALS, draw), detection: draw.pick(DETECTIONS) };
  });

  test("by the whole batch, with the scan as without it", async () => {
    let found = 0;
    let endingInPartOfWord = 0;
    await fc.assert(
      fc.asyncProperty(drawn, async ({ body, detection: { rules, scan } }) => {
        const [withScan, without] = [await detected(body, { rules, scan }), await detected(body, { rules })];
        expect(withScan).toEqual(without);
        found += without.stored.length;
        if (without.stored.length > 0 && isCutWithinWord(body)) endingInPartOfWord += 1;
      }),
      runsOf(wrapping),
    );
    expect(found).toBeGreaterThan(50);
    expect(endingInPartOfWord).toBeGreaterThan(20);
  });

  test("in the slices of candidates, which large bodies are cut into", () => {
    fc.assert(
      fc.property(drawn, ({ body, detection: { rules, scan } }) => {
        const candidates = candidateRecords(body, scan, { withoutLiteral: 0, withLiteral: 0 });
        expect(incidentsOf(candidates?.records ?? [], rules)).toEqual(incidentsOf(readEventBody(body).records, rules));
      }),
      runsOf(wrapping),
    );
  });
});

/** The last bytes of the buffer are no whole word, and belong to the body. */
function isCutWithinWord(body: Uint8Array): boolean {
  const { byteLength } = body.buffer;
  return byteLength % 4 !== 0 && body.byteOffset + body.length === byteLength;
}

async function detected(body: Uint8Array, detection: Partial<(typeof DETECTIONS)[number]>) {
  const { deps, stored, letters } = memoryStores();
  const { figures } = await detectBatch([{ body, position: POSITION }], { ...deps, ...detection });
  // Two of the records may have one id.
  const isSecondContent = ({ reason }: Letter) => reason.endsWith("has the same id and says something else");
  expect(letters.filter((letter) => !isSecondContent(letter))).toEqual([]);
  expect(figures.stored).toBe(stored().length);
  return { stored: stored(), letters };
}

function incidentsOf(records: readonly ReadRecord[], rules: readonly ReadyRule[]) {
  const deps = { rules, allowedTenantIds: new Set([TENANT]), now: () => new Date("2026-03-04T09:14:01Z") };
  return records.flatMap((source) => judge(source, POSITION, deps).found.map(({ incident }) => incident));
}

test("a record that the quick filter refuses gives no row", () => {
  const filtered = RULES.filter(({ mayMatch }) => mayMatch !== undefined);
  const seen = { refused: 0, rows: 0 };
  fc.assert(
    fc.property(
      fc.nat().map((seed) => anyRecord(chance(`filter ${seed}`))),
      (record) => {
        if (!isRecord(record)) throw new Error("a sample is an object");
        const { record: shaped } = shapedRecord(record);
        for (const { rule, mayMatch, evaluate } of filtered) {
          const rows = evaluate(toAuditLogRow(shaped)).length;
          const isRefused = mayMatch?.(shaped) === false;
          expect({ rule: rule.name, rows: isRefused ? rows : 0 }).toEqual({ rule: rule.name, rows: 0 });
          seen.refused += isRefused ? 1 : 0;
          seen.rows += rows;
        }
      },
    ),
    { numRuns: 1_000 },
  );
  expect(filtered.length).toBeGreaterThan(1);
  expect(seen.refused).toBeGreaterThan(1_000);
  expect(seen.rows).toBeGreaterThan(100);
});
