// A record that really ends the worker: evaluating it takes more memory than available.
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { compileRule } from "../../src/sentinel/compile-rule.ts";
import type { Rule } from "../../src/core/incident/rule.ts";
import { ruleText } from "../sentinel/rule-text.ts";
import { body, settingsChanges } from "./events.ts";
import { APP_DIRECTORY, startApp, startTestStack } from "./running-app.ts";

/** Within the limits of an evaluation, but it takes over 160 MB: more than this worker has. */
const GREEDY = `AuditLogs
| where ResultDescription == "greedy"
| mv-expand N = range(1, 190000) to typeof(long)
| extend Copy = strcat(OperationName, tostring(N))
| sort by Copy asc`;

/** The built app with one more rule. */
async function appWith(rule: Rule): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "pimwatch-poison-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await cp(APP_DIRECTORY, directory, { recursive: true });
  const file = join(directory, "rules.json");
  const rules: Rule[] = JSON.parse(await readFile(file, "utf8"));
  await writeFile(file, JSON.stringify([...rules, rule]));
  return directory;
}

test("a record that ends the worker each time is quarantined, and all others become incidents", async () => {
  const { rule, problems } = compileRule(ruleText({ query: GREEDY }), "greedy.yaml");
  if (rule === undefined) throw new Error(JSON.stringify(problems));
  const running = await startTestStack();
  const changes = settingsChanges(6);
  const poison = { ...settingsChanges(7).at(-1), resultDescription: "greedy" };
  await running.send(
    [body(...changes.slice(0, 2)), body(changes[2], poison, changes[3]), body(...changes.slice(4))],
    "0",
  );

  const app = await startApp(running, {
    appDirectory: await appWith(rule),
    nodeOptions: ["--max-old-space-size=96"],
    retryDelayScale: 0.01,
  });
  let deaths = 0;
  app.host.events.on("workerExited", () => (deaths += 1));
  let restarts = 0;
  app.host.events.on("hostRestarted", () => (restarts += 1));
  await app.caughtUp();

  expect(deaths).toBe(5); // of the batch, of its events together, of the event alone, and twice of the record alone
  expect(restarts).toBe(1); // at the third death, as the real host does
  const keys = [...(await running.tableRows()).keys()];
  expect(keys.filter((key) => key.startsWith("incident|"))).toHaveLength(6);
  const letters = await running.deadLetters();
  expect(letters.map(({ reason, bytes }) => [reason, JSON.parse(bytes.toString())])).toEqual([
    ["it ended the worker each time that it was processed", poison],
  ]);

  await running.send([body(poison)], "1"); // delivered again, it does no harm
  await app.caughtUp();
  expect(deaths).toBe(5); // no more
});
