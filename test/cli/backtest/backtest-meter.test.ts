import { expect, test } from "vitest";
import { backtestMeter } from "../../../cli/backtest/backtest-meter.ts";
import { byteRate } from "../../../cli/backtest/backtest-rates.ts";

const counts = (bytes: number, received: number) => ({
  events: 3,
  skippedByScan: 0,
  bytes,
  received,
  matched: 2,
  notMatched: received - 2,
  otherCategory: 0,
  recordsSkippedByScan: 0,
  deadLettered: 0,
});

function meter(files: readonly { file: string; size: number }[], withScan: boolean) {
  const lines: string[] = [];
  let time = 1_000;
  const made = backtestMeter({ progress: (line) => void lines.push(line) }, files, { withScan, now: () => time });
  return { made, lines, tick: (milliseconds: number) => void (time += milliseconds) };
}

test.each([
  {
    withScan: false,
    shown: [
      "██████░░░░░░░░░░░░░░░░░░ 25 %  10 records, 250.0 MB, 2 records matched, 10 records/s, 250 MB/s …",
      "████████████░░░░░░░░░░░░ 50 %  10 records, 9000.0 MB, 2 records matched, 5 records/s, 4.50 GB/s …",
      "██████████████████░░░░░░ 75 %  10 records, 9010.0 MB, 2 records matched, 3 records/s, 3.00 GB/s …",
    ],
  },
  {
    withScan: true,
    shown: [
      "██████░░░░░░░░░░░░░░░░░░ 25 %  3 events, 250.0 MB, 2 records matched, 250 MB/s …",
      "████████████░░░░░░░░░░░░ 50 %  3 events, 9000.0 MB, 2 records matched, 4.50 GB/s …",
      "██████████████████░░░░░░ 75 %  3 events, 9010.0 MB, 2 records matched, 3.00 GB/s …",
    ],
  },
])("the bar follows the bytes of plain files and the end of packed ones (scan: $withScan)", ({ withScan, shown }) => {
  const { made, lines, tick } = meter(
    [
      { file: "a.ndjson", size: 500e6 },
      { file: "b.gz", size: 250e6 },
      { file: "c.ndjson", size: 250e6 },
    ],
    withScan,
  );
  for (const [bytes, file] of [
    [250e6, "a.ndjson"],
    [9_000e6, "b.gz"],
    [9_010e6, "c.ndjson"],
  ] as const) {
    tick(1_000);
    made.show(counts(bytes, 10), file);
  }
  expect(lines).toEqual(shown);
});

test("the meter is drawn at most five times a second", () => {
  const { made, lines, tick } = meter([{ file: "a", size: 10 }], false);
  for (let event = 0; event < 10; event += 1) {
    made.show(counts(1, 1), "a");
    tick(50);
  }
  expect(lines).toHaveLength(3);
});

test("rates are per second since the meter was made", () => {
  const { made, tick } = meter([], false);
  tick(2_000);
  expect(made.rates(counts(4_000_000, 10))).toEqual({ records: 5, bytes: 2_000_000 });
});

test.each([
  [0, "0.0 MB/s"],
  [1_234_000, "1.2 MB/s"],
  [9_960_000, "10 MB/s"],
  [999_400_000, "999 MB/s"],
  [999_600_000, "1.00 GB/s"],
  [2_314_000_000, "2.31 GB/s"],
])("%d bytes a second are %s", (bytes, text) => {
  expect(byteRate(bytes)).toBe(text);
});
