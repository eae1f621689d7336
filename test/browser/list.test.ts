import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Incident } from "../../src/core/incident/incident.ts";
import { storedIncident } from "../stored-incident.ts";
import { type LocalDashboard, sampleBodies, startLocalDashboard } from "./local-dashboard.ts";
import { openBrowser } from "./open-browser.ts";
import { openPage, type PageOptions, ROWS } from "./opened-page.ts";

let browser: Browser;
let dashboard: LocalDashboard;

const DAY_MS = 86_400_000;
const daysAgo = (days: number): string => new Date(Date.now() - days * DAY_MS).toISOString();

beforeAll(async () => {
  browser = await openBrowser();
  dashboard = await startLocalDashboard();
  await dashboard.send(sampleBodies(new Date()));
  const old: Partial<Incident> = { activityDateTime: daysAgo(200), priority: "P1" };
  await dashboard.incidents.addAll([
    storedIncident("old and open", { ...old, title: "Old and open" }),
    storedIncident("old and closed", { ...old, title: "Old and closed", status: "Closed" }),
    owned("owned by Noor", "noor.haddad@fabrikam.example", 0.2),
    owned("owned by me", "local user", 0.3), // in another hour, so they are no burst
  ]);
});
afterAll(async () => {
  await browser?.close();
  await dashboard?.stop();
});

function owned(title: string, owner: string, days: number) {
  const { row } = storedIncident(title, { activityDateTime: daysAgo(days), title, status: "Active" });
  return { row: { ...row, Owner: owner, RuleName: "A rule of its own" }, record: "{}" };
}

const open = async (search = "", options: PageOptions = {}): Promise<Page> => {
  const { page } = await openPage(browser, `${dashboard.url}${search}`, options);
  await page.locator(ROWS).first().waitFor();
  return page;
};
const row = (page: Page, text: string) => page.locator(ROWS).filter({ hasText: text });

test("two clicks lead from the address that npm start prints to the worst incident and why it is bad", async () => {
  const page = await open(); // the first click
  const worst = page.locator(ROWS).first();
  for (const part of ["P1", "Global Administrator", "tier 0", "×4"]) expect(await worst.innerText()).toContain(part);
  await worst.click(); // the second
  const reason = page.getByText("Anyone with the account's password or session can activate the role").first();
  await reason.waitFor();
  const { y = Infinity } = (await reason.boundingBox()) ?? {};
  expect(y).toBeLessThan(page.viewportSize()?.height ?? 0);
});

test("within a priority, tier 0 is first, then the most weakened settings", async () => {
  const page = await open("?priority=P1");
  const ranks = await page.locator(ROWS).evaluateAll((rows) =>
    rows.map((one) => {
      const times = Number(/×(\d+)/.exec(one.querySelector(".effect")?.textContent ?? "")?.[1] ?? 1);
      return `${one.querySelector(".tier") === null ? 1 : 0} ${100 - times}`;
    }),
  );
  expect(new Set(ranks).size).toBeGreaterThan(2);
  expect(ranks.slice(0, -1)).toEqual(ranks.slice(0, -1).toSorted()); // the last one has no assessment at all
});

describe("open incidents and the time range", () => {
  test("an open incident stays in list and tiles whatever its age, and the page says so", async () => {
    const page = await open("?range=24h");
    await row(page, "Old and open").waitFor();
    await page.getByText("Open incidents of any age").waitFor();
    const tile = page.getByRole("button", { name: /P1 open/ });
    const counted = await tile.innerText();
    await page.getByLabel("Time of the timeline").selectOption("all");
    await expect.poll(() => page.getByText(/incidents in all/).count()).toBe(1);
    expect(await tile.innerText()).toBe(counted);
    await row(page, "Old and open").waitFor();
  });

  test("the range limits the list of closed incidents", async () => {
    const { page } = await openPage(browser, `${dashboard.url}?status=Closed&range=30d`);
    await page.getByText("Nothing was closed in this time.").waitFor();
    await page.getByText("Closed incidents of the last 30 days").waitFor();
    await page.getByLabel("Time", { exact: true }).selectOption("all");
    await row(page, "Old and closed").waitFor();
  });
});

