import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { alertsIn, billOf, unitsOf, USAGE } from "../../cli/deployment/monthly-cost.ts";
import { run } from "../../cli/pimwatch.ts";
import { fakeTerminal } from "./fake-terminal.ts";

const NO_ALERTS = { log: [], metricSeries: 0 };

test("an instance that is always ready runs the batches, on meters of its own; without one they are on demand", () => {
  const ready = unitsOf(USAGE, NO_ALERTS);
  const none = unitsOf({ ...USAGE, "always-ready": 0 }, NO_ALERTS);

  expect(ready).toMatchObject({ readyBaselineGbSeconds: 730 * 3600 * 2, readyExecutionGbSeconds: 3_000_000 });
  expect(ready).toMatchObject({ readyMillionExecutions: 1.5, onDemandMillionExecutions: 0.13213 });
  expect(none).toMatchObject({ readyBaselineGbSeconds: 0, readyExecutionGbSeconds: 0, readyMillionExecutions: 0 });
  expect(none["onDemandGbSeconds"]).toBe(Number(ready["onDemandGbSeconds"]) + 3_000_000);
  expect(none["onDemandMillionExecutions"]).toBeCloseTo(1.63213, 9);
});

test("a log alert counts at the frequency of the price list that is at least its own, and its further series if it splits", () => {
  const log = [
    { frequencyMinutes: 1, isSplit: true },
    { frequencyMinutes: 7, isSplit: false },
    { frequencyMinutes: 30, isSplit: true },
    { frequencyMinutes: 15, isSplit: false },
  ];

  const units = unitsOf({ ...USAGE, "split-series": 401 }, { log, metricSeries: 5 });

  expect(units).toMatchObject({
    logAlertRules1Min: 1,
    logAlertRules5Min: 1,
    logAlertRules10Min: 0,
    logAlertRules15Min: 2,
  });
  expect(units).toMatchObject({ logAlertSeries1Min: 400, logAlertSeries5Min: 0, logAlertSeries15Min: 400 });
  expect(units).toMatchObject({ metricAlertSeries: 5 });
});

test("the template's alerts are counted, those that split by columns too", async () => {
  const { log, metricSeries } = alertsIn(await readFile("infra/main.snapshot.json", "utf8"));

  expect(log.length).toBeGreaterThan(15);
  expect(log.some(({ isSplit }) => isSplit) && log.some(({ isSplit }) => !isSplit)).toBe(true);
  expect(metricSeries).toBeGreaterThan(0);
  expect(() =>
    alertsIn(
      '{"predictedResources":[{"type":"Microsoft.Insights/scheduledQueryRules","properties":{"evaluationFrequency":"P1D"}}]}',
    ),
  ).toThrow(/P1D/);
});

test("the bill is units × prices, less what is granted; a meter without a price is named", () => {
  const prices = { hubUnitHours: 2, onDemandGbSeconds: 0.5 };

  expect(billOf({ hubUnitHours: 730, onDemandGbSeconds: 100 }, prices, { onDemandGbSeconds: 40 })).toBe(1460 + 30);
  expect(billOf({ onDemandGbSeconds: 100 }, prices, { onDemandGbSeconds: 400 })).toBe(0);
  expect(() => billOf({ hubUnitHours: 1, logGigabytes: 1 }, prices)).toThrow("lack logGigabytes");
});

test("the command prints each meter, and the bill with prices for all of them", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pimwatch-cost-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const units = fakeTerminal();
  expect(await run(["cost"], units)).toBe(0);
  const meters = units.outs.map((line) => line.split(" ")[0] ?? "");
  const file = join(folder, "prices.json");
  await writeFile(file, JSON.stringify(Object.fromEntries(meters.map((meter) => [meter, 0]))));
  const bill = fakeTerminal();
  expect(await run(["cost", "--prices", file], bill)).toBe(0);
  expect(bill.outs.at(-1)).toMatch(/^bill +0\n$/);

  await writeFile(file, "null");
  const broken = fakeTerminal();
  expect(await run(["cost", "--prices", file], broken)).toBe(2);
  expect(broken.notes.join()).toContain("not an object of prices");
});

test("the guide names each meter, and its example is what the command prints", async () => {
  const guide = await readFile("docs/deploy.md", "utf8");
  const terminal = fakeTerminal();
  await run(["cost"], terminal);

  for (const [, meter = "", units = ""] of terminal.outs.join("").matchAll(/^(\S+) +(\S+)$/gm)) {
    const name = meter.replace(/\d+Min$/, "1Min");
    const row = guide.split("\n").find((line) => line.startsWith(`| \`${name}\``));
    expect(row, meter).toBeDefined();
    // The alerts change with each release; test/infra/operator-docs.test.ts counts them.
    if (!/Alert(Rules|Series)|AlertSeries$/.test(meter)) expect(row?.split("|").at(-2)?.trim(), meter).toBe(units);
  }
});
