import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { enlarged } from "../bench/limits/honest-record.ts";
import { compileAllRules } from "../src/sentinel/compile-rules.ts";
import { toAuditLogRow } from "../src/core/event/audit-log.ts";
import type { DiagnosticRecord } from "../src/core/event/event-body.ts";
import { preparePlan } from "../src/kql/run/evaluate.ts";
import { DEFAULT_LIMITS } from "../src/kql/run/evaluation.ts";

const SAMPLES = "rules/samples";
const ONE_MEGABYTE = 1_000_000;

const samples = readdirSync(SAMPLES).map(
  (file): DiagnosticRecord => JSON.parse(readFileSync(`${SAMPLES}/${file}`, "utf8")) as DiagnosticRecord,
);
const { rules } = await compileAllRules("rules");

test.each(rules)(
  "$name takes less than a tenth of the limits on any record of 1 MB that is made of a sample",
  (rule) => {
    // The number of results depends on the record: each of its 2,000 targets may be one.
    const { evaluate, spent } = preparePlan(rule.plan, { limits: { ...DEFAULT_LIMITS, results: Infinity } });
    let found = 0;
    for (const record of samples.flatMap((sample) => Object.values(enlarged(sample, ONE_MEGABYTE)))) {
      expect(JSON.stringify(record).length).toBeGreaterThan(0.95 * ONE_MEGABYTE);
      found += evaluate(toAuditLogRow(record)).length;
      const { rows, work } = spent();
      expect(rows).toBeLessThan(DEFAULT_LIMITS.rows / 10);
      expect(work).toBeLessThan(DEFAULT_LIMITS.work / 10);
    }
    expect(found).toBeGreaterThan(0);
  },
);