test("the list is narrowed by rule, owner and tier", async () => {
  const page = await open();
  const counted = () => page.locator(ROWS).count();
  await page.getByLabel("Rule", { exact: true }).selectOption("A rule of its own");
  await expect.poll(counted).toBe(2);
  await page.getByLabel("Owner", { exact: true }).selectOption({ label: "Me (local user)" });
  await expect.poll(counted).toBe(1);
  await row(page, "owned by me").waitFor();
  await page.getByLabel("Owner", { exact: true }).selectOption("noor.haddad@fabrikam.example");
  await row(page, "owned by Noor").waitFor();
  expect(await row(page, "owned by Noor").locator(".row-owner").innerText()).toBe("noor.haddad@fabrikam.example");
  await page.getByRole("button", { name: "Clear all" }).click();
  await page.getByLabel("Owner", { exact: true }).selectOption({ label: "Nobody" });
  await expect.poll(() => row(page, "owned by").count()).toBe(0);
  await page.getByLabel("Tier", { exact: true }).selectOption({ label: "Tier 0" });
  await expect.poll(async () => (await page.locator(`${ROWS} .tier`).count()) === (await counted())).toBe(true);
  await page.getByRole("button", { name: "Remove the filter Tier: Tier 0" }).waitFor();
});

describe("a burst", () => {
  const folds = (page: Page) => page.locator(`${ROWS} .fold`);

  test("is one line, which opens to its incidents, by mouse and by keyboard", async () => {
    const page = await open();
    const before = await page.locator(ROWS).count();
    const fold = folds(page).first();
    const [, size = ""] = /burst of \d+, (\d+) here|burst of (\d+)/.exec(await fold.innerText())?.filter(Boolean) ?? [];
    await fold.click();
    await expect.poll(() => page.locator(ROWS).count()).toBe(before + Number(size) - 1);
    expect(await page.getByRole("article").count()).toBe(0);
    await fold.click();
    await expect.poll(() => page.locator(ROWS).count()).toBe(before);

    await page
      .locator(ROWS)
      .filter({ has: page.locator(".fold") })
      .first()
      .locator(".row-role")
      .focus();
    await page.keyboard.press("ArrowRight");
    await expect.poll(() => page.locator(ROWS).count()).toBe(before + Number(size) - 1);
    await page.keyboard.press("ArrowLeft");
    await expect.poll(() => page.locator(ROWS).count()).toBe(before);
  });

  test("is open if the address names one of its other incidents", async () => {
    const page = await open();
    await folds(page).first().click();
    const id = await page.locator(`${ROWS}.is-below`).first().getAttribute("id");
    const again = await open(`?incident=${id?.slice("i-".length)}`);
    await again.locator(`${ROWS}.is-below.is-open`).waitFor();
  });
});

describe("views", () => {
  test("a view is saved, opened, shared by its address and deleted", async () => {
    const page = await open("?tier=critical&order=newest", { permissions: ["clipboard-read", "clipboard-write"] });
    await page.getByRole("button", { name: "Views" }).click();
    const dialog = page.getByRole("dialog", { name: "Views" });
    await dialog.getByLabel("Name of the present view").fill("Tier 0, by time");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByText("“Tier 0, by time” is saved in this browser.").waitFor();
    await dialog.getByRole("button", { name: "Copy link: Tier 0, by time" }).click();
    const link = await page.evaluate(() => navigator.clipboard.readText());
    expect(new URL(link).searchParams.toString()).toBe("tier=critical&order=newest");

    await page.goto(dashboard.url);
    await page.getByRole("button", { name: "Views" }).click();
    await dialog.getByRole("button", { name: "Tier 0, by time", exact: true }).click();
    await expect.poll(() => page.url()).toBe(link);
    await page.getByRole("button", { name: "Views" }).click();
    await dialog.getByRole("button", { name: "Delete Tier 0, by time" }).click();
    await dialog.getByText("No view is saved in this browser yet.").waitFor();
  });

  test("if the browser stores nothing, the page works and says so", async () => {
    const page = await open("", {
      before: (opened) =>
        opened.addInitScript(() => {
          Object.defineProperty(globalThis, "localStorage", {
            get: () => {
              throw new DOMException("blocked", "SecurityError");
            },
          });
        }),
    });
    await page.getByRole("button", { name: "Auto" }).click();
    await page.getByRole("button", { name: "Views" }).click();
    await page.getByLabel("Name of the present view").fill("Mine");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("This browser does not let the page store anything").waitFor();
  });
});
