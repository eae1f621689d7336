// The built app's proof of silence, as the API and the command tell it.
import { expect, test } from "vitest";
import { run } from "../../cli/pimwatch.ts";
import { TENANT_ID } from "../../local/samples/tenant.ts";
import { fakeTerminal } from "../cli/fake-terminal.ts";
import { CHANGES_TO_PIM_SETTINGS } from "../shipped-rule.ts";
import { body, settingsChanges } from "./events.ts";
import { startApp, startTestStack } from "./running-app.ts";

const { id, name } = CHANGES_TO_PIM_SETTINGS;

test("API and command say which rules evaluated the events, and prove nothing before a check came after them", async () => {
  const running = await startTestStack();
  const app = await startApp(running);
  const get = async (route: string) => JSON.parse(await (await fetch(`${app.host.httpUrl}/api/${route}`)).text());
  const command = async (...args: readonly string[]) => {
    const terminal = fakeTerminal({ ...running.settings });
    return { code: await run(["silence", ...args], terminal), text: terminal.outs.join("") };
  };
  await expect(command()).resolves.toMatchObject({ code: 2 }); // nothing was evaluated yet

  await running.send([body(...settingsChanges(2))]);
  await app.caughtUp();
  await app.host.runTimer("ledger-timer");
  const expected = {
    openEvents: 0,
    lostEvents: 0,
    deadLetters: 0,
    app: [{ version: expect.any(String) }],
    rules: expect.arrayContaining([
      expect.objectContaining({ id, name, plan: expect.stringMatching(/^[0-9a-f]{16}$/) }),
    ]),
    tenants: [{ id: TENANT_ID, since: expect.any(String), lastRecordAt: expect.any(String) }],
    delays: { occurredToHub: { count: 2 }, hubToStored: { count: 1 } },
  };
  const { silence } = await get("pipeline");
  expect(silence).toMatchObject(expected);
  const overview = await command("--json");
  expect(JSON.parse(overview.text)).toMatchObject(expected);

  // The rules were first noted after the event, and the check speaks of a minute ago at most.
  const statement = { ruleId: id, tenant: TENANT_ID, status: "unproven" };
  const { statements } = await get(`silence?rule=${id}`);
  expect(statements).toMatchObject([statement]);
  expect(statements[0].sentence).toContain("this version and plan evaluate events since");
  const { code, text } = await command("--json", name);
  expect({ code, statement: JSON.parse(text) }).toEqual({ code: 1, statement: statements[0] });
});
