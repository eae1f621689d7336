import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { sha256Hex } from "../../src/core/json/content-hash.ts";
import { storedIncident } from "../stored-incident.ts";
import { type LocalDashboard, startLocalDashboard } from "./local-dashboard.ts";
import { openBrowser } from "./open-browser.ts";
import { openPage, type PageOptions, ROWS } from "./opened-page.ts";

let browser: Browser;
let dashboard: LocalDashboard;
let round = 0;

beforeAll(async () => {
  browser = await openBrowser();
  dashboard = await startLocalDashboard();
});
afterAll(async () => {
  await browser?.close();
  await dashboard?.stop();
});

const NAMES = ["one", "two", "three", "four"];
const nameOf = (name: string): string => `round${round} ${name}`;

/** Each test has incidents of its own, an hour apart, newest first. */
beforeEach(async () => {
  round += 1;
  await dashboard.incidents.addAll(
    NAMES.map((name, index) => {
      const time = new Date(Date.now() - (index + 1) * 3_600_000).toISOString();
      return storedIncident(nameOf(name), { title: nameOf(name), activityDateTime: time });
    }),
  );
});

async function open(options: PageOptions = {}): Promise<Page> {
  const { page } = await openPage(browser, `${dashboard.url}?status=all&text=round${round}`, options);
  await expect.poll(() => page.locator(ROWS).count()).toBe(NAMES.length);
  return page;
}

const row = (page: Page, name: string) => page.locator(ROWS).filter({ hasText: nameOf(name) });
const bulk = (page: Page) => page.getByRole("region", { name: "Change the selected incidents" });

/** What another analyst does meanwhile, past the page. */
async function changeElsewhere(name: string, change: object, revision = 1): Promise<void> {
  const response = await fetch(`${dashboard.url.replace("dashboard", "incidents")}/${sha256Hex(nameOf(name))}`, {
    method: "PATCH",
    headers: { "content-type": "application/json", "x-requested-with": "pimwatch", "if-match": `"${revision}"` },
    body: JSON.stringify(change),
  });
  expect(response.status).toBe(200);
}

async function stored(name: string): Promise<unknown> {
  const response = await fetch(`${dashboard.url.replace("dashboard", "incidents")}/${sha256Hex(nameOf(name))}`);
  const { incident } = await response.json();
  const { Status, Owner, Classification, Comment } = incident;
  return { Status, Owner, Classification, Comment };
}

test("status, owner, classification and comment are set for all that are selected, and for no other", async () => {
  const page = await open();
  await row(page, "one").getByRole("checkbox").check();
  await row(page, "three")
    .getByRole("checkbox")
    .click({ modifiers: ["Shift"] }); // two lies between
  await bulk(page).getByRole("heading", { name: "3 incidents selected" }).waitFor();
  expect(await page.getByRole("article").count()).toBe(0);
  await bulk(page).getByLabel("Status").selectOption("Closed");
  const send = bulk(page).getByRole("button", { name: "Change 3 incidents" });
  expect(await send.isDisabled()).toBe(true); // closing needs a classification
  await bulk(page).getByLabel("Classification").selectOption("BenignPositive");
  await bulk(page).getByLabel("Owner").selectOption({ label: "Somebody else …" });
  await bulk(page).getByLabel("Name of the owner").fill("noor.haddad@fabrikam.example");
  await bulk(page).getByLabel("Comment").fill("Planned, ticket 4711.");
  await send.click();
  await page.getByText("3 incidents changed.").waitFor();
  const changed = {
    Status: "Closed",
    Owner: "noor.haddad@fabrikam.example",
    Classification: "BenignPositive",
    Comment: "Planned, ticket 4711.",
  };
  for (const name of ["one", "two", "three"]) expect(await stored(name)).toEqual(changed);
  expect(await stored("four")).toMatchObject({ Status: "New" });
  await row(page, "one").getByText("noor.haddad@fabrikam.example").waitFor();
});

