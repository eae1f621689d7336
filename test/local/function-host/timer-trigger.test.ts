import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { startAzurite, type Azurite } from "../../../local/azurite.ts";
import { startTimerTrigger, timerSchedule } from "../../../local/function-host/timer-trigger.ts";
import { sampleHub, sampleSettings, startSample } from "./sample-app.ts";

const timer = (schedule: string) => ({ type: "timerTrigger", schedule });

test.each([
  { schedule: "0 */5 * * * *", next: "2026-01-02T03:05:00.000Z" },
  { schedule: "30 0 0 * * *", next: "2026-01-03T00:00:30.000Z" },
  { schedule: "0 0 9 * * MON-FRI", next: "2026-01-02T09:00:00.000Z" },
  { schedule: "0 30 1 1 * *", next: "2026-02-01T01:30:00.000Z" },
  { schedule: "%AT_NOON%", next: "2026-01-02T12:00:00.000Z" },
])("$schedule is next due at $next, in UTC", ({ schedule, next }) => {
  const read = timerSchedule("f", timer(schedule), { AT_NOON: "0 0 12 * * *" });

  expect(read.next(new Date("2026-01-02T03:04:05Z")).toISOString()).toBe(next);
});

test.each([
  { schedule: "*/5 * * * *", message: 'f: schedule "*/5 * * * *" has 5 fields; NCRONTAB has 6, seconds first' },
  { schedule: "00:00:30", message: 'f: schedule "00:00:30" has 1 fields' },
  { schedule: "0 0 0 1 * MON", message: "names days of the month and of the week: not supported here" },
  { schedule: "0 99 * * * *", message: 'f: schedule "0 99 * * * *" is no NCRONTAB expression' },
  { schedule: "%NIGHT%", message: 'NIGHT is not set, but f: schedule is "%NIGHT%"' },
])("$schedule is refused", ({ schedule, message }) => {
  expect(() => timerSchedule("f", timer(schedule), {})).toThrow(message);
});

test("a timer fires by its schedule and skips occurrences while it runs", async () => {
  vi.useFakeTimers({ now: new Date("2026-01-02T03:04:05Z") });
  onTestFinished(() => void vi.useRealTimers());
  const starts: string[] = [];
  let end = Promise.withResolvers<"succeeded">();
  const trigger = startTimerTrigger({
    schedule: timerSchedule("f", timer("0 * * * * *"), {}),
    run: () => {
      starts.push(new Date().toISOString());
      return end.promise;
    },
  });

  await vi.advanceTimersByTimeAsync(3 * 60_000);
  expect(starts).toEqual(["2026-01-02T03:05:00.000Z"]);

  end.resolve("succeeded");
  end = Promise.withResolvers();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(starts).toEqual(["2026-01-02T03:05:00.000Z", "2026-01-02T03:08:00.000Z"]);

  end.resolve("succeeded");
  await trigger.stop();
  await vi.advanceTimersByTimeAsync(10 * 60_000);
  expect(starts).toHaveLength(2);
});

test("an occurrence months away does not fire early", async () => {
  vi.useFakeTimers({ now: new Date("2026-01-02T00:00:00Z") });
  onTestFinished(() => void vi.useRealTimers());
  const starts: string[] = [];
  const trigger = startTimerTrigger({
    schedule: timerSchedule("f", timer("0 0 0 1 7 *"), {}),
    run: () => {
      starts.push(new Date().toISOString());
      return Promise.resolve("succeeded");
    },
  });

  await vi.advanceTimersByTimeAsync(200 * 24 * 60 * 60_000);

  expect(starts).toEqual(["2026-07-01T00:00:00.000Z"]);
  await trigger.stop();
});

test("a timer with runOnStartup fires at once", async () => {
  const started = Promise.withResolvers<void>();
  const trigger = startTimerTrigger({
    schedule: timerSchedule("f", { ...timer("0 0 0 1 1 *"), runOnStartup: true }, {}),
    run: () => {
      started.resolve();
      return Promise.resolve("succeeded");
    },
  });

  await started.promise;
  await trigger.stop();
});

let azurite: Azurite;
beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite.close());

test("a timer function can be run at once and gets the times of its schedule", async () => {
  const { hub, name } = await sampleHub(1);
  const { host, records } = await startSample({ settings: sampleSettings(hub, name, azurite.connectionString) });

  await host.runTimer("nightly");

  expect(records("nightly")).toMatchObject([
    {
      timer: {
        isPastDue: false,
        schedule: { adjustForDST: true },
        scheduleStatus: { next: expect.stringMatching(/T03:00:00\.000Z$/) },
      },
    },
  ]);
});

test("running a timer function rejects if it fails, or if it is not a timer function", async () => {
  const { hub, name } = await sampleHub(1);
  const settings = { ...sampleSettings(hub, name, azurite.connectionString), SAMPLE_TIMER_FAILS: "yes" };
  const { host, lines } = await startSample({ settings });

  await expect(host.runTimer("nightly")).rejects.toThrow("nightly failed");
  await expect(host.runTimer("echo")).rejects.toThrow("echo is not a timer function of this app");

  expect(lines.join("\n")).toContain("error: nightly failed: Result: Failure\nException: asked to fail");
});
