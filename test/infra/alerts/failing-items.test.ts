// The alerts over the app's real log lines while its receivers fail for one incident and accept all others.
import { expect, test } from "vitest";
import { DependencyError } from "../../../src/errors.ts";
import { failingWorld, MINUTE } from "../../model/failing-world.ts";
import type { Row } from "../query-rows.ts";
import { APP, NOW, runAlert } from "./run-alert.ts";

interface LoggedLine {
  readonly at: number;
  readonly message: string;
}

/** The log of this many hours with an incident every 15 minutes, the first of which fails. */
async function linesOf(hours: number, isFailing: boolean): Promise<{ lines: LoggedLine[]; end: number }> {
  const all = failingWorld(() => Promise.reject(new DependencyError("Receiver", "answered 500")));
  await all.real.create();
  const lines: LoggedLine[] = [];
  const log = (event: string, figures: object | undefined) =>
    lines.push({ at: all.real.clock.app, message: JSON.stringify({ event, ...figures }) });
  for (let quarter = 0; quarter < hours * 4; quarter += 1) {
    log("batch detected", await all.deliver(1, () => quarter === 0 && isFailing));
    for (let sweep = 0; sweep < 3; sweep += 1) log("outbox swept", await all.sweep(5));
  }
  return { lines, end: all.real.clock.app };
}

/** The result of an alert evaluated at that time. */
function alertAt(name: string, at: number, lines: readonly LoggedLine[]): Row[] {
  const traces = lines
    .filter((line) => line.at <= at)
    .map((line) => ({ TimeGenerated: NOW - (at - line.at), AppRoleName: APP, Message: line.message }));
  return runAlert(name, { AppTraces: traces });
}

test("an incident that fails alone is reported after an hour and counts as refused after a day: both alerts fire", async () => {
  const { lines, end } = await linesOf(26, true);
  const refusedAt = lines.find(({ message }) => message.includes('"refused":1'))?.at ?? NaN;
  expect((end - refusedAt) / (60 * MINUTE)).toBeLessThan(2);

  for (const name of ["rows-refused", "sink-failing"]) {
    expect(alertAt(name, refusedAt - 5 * MINUTE, lines), name).toEqual([]);
    expect(alertAt(name, refusedAt, lines), name).toMatchObject([{ Refused: 1 }]);
  }
  expect(alertAt("outbox-age", Math.min(...lines.map(({ at }) => at)) + 55 * MINUTE, lines)).toEqual([]);
  expect(alertAt("outbox-age", refusedAt - 5 * MINUTE, lines)).toMatchObject([{ Failing: 1, Reason: "" }]);
  expect(alertAt("outbox-age", end, lines)).toEqual([]);
  // One failing incident never makes the endpoint count as down.
  for (const { at } of lines) expect(alertAt("outbox-stopped", at, lines)).toEqual([]);
});

test("without that incident no alert fires", async () => {
  const { lines } = await linesOf(6, false);
  for (const name of ["rows-refused", "sink-failing", "outbox-age", "outbox-stopped"])
    for (const { at } of lines) expect(alertAt(name, at, lines), name).toEqual([]);
});
