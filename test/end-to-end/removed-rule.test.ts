import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { body, settingsChanges } from "./events.ts";
import { APP_DIRECTORY, startApp, startTestStack } from "./running-app.ts";

interface BuiltRule {
  readonly id: string;
  readonly disabled?: boolean;
}

/** The app built with other rules. */
async function appWithRules(change: (rules: readonly BuiltRule[]) => readonly BuiltRule[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "pimwatch-test-app-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await cp(APP_DIRECTORY, directory, { recursive: true });
  const file = join(directory, "rules.json");
  await writeFile(file, JSON.stringify(change(JSON.parse(await readFile(file, "utf8")))));
  return directory;
}

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
