// A rule that needs several events, in the built app on the local stack.
import { expect, test } from "vitest";
import { settingsChangeRecord } from "../../local/samples/settings-change-record.ts";
import { chance } from "../../local/samples/chance.ts";
import { ALEX } from "../../local/samples/tenant.ts";
import { compileAllRules } from "../../src/sentinel/compile-rules.ts";
import { appWithRules } from "./app-with-rules.ts";
import { startApp, startTestStack } from "./running-app.ts";

const MINUTE = 60_000;

/** A change of PIM settings by one actor, some minutes ago. */
function changeAt(minutesAgo: number): Uint8Array {
  const change = { shows: "", matches: true, roles: [], by: ALEX, reason: "Approval disabled." } as const;
  const time = new Date(Date.now() - minutesAgo * MINUTE);
  const record = settingsChangeRecord(change, "Global Administrator", time, chance(`change ${minutesAgo}`));
  return Buffer.from(JSON.stringify({ records: [record] }));
}

test("an incident of several events, from two partitions, is found at its instant; a late event adds to it", async () => {
  const { rules } = await compileAllRules("simulation/rules");
  const appDirectory = await appWithRules((built) => [...built, ...rules]);
  const running = await startTestStack();
  const { host, caughtUp } = await startApp(running, { appDirectory });
  const ofTheRule = (row: Readonly<Record<string, unknown>>) => row["RuleId"] === rules[0]?.id;
  const found = async () =>
    [...(await running.tableRows())].filter(([key, row]) => key.startsWith("incident|") && ofTheRule(row));

  await running.send([changeAt(31), changeAt(30)], "0");
  await caughtUp();
  await host.runTimer("window-timer");
  expect(await found()).toEqual([]); // two of three that the rule wants

  await running.send([changeAt(29)], "1");
  await caughtUp();
  await host.runTimer("window-timer");
  const [stored] = await found();
  expect(stored?.[1]).toMatchObject({ EventCount: 3, Revision: 1, Status: "New" });

  await running.send([changeAt(28.5)], "1");
  await caughtUp();
  await host.runTimer("window-timer");
  await host.runTimer("outbox-timer");
  const forwarded = running.stack.ingestion.rows().filter(ofTheRule);
  const same = forwarded.filter(({ IncidentId }) => IncidentId === stored?.[1]["IncidentId"]);
  expect(same.map(({ RowKind, EventCount, ModifiedBy }) => ({ RowKind, EventCount, ModifiedBy }))).toEqual([
    { RowKind: "created", EventCount: 3, ModifiedBy: "" },
    { RowKind: "updated", EventCount: 4, ModifiedBy: "pimwatch" },
  ]);
  const evidence = same[1]?.["Evidence"] as readonly { readonly time: string }[] | undefined;
  const times = (evidence ?? []).map(({ time }) => Date.parse(time));
  expect(times).toEqual(times.toSorted((one, other) => one - other));
  expect(times).toHaveLength(4);
});