test("what somebody else changed meanwhile is not overwritten: the page names it, keeps the entries, and can try again", async () => {
  const page = await open({ allowed: /412/ });
  await page.getByRole("checkbox", { name: /Select all/ }).check();
  await changeElsewhere("two", { status: "Active", owner: "noor.haddad@fabrikam.example", comment: "I look into it." });
  await changeElsewhere("three", { comment: "Mine too." });
  await bulk(page).getByLabel("Status").selectOption("Active");
  await bulk(page).getByLabel("Owner").selectOption({ label: "Me (local user)" });
  await bulk(page).getByLabel("Comment").fill("Taken together.");
  await bulk(page).getByRole("button", { name: "Change 4 incidents" }).click();

  const problems = bulk(page).getByRole("alert");
  await problems.getByText("2 incidents not changed. What you entered is kept.").waitFor();
  const two = problems.getByRole("listitem").filter({ hasText: nameOf("two") });
  for (const part of ["local user", "Active", "noor.haddad@fabrikam.example", "I look into it."])
    expect(await two.innerText()).toContain(part);
  expect(await stored("two")).toMatchObject({ Comment: "I look into it." });
  expect(await stored("one")).toMatchObject({ Status: "Active", Owner: "local user", Comment: "Taken together." });
  expect(await bulk(page).getByLabel("Comment").inputValue()).toBe("Taken together.");

  // A conflict may come again.
  await changeElsewhere("two", { comment: "Wait." }, 2);
  await two.getByRole("button", { name: "Apply mine as well" }).click();
  await two.getByText("Wait.").waitFor();
  await two.getByRole("button", { name: "Apply mine as well" }).click();
  await expect.poll(() => problems.getByRole("listitem").count()).toBe(1);
  expect(await stored("two")).toMatchObject({ Owner: "local user", Comment: "Taken together." });
  expect(await bulk(page).getByLabel("Comment").inputValue()).toBe("Taken together.");
  await problems.getByRole("button", { name: "Leave it as it is" }).click();
  await expect.poll(() => bulk(page).count()).toBe(0);
  expect(await stored("three")).toMatchObject({ Status: "New", Comment: "Mine too." });
});

test("if the app cannot be reached, the entries and the selection stay, and a second try stores them", async () => {
  const page = await open({ allowed: /net::ERR_FAILED|Failed to load/ });
  for (const name of ["one", "two"]) await row(page, name).getByRole("checkbox").check();
  await bulk(page).getByLabel("Comment").fill("Not lost.");
  await page.route(`**/api/incidents/${sha256Hex(nameOf("two"))}`, (route) => route.abort());
  await bulk(page).getByRole("button", { name: "Change 2 incidents" }).click();
  await bulk(page).getByText("pimwatch does not answer.").waitFor();
  await bulk(page).getByRole("heading", { name: "1 incident selected" }).waitFor();
  expect(await bulk(page).getByLabel("Comment").inputValue()).toBe("Not lost.");
  await page.unroute(`**/api/incidents/${sha256Hex(nameOf("two"))}`);
  await bulk(page).getByRole("button", { name: "Try all again" }).click();
  await page.getByText("1 incident changed.").waitFor();
  for (const name of ["one", "two"]) expect(await stored(name)).toMatchObject({ Comment: "Not lost." });
});

test("incidents are selected by keyboard: one, a range, all", async () => {
  const page = await open();
  const chosen = () => page.locator(`${ROWS} .row-box:checked`).count();
  await row(page, "one").locator(".row-role").focus();
  await page.keyboard.press("x");
  await expect.poll(chosen).toBe(1);
  await row(page, "three").locator(".row-role").focus();
  await page.keyboard.press("Shift+X");
  await expect.poll(chosen).toBe(3);
  await page.keyboard.press("a");
  await expect.poll(chosen).toBe(4);
  await page.keyboard.press("a");
  await expect.poll(chosen).toBe(0);
});

test("the box of a folded burst selects all its incidents", async () => {
  const time = new Date(Date.now() - 48 * 3_600_000).toISOString();
  const names = ["x", "y", "z"].map((name) => `burst${round} ${name}`);
  await dashboard.incidents.addAll(names.map((title) => storedIncident(title, { title, activityDateTime: time })));
  const { page } = await openPage(browser, `${dashboard.url}?text=burst${round}`);
  await expect.poll(() => page.locator(ROWS).count()).toBe(1);
  await page.getByRole("checkbox", { name: /Select the 3 incidents of the burst/ }).check();
  await bulk(page).getByRole("heading", { name: "3 incidents selected" }).waitFor();
  await page.locator(".fold").click();
  await expect.poll(() => page.locator(`${ROWS} .row-box:checked`).count()).toBe(3);
});
