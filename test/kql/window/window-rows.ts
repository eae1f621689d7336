import fc from "fast-check";
import type { Row } from "../../../src/kql/run/values.ts";
import { auditLogRow, SAMPLE_TIME } from "../query.ts";

const HOUR = 36_000_000_000n;

/** A row of AuditLogs with small values, so that keys meet often. */
export const anyWindowRow: fc.Arbitrary<Row> = fc
  .record({
    Category: fc.constantFrom("left", "right", "other"),
    OperationName: fc.constantFrom("", "a", "A", "b"),
    DurationMs: fc.constantFrom(null, 0n, 1n),
    Id: fc.constantFrom("1", "2", "3", "4", "5"),
    Identity: fc.constantFrom("kim", "sam"),
    hoursAgo: fc.integer({ min: 0, max: 47 }),
  })
  .map(({ hoursAgo, ...columns }) => auditLogRow({ ...columns, TimeGenerated: NOW - BigInt(hoursAgo) * HOUR }));

/** The instant at which the tests evaluate; the rows of `anyWindowRow` lie in the two days before it. */
export const NOW = SAMPLE_TIME;
