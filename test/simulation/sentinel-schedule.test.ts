import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);

test("beside Sentinel's schedule, pimwatch misses no finding and invents none", async () => {
  const { stdout } = await run(process.execPath, ["simulation/schedule/sentinel-schedule.ts", "--days", "5", "--json"]);
  const compared: readonly Readonly<Record<string, number>>[] = JSON.parse(stdout);
  for (const each of compared) expect(each).toMatchObject({ onlySentinel: 0, unexplained: 0 });
  // Otherwise nothing was compared.
  const found = compared.filter(({ sentinelFindings = 0 }) => sentinelFindings > 0);
  expect(found.length).toBeGreaterThan(2);
});

test("a rule that one event decides is refused, with what is missing", async () => {
  const args = ["simulation/schedule/sentinel-schedule.ts", "--rules", "rules/changes-to-pim-settings"];
  await expect(run(process.execPath, args)).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining("rules/changes-to-pim-settings: no rule needs several events") as string,
  });
});
