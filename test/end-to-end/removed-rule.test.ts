import { expect, test } from "vitest";
import { appWithRules, type BuiltRule } from "./app-with-rules.ts";
import { body, settingsChanges } from "./events.ts";
import { startApp, startTestStack } from "./running-app.ts";

const RULE_ID = "0ed0fe7c-af29-4990-af7f-bb5ccb231198";
const RENAMED_ID = "99999999-2222-4333-8444-555555555555";
const changed = (how: Partial<BuiltRule>) => (rules: readonly BuiltRule[]) =>
  rules.map((rule) => (rule.id === RULE_ID ? { ...rule, ...how } : rule));

test.each([
  { why: "removed", change: (rules: readonly BuiltRule[]) => rules.filter(({ id }) => id !== RULE_ID) },
  { why: "given another id", change: changed({ id: RENAMED_ID }) },
  { why: "switched off", change: changed({ disabled: true }) },
])("incidents that a rule found while ingestion was down are forwarded after it was $why", async ({ change }) => {
  const running = await startTestStack();
  const first = await startApp(running);
  running.stack.ingestion.fail({ status: 403 });
  await running.send(settingsChanges(3).map((record) => body(record)));
  await first.caughtUp();
  await first.host.stop();
  running.stack.ingestion.restore();

  const next = await startApp(running, { appDirectory: await appWithRules(change) });
  await next.host.runTimer("outbox-timer");

  const forwarded = running.stack.ingestion.rows().map((row) => String(row["IncidentId"]));
  expect(forwarded).toHaveLength(3);
  expect(new Set(forwarded)).toEqual(new Set(idsOf(await running.tableRows(), "incident|")));
  expect(idsOf(await running.tableRows(), "outbox|")).toEqual([]);
});

function idsOf(rows: ReadonlyMap<string, unknown>, prefix: string): (string | undefined)[] {
  return [...rows.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.split("|")[1]);
}
