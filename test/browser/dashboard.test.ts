import { readdir, readFile, stat } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { settingsChange } from "../samples.ts";
import { storedIncident } from "../stored-incident.ts";
import { type LocalDashboard, sampleBodies, startLocalDashboard } from "./local-dashboard.ts";
import { openBrowser } from "./open-browser.ts";
import { openPage, ROWS } from "./opened-page.ts";

let browser: Browser;
let dashboard: LocalDashboard;

beforeAll(async () => {
  browser = await openBrowser();
  dashboard = await startLocalDashboard();
  await dashboard.send(sampleBodies(new Date()));
});
afterAll(async () => {
  await browser?.close();
  await dashboard?.stop();
});

const open = (options?: Parameters<typeof openPage>[2], search = "") =>
  openPage(browser, `${dashboard.url}${search}`, options);
const row = (page: Page, text: string | RegExp) => page.locator(ROWS).filter({ hasText: text }).first();
const WORST = /Global Administrator.*MFA on activation switched off/;

describe("looking", () => {
  test("the sample day is shown, most urgent first, with its dangerous changes", async () => {
    const { page } = await open();
    await page.locator(ROWS).first().waitFor();
    const priorities = await page.locator(`${ROWS} .priority`).allTextContents();
    expect(priorities.length).toBeGreaterThan(20);
    expect(priorities).toEqual(priorities.toSorted());
    expect(await page.title()).toMatch(/^\(\d+\) P1 open/);

    await row(page, WORST).click();
    const detail = page.getByRole("article", { name: "Incident" });
    await detail.getByRole("heading", { name: "What changed" }).waitFor();
    const text = await detail.innerText();
    for (const part of [
      "Weakens",
      "MFA on activation",
      "disabled",
      "24 h",
      "CISA MS.AAD.7.6",
      "alex.rivera@fabrikam.example",
      "192.0.2.66",
    ])
      expect(text).toContain(part);
  });

  test("a URL leads to the same view, and the back button to the list", async () => {
    const { page } = await open();
    await row(page, WORST).click();
    await page.getByRole("heading", { name: "What changed" }).waitFor();
    const address = page.url();
    await page.goBack();
    await expect.poll(() => page.getByRole("article").count()).toBe(0);

    await page.goto(address);
    await page.getByRole("heading", { level: 2 }).filter({ hasText: "Global Administrator" }).waitFor();
  });

  test("filters for status, effect, priority, time and text narrow the list, and can be removed", async () => {
    const { page } = await open();
    await page.locator(ROWS).first().waitFor();
    const all = await page.locator(ROWS).count();
    const counted = () => page.locator(ROWS).count();

    await page.getByLabel("Effect", { exact: true }).selectOption("strengthens");
    await expect
      .poll(async () => new Set(await page.locator(`${ROWS} .effect`).allInnerTexts()))
      .toEqual(new Set(["Strengthens"]));
    expect(await counted()).toBeLessThan(all);
    await page.getByRole("button", { name: /Remove the filter Effect/ }).click();
    await expect.poll(counted).toBe(all);

    await page.getByLabel("Search", { exact: true }).fill("breakglass");
    await expect.poll(counted).toBe(1);
    await page.getByLabel("Search", { exact: true }).fill("nothing holds this");
    await page.getByText("Nothing matches these filters.").waitFor();
    await page.getByRole("button", { name: "Clear the filters" }).click();
    await expect.poll(counted).toBe(all);

    await page.getByRole("button", { name: /P1 open/ }).click();
    await expect
      .poll(async () => new Set(await page.locator(`${ROWS} .priority`).allTextContents()))
      .toEqual(new Set(["P1"]));
    await page.getByRole("button", { name: /P1 open/ }).click();

    await page.locator(".bar:not(.is-void)").first().click();
    await expect.poll(counted).toBeLessThan(all);
    await page.getByRole("button", { name: "Clear all" }).click();

    await page.getByRole("button", { name: "Closed", exact: true }).click();
    await page.getByText("Nothing was closed in this time.").waitFor();
  });

  test("the incidents of one actor within an hour are marked as a burst, and can be listed together", async () => {
    const { page } = await open();
    await row(page, "burst of 3").locator(".row-role").click();
    await page.getByRole("button", { name: "One of 3 by this actor" }).click();
    await expect.poll(() => page.locator(ROWS).count()).toBe(3);
    expect(new Set(await page.locator(`${ROWS} .row-actor`).allInnerTexts())).toEqual(new Set(["pim-automation"]));
    await page.getByRole("button", { name: /Remove the filter Burst/ }).click();
    await expect.poll(() => page.locator(ROWS).count()).toBeGreaterThan(20);
  });

  test("an incident of a person with a service's name says so, and is found with any spelling of the person", async () => {
    const user = {
      id: "u-9",
      displayName: "Office 365 Exchange Online",
      userPrincipalName: "Kim.Okoro@Fabrikam.example",
    };
    const record = settingsChange(
      { time: new Date().toISOString() },
      { id: "PIM_impersonated", activityDateTime: new Date().toISOString(), initiatedBy: { user } },
    );
    await dashboard.send([Buffer.from(JSON.stringify({ records: [record] }))]);
    const { page } = await open({}, "?status=all&actor=kim.okoro%40fabrikam.example");
    await row(page, "Kim.Okoro@Fabrikam.example").click();
    const notes = page.getByRole("list", { name: "About the identities" });
    await notes.waitFor();
    expect(await notes.innerText()).toContain("CVE-2025-55241");
    expect(await page.locator(ROWS).count()).toBe(1);
  });

  test("a new incident appears without a reload", async () => {
    const { page } = await open({}, "?text=arrival");
    await page.getByText("Nothing matches these filters.").waitFor();
    const now = new Date().toISOString();
    await dashboard.incidents.addAll([
      storedIncident("arrival", { title: "A new arrival", activityDateTime: now, detectedTime: now }),
    ]);
    await row(page, "A new arrival").waitFor({ timeout: 20_000 });
  });

  test("the list is exported as CSV", async () => {
    const { page } = await open();
    await page.locator(ROWS).first().waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "CSV" }).click(),
    ]);
    expect(download.suggestedFilename()).toMatch(/^pimwatch-incidents-\d{4}-\d\d-\d\d\.csv$/);
    const text = await readFile(await download.path(), "utf8");
    expect(text).toContain('"Priority"');
    expect(text).toContain("Global Administrator");
  });
});

