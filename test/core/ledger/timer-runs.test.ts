import { expect, test } from "vitest";
import { lateTimers, type TimerName, type TimerRuns } from "../../../src/core/ledger/timer-runs.ts";
import { INVOCATION_DEADLINE_MS } from "../../../src/core/timing.ts";

const NOW = Date.UTC(2026, 2, 4, 12);
const MINUTE = 60_000;
const SCHEDULES = {
  "outbox-timer": "0 * * * * *",
  "ledger-timer": "30 * * * * *",
  "reconciliation-timer": "0 7 * * * *",
  "window-timer": "0 7 * * * *",
  "backup-timer": "0 37 * * * *",
};
const runs = (latestAt: TimerRuns["latestAt"], firstAt = NOW - 1_000 * MINUTE): TimerRuns => ({ firstAt, latestAt });
const IN_TIME = {
  "outbox-timer": NOW - 1,
  "ledger-timer": NOW - 1,
  "reconciliation-timer": NOW - 1,
  "window-timer": NOW - 1,
  "backup-timer": NOW - 1,
};
const late = (found: TimerRuns, now = NOW): TimerName[] => lateTimers(found, SCHEDULES, now).map(({ timer }) => timer);

test("timers that run on schedule are not late, no matter how rarely they run", () => {
  expect(late(runs(IN_TIME))).toEqual([]);
  expect(late(runs({ ...IN_TIME, "reconciliation-timer": NOW - 170 * MINUTE }))).toEqual([]);
  const yearly = { ...SCHEDULES, "ledger-timer": "0 0 0 29 2 *" };
  expect(lateTimers(runs({ ...IN_TIME, "ledger-timer": NOW - 999_999 * MINUTE }), yearly, NOW)).toEqual([]);
});

test.each<{ timer: TimerName; lastRun: string; due: readonly [first: string, third: string] }>([
  { timer: "outbox-timer", lastRun: "12:00:07", due: ["12:01:00", "12:03:00"] },
  { timer: "ledger-timer", lastRun: "12:00:07", due: ["12:00:30", "12:02:30"] },
  { timer: "reconciliation-timer", lastRun: "12:08:07", due: ["13:07:00", "15:07:00"] },
  { timer: "backup-timer", lastRun: "12:08:07", due: ["12:37:00", "14:37:00"] },
])(
  "$timer is late when its third run is missing, and the result says since when",
  ({ timer, lastRun, due: [first, third] }) => {
    const time = (clock: string): number => Date.parse(`2026-03-04T${clock}Z`);
    const missing = time(third) + INVOCATION_DEADLINE_MS;
    const others = Object.fromEntries(Object.keys(SCHEDULES).map((name) => [name, missing]));
    const found = runs({ ...others, [timer]: time(lastRun) });
    expect(lateTimers(found, SCHEDULES, missing - 1)).toEqual([]);
    expect(lateTimers(found, SCHEDULES, missing)).toEqual([
      {
        timer,
        lastRunAt: new Date(time(lastRun)).toISOString(),
        missingSince: new Date(time(first)).toISOString(),
      },
    ]);
  },
);

test("a timer that never ran counts from the first run of any other; before that, nothing is late", () => {
  expect(late({ firstAt: undefined, latestAt: {} })).toEqual([]);
  const { "outbox-timer": outbox } = IN_TIME;
  const since = (minutes: number) => runs({ "outbox-timer": outbox }, NOW - minutes * MINUTE);
  expect(late(since(5))).toEqual([]);
  expect(late(since(8))).toEqual(["ledger-timer"]);
  expect(late(since(240))).toEqual(["ledger-timer", "reconciliation-timer", "window-timer", "backup-timer"]);
  expect(lateTimers(since(8), SCHEDULES, NOW)).toMatchObject([{ lastRunAt: undefined }]);
});

test("an instance whose clock is a little ahead makes nothing late, and a clock that was set back far hides nothing", () => {
  expect(late(runs({ ...IN_TIME, "ledger-timer": NOW + 3 * MINUTE }))).toEqual([]);
  expect(late(runs({ ...IN_TIME, "ledger-timer": NOW + 60 * MINUTE }))).toEqual(["ledger-timer"]);
});
