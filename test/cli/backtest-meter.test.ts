import { expect, test } from "vitest";
import { backtestMeter } from "../../src/cli/backtest-meter.ts";

const counts = (bytes: number, records: number) => ({
  events: 1,
  bytes,
  records,
  skipped: 0,
  matched: 2,
  unreadable: 0,
});

function meter(files: readonly { file: string; size: number }[]) {
  const lines: string[] = [];
  let time = 1_000;
  const made = backtestMeter({ progress: (line) => void lines.push(line) }, files, () => time);
  return { made, lines, tick: (milliseconds: number) => void (time += milliseconds) };
}

test("the bar follows the bytes of plain files and the end of packed ones", () => {
  const { made, lines, tick } = meter([
    { file: "a.ndjson", size: 500 },
    { file: "b.gz", size: 250 },
    { file: "c.ndjson", size: 250 },
  ]);
  for (const [bytes, where] of [
    [250, "a.ndjson:1"],
    [9_000, "b.gz:7"],
    [9_100, "c.ndjson:2"],
  ] as const) {
    tick(1_000);
    made.show(counts(bytes, 10), where);
  }
  expect(lines).toEqual([
    "██████░░░░░░░░░░░░░░░░░░ 25 %  10 records, 0.0 MB, 2 matched, 10 records/s …",
    "████████████░░░░░░░░░░░░ 50 %  10 records, 0.0 MB, 2 matched, 5 records/s …",
    "██████████████████░░░░░░ 75 %  10 records, 0.0 MB, 2 matched, 3 records/s …",
  ]);
});

test("it is shown at most five times a second", () => {
  const { made, lines, tick } = meter([{ file: "a", size: 10 }]);
  for (let event = 0; event < 10; event += 1) {
    made.show(counts(1, 1), "a:1");
    tick(50);
  }
  expect(lines).toHaveLength(3);
});
