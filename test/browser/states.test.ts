// What the page says when something cannot be read or stored: what happened, and what to do.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Health } from "../../src/dashboard/api.ts";
import { type LocalDashboard, sampleBodies, startLocalDashboard } from "./local-dashboard.ts";
import { openBrowser } from "./open-browser.ts";
import { openPage, ROWS } from "./opened-page.ts";
import { type ANSWERS, refuse } from "./refused.ts";

let browser: Browser;
let dashboard: LocalDashboard;

beforeAll(async () => {
  browser = await openBrowser();
  dashboard = await startLocalDashboard();
  await dashboard.send(sampleBodies(new Date()));
  await dashboard.app.host.runTimer("ledger-timer"); // it notes the last event
});
afterAll(async () => {
  await browser?.close();
  await dashboard?.stop();
});

/** The browser itself reports each failed request. */
const FAILED = { allowed: /Failed to load resource|net::ERR_/ };
const open = (options: Parameters<typeof openPage>[2] = FAILED, search = "") =>
  openPage(browser, `${dashboard.url}${search}`, options);

interface State {
  readonly status: keyof typeof ANSWERS | "offline" | "unreachable";
  readonly says: RegExp;
  /** The page tries again by itself. */
  readonly passes?: true;
}

const SIGNED_OUT = /You are signed out\. Sign in/;
const NOT_ALLOWED = /You may not use .*make you an analyst.*Enterprise applications, pimwatch, Users and groups/s;
const TABLE = /the incident table does not answer.*Nothing is lost/s;
const OFFLINE = /You are offline\. The page goes on by itself/;
const UNREACHABLE = /pimwatch does not answer\. Check your connection/;

/** Makes requests to this address fail so. */
async function fail(page: Page, url: string, { status }: State, method?: string): Promise<void> {
  if (status === "offline") await page.context().setOffline(true);
  else if (status === "unreachable") await page.route(url, (route) => route.abort());
  else await refuse(page, url, status, method);
}

async function expectState(page: Page, { status, says, passes }: State): Promise<void> {
  const banner = page.locator(".trouble").first();
  await banner.waitFor();
  expect(await banner.getByRole("alert").innerText()).toMatch(says);
  const signIn = banner.getByRole("link", { name: "Sign in again" });
  expect(await signIn.count()).toBe(status === 401 || status === 302 ? 1 : 0);
  if ((await signIn.count()) === 1) expect(await signIn.getAttribute("href")).toBe(page.url());
  expect(await banner.getByText(/Trying again in \d+ s/).count()).toBe(passes === true ? 1 : 0);
}