describe("by keyboard alone", () => {
  test("all actions work: list, incident, triage and back", async () => {
    const { page } = await open();
    await page.locator(ROWS).first().waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    const ids = await page.locator(ROWS).evaluateAll((rows) => rows.map(({ id }) => id));
    const focusedRow = () => page.evaluate(() => document.activeElement?.closest(".row.is-open")?.id);
    await expect.poll(focusedRow).toBe(ids[1]);
    await page.keyboard.press("k");
    await expect.poll(focusedRow).toBe(ids[0]);
    await page.keyboard.press("ArrowDown");
    await expect.poll(focusedRow).toBe(ids[1]);

    await page.locator("#incident-title").waitFor();
    await page.keyboard.press("Enter");
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe("incident-title");
    await page.keyboard.press("m");
    await page.keyboard.type("typed, not a shortcut: jkc?");
    expect(await page.getByLabel("Comment", { exact: true }).inputValue()).toBe("typed, not a shortcut: jkc?");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Escape");
    await expect.poll(() => page.getByRole("article").count()).toBe(0);
    await expect.poll(() => page.evaluate(() => document.activeElement?.closest(".row")?.id)).toBe(ids[1]);

    await page.keyboard.press("/");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("search");
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
  });
});

describe("safe", () => {
  test("the page's policy allows only its own files, and no script from text", async () => {
    const response = await fetch(dashboard.url);
    const policy = response.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toMatch(/unsafe|https?:|\*|data:/);
    const html = await response.text();
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\son\w+=|style=/i);
  });

  test.each(["..%2fhost.json", "..%2f..%2fpackage.json", "app.js", "index.html.br", "%2e%2e/rules.json"])(
    "%s is no file of the page",
    async (name) => {
      const response = await fetch(`${dashboard.url}/${name}`);
      expect(response.status).toBe(404);
    },
  );

  test("its files are less than 150 KB when compressed", async () => {
    const folder = new URL("../../dist/dashboard/", import.meta.url);
    const files = await readdir(folder);
    const sent = files.filter((name) => name.endsWith(".br") || !files.includes(`${name}.br`));
    const sizes = await Promise.all(sent.map(async (name) => (await stat(new URL(name, folder))).size));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    expect(total).toBeLessThan(150_000);
  });
});