describe("the list", () => {
  test.each<State>([
    { status: 302, says: SIGNED_OUT },
    { status: 401, says: SIGNED_OUT },
    { status: 403, says: NOT_ALLOWED },
    { status: 404, says: /does not serve the incidents.*DASHBOARD_CLIENT_ID/s },
    { status: 500, says: /error \(500\).*the app's log says why/s, passes: true },
    { status: 503, says: TABLE, passes: true },
    { status: "unreachable", says: UNREACHABLE, passes: true },
  ])("$status", async (state) => {
    const { page } = await open({ ...FAILED, before: (opened) => fail(opened, "**/api/incidents?*", state) });
    await expectState(page, state);
    await page.unroute("**/api/incidents?*");
    await page.locator(".trouble").getByRole("button", { name: "Try again" }).click();
    await page.locator(ROWS).first().waitFor();
    expect(await page.locator(".trouble").count()).toBe(0);
  });

  test("offline: it keeps its content, says from when it is, and goes on when the connection is back", async () => {
    const { page } = await open();
    await page.locator(ROWS).first().waitFor();
    await page.context().setOffline(true);
    await expectState(page, { status: "offline", says: OFFLINE, passes: true });
    expect(await page.locator(".trouble").innerText()).toMatch(/What is shown is from \d+ \w+ \d\d:\d\d UTC/);
    expect(await page.locator(ROWS).count()).toBeGreaterThan(20);
    await page.context().setOffline(false);
    await page.locator(".trouble").waitFor({ state: "detached" });
  });

  test("a table that answers again is shown without a click", async () => {
    let refusals = 0;
    const before = (opened: Page) =>
      opened.route("**/api/incidents?*", (route) => {
        refusals += 1;
        return refusals > 1
          ? route.continue()
          : route.fulfill({ status: 503, headers: { "retry-after": "1" }, json: { detail: "no" } });
      });
    const { page } = await open({ ...FAILED, before });
    await page.getByText("Trying again in 1 s").waitFor();
    await page.locator(ROWS).first().waitFor();
  });

  test("empty: it says so and offers to clear the filters", async () => {
    const { page } = await open({}, "?text=nothing+holds+this");
    await page.getByText("Nothing matches these filters.").waitFor();
    await page.getByRole("button", { name: "Clear the filters" }).click();
    await page.locator(ROWS).first().waitFor();
  });
});

describe("an incident", () => {
  test.each<State>([
    { status: 302, says: SIGNED_OUT },
    { status: 403, says: NOT_ALLOWED },
    { status: 404, says: /There is no such incident here.*another deployment/s },
    { status: 503, says: TABLE, passes: true },
    { status: "unreachable", says: UNREACHABLE, passes: true },
  ])("$status", async (state) => {
    const { page } = await open();
    await page.locator(ROWS).first().waitFor();
    await fail(page, "**/api/incidents/*", state);
    await page.locator(ROWS).first().click();
    await page.getByRole("article", { name: "Incident" }).locator(".trouble").waitFor();
    await expectState(page, state);
    await page.unroute("**/api/incidents/*");
    await page.locator(".trouble").first().getByRole("button", { name: "Try again" }).click();
    await page.getByRole("heading", { name: "What changed" }).waitFor();
  });

  test("a link to an incident of another deployment, cut or whole, is explained, and the list is one key away", async () => {
    for (const id of ["0".repeat(64), "abc"]) {
      const { page } = await open(FAILED, `?incident=${id}`);
      await expectState(page, { status: 404, says: /There is no such incident here.*another deployment/s });
      await page.keyboard.press("Escape");
      await expect.poll(() => page.getByRole("article").count()).toBe(0);
    }
  });
});

describe("a change that is not stored says why, and keeps what was typed", () => {
  test.each<State>([
    { status: 302, says: SIGNED_OUT },
    { status: 401, says: SIGNED_OUT },
    { status: 403, says: NOT_ALLOWED },
    { status: 404, says: /There is no such incident here/ },
    { status: 409, says: /Somebody else has changed the incident/ },
    { status: 503, says: TABLE },
    { status: "unreachable", says: UNREACHABLE },
  ])("$status", async (state) => {
    const { page } = await open();
    await page.locator(ROWS).filter({ hasText: "Security Administrator" }).first().click();
    const field = page.getByLabel("Comment", { exact: true });
    await field.fill("Worth keeping.");
    await fail(page, "**/api/incidents/*", state, "PATCH");
    await page.getByRole("button", { name: "Add comment" }).click();
    const banner = page.locator(".banner").filter({ hasText: "Not stored." });
    await banner.waitFor();
    expect(await banner.getByRole("alert").innerText()).toMatch(state.says);
    expect(await field.inputValue()).toBe("Worth keeping.");
    await page.unroute("**/api/incidents/*");
    await banner.getByRole("button", { name: "Try again" }).click();
    await expect.poll(() => field.inputValue()).toBe("");
    await page.locator(".comment").filter({ hasText: "Worth keeping." }).first().waitFor();
    expect(await banner.count()).toBe(0);
  });
});

describe("the pipeline", () => {
  const health = async (): Promise<Health> => {
    const answer: Health = await (await fetch(dashboard.url.replace("dashboard", "pipeline"))).json();
    return answer;
  };
  const withHealth = async (changed: Partial<Health>) => {
    const json = { ...(await health()), ...changed };
    return open({ before: (opened) => opened.route("**/api/pipeline", (route) => route.fulfill({ json })) });
  };

  test("what the app itself found is said in sentences, with the next command for each dead letter", async () => {
    const { page } = await open();
    await page.getByRole("button", { name: "Pipeline: 1 problem" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText("Events are stored, but 1 thing waits for a person.").waitFor();
    const toDo = dialog.getByRole("region", { name: "What to do" });
    expect(await toDo.innerText()).toContain("2 dead letters wait for a person.");
    const letters = dialog.getByRole("region", { name: "Dead letters" });
    expect(await letters.getByText(/^npx pimwatch dead-letters [0-9a-f]{12}$/).count()).toBe(2);
    expect(await letters.innerText()).toMatch(/It reached the hub at \d{4}-.* as event \d+ of partition \d/);
    const figures = await dialog.getByRole("region", { name: "How it is" }).innerText();
    expect(figures).toMatch(/The last event reached the hub at .* minutes? ago\./);
    expect(figures).not.toMatch(/ · |undefined|NaN/);

    const proof = dialog.getByRole("region", { name: "Proof of silence" });
    await proof.getByText("From hub to stored").waitFor();
    await proof
      .getByRole("row", { name: /Changes to PIM Settings/ })
      .getByRole("button")
      .click();
    await proof.getByText(/^(Rule|For rule) "Changes to PIM Settings" .*\./).waitFor();
    await proof.getByRole("button", { name: "Copy" }).waitFor();
    await page.keyboard.press("Escape");
    await expect.poll(() => page.evaluate(() => document.activeElement?.className)).toBe("health");
  });

  test("rows, losses, gaps and operations are listed", async () => {
    const silence = (await health()).silence;
    if (silence === undefined) throw new Error("no proof");
    const untaken = {
      state: "refused",
      ruleId: "r",
      rowKey: "k",
      sink: "webhook",
      incidentId: "f".repeat(64),
      revision: "2",
      reason: "answered 410",
      attempts: 0,
      retryAt: undefined,
    } as const;
    const { page } = await withHealth({
      status: "degraded",
      problems: [{ what: "the webhook refused 25 rows", next: "Run `npx pimwatch dead-letters`." }],
      sinks: { webhook: { pending: 3, failing: 0, refused: 25, untaken: [untaken], oldestSeconds: 40 } },
      unmatchedOperations: [{ operation: "Change role setting", lastSeenAt: "2026-03-04T12:00:00.000Z" }],
      silence: {
        ...silence,
        lost: [{ partition: "0", first: 5, last: 9, before: "2026-03-04T12:00:00.000Z" }],
        open: [{ partition: "1", first: 7, last: 7 }],
      },
    });
    await page.getByRole("button", { name: "Pipeline: 1 problem" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("region", { name: "What to do" }).waitFor();
    const text = await dialog.innerText();
    for (const part of [
      "The webhook refused 25 rows.",
      "Refused by the webhook: incident ffffffffffff, revision 2. answered 410.",
      "And 24 more rows.",
      "Lost: events 5 to 9 of partition 0, which reached the hub before 2026-03-04 12:00:00 UTC.",
      "Not stored yet: event 7 of partition 1.",
      "No rule matched the operation “Change role setting”",
      "3 rows wait to be sent to the webhook; the oldest has waited for 40 s.",
    ])
      expect(text).toContain(part);
  });

  test("it is ok only if nothing waits for a person", async () => {
    const ok = { status: "ok", problems: [], sinks: {}, deadLetters: 0, latestDeadLetters: [] } as const;
    const { page } = await withHealth({ ...ok, unmatchedOperations: [] });
    await page.getByRole("button", { name: "Pipeline ok", exact: true }).click();
    await page.getByText("Events are stored, none is missing, and nothing waits for a person.").waitFor();
    const operation = { operation: "Change role setting", lastSeenAt: "2026-03-04T12:00:00.000Z" };
    const other = await withHealth({ ...ok, unmatchedOperations: [operation] });
    await other.page.getByRole("button", { name: "Pipeline ok, 1 to check" }).waitFor();
    const down = await withHealth({
      status: "down",
      problems: [{ what: "the incident table does not answer", next: "Wait." }],
    });
    await down.page.getByRole("button", { name: "Pipeline down: 1 problem" }).waitFor();
  });

  test.each<State>([
    { status: 302, says: SIGNED_OUT },
    { status: 403, says: NOT_ALLOWED },
    { status: 404, says: /does not serve the pipeline's health/ },
    { status: 503, says: /cannot read or write the pipeline's health/, passes: true },
    { status: "unreachable", says: UNREACHABLE, passes: true },
  ])("$status", async (state) => {
    const { page } = await open({ ...FAILED, before: (opened) => fail(opened, "**/api/pipeline", state) });
    await page.getByRole("button", { name: /Pipeline: no answer/ }).click();
    await page.getByRole("dialog").locator(".trouble").waitFor();
    await expectState(page, state);
  });
});
