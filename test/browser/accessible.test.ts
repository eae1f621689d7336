// axe and the width of the page, at each width and in both themes, in each of the page's states.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalDashboard, ruleSampleBodies, sampleBodies, startLocalDashboard } from "./local-dashboard.ts";
import { openBrowser } from "./open-browser.ts";
import { openPage, ROWS } from "./opened-page.ts";
import { refuse } from "./refused.ts";

let browser: Browser;
let dashboard: LocalDashboard;
const AXE = readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WORST = /Global Administrator.*MFA on activation switched off/;
const FAILED = /Failed to load resource|net::ERR_/;

beforeAll(async () => {
  browser = await openBrowser();
  dashboard = await startLocalDashboard();
  const now = new Date();
  await dashboard.send([...sampleBodies(now), ...(await ruleSampleBodies(now))]);
});
afterAll(async () => {
  await browser?.close();
  await dashboard?.stop();
});

/** The page's policy would block axe, so the test adds it past the policy. */
const open = (options: Parameters<typeof openPage>[2], search = "") =>
  openPage(browser, `${dashboard.url}${search}`, { bypassCSP: true, allowed: FAILED, ...options });

/** What axe finds, and what is wider than the window. */
async function problems(page: Page): Promise<string[]> {
  await page.evaluate(await AXE);
  const found: { violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] } =
    await page.evaluate("axe.run(document, { resultTypes: ['violations'] })");
  const tooWide = await page.evaluate(() =>
    [...document.querySelectorAll("body *")]
      .filter(
        (element) =>
          document.documentElement.scrollWidth > innerWidth && element.getBoundingClientRect().right > innerWidth,
      )
      .map((element) => `too wide: ${element.tagName} ${element.className}: ${element.textContent?.slice(0, 80)}`),
  );
  const violations = found.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
  );
  return [...violations, ...tooWide];
}

async function openWhole(page: Page, text: string | RegExp): Promise<void> {
  await page.locator(ROWS).filter({ hasText: text }).first().click();
  await page.getByRole("heading", { name: "What changed" }).waitFor();
  await page.evaluate(() => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
}

const back = async (page: Page): Promise<void> => {
  await page.getByRole("button", { name: "Back to the list" }).click();
  await page.locator(ROWS).first().waitFor();
};

const THEMES = ["light", "dark"] as const;
/** The colours of a theme are the same at each width, so not every width needs both. */
const WINDOWS = [
  ...[360, 1_024, 1_920].map((width) => ({ colorScheme: THEMES[0], width })),
  ...[360, 768, 1_280].map((width) => ({ colorScheme: THEMES[1], width })),
];

describe.each(WINDOWS)("$colorScheme, $width px", ({ colorScheme, width }) => {
  test("axe finds no problem in a selection, an unfolded burst and the views, and nothing is too wide", async () => {
    const { page } = await open({ colorScheme, viewport: { width, height: 900 } });
    await page.locator(".fold").first().click();
    await page.getByRole("checkbox", { name: /Select all/ }).check();
    await page.getByRole("region", { name: "Change the selected incidents" }).waitFor();
    const unfold = page.getByRole("button", { name: "Filters and order" });
    if (await unfold.isVisible()) await unfold.click();
    expect(await problems(page)).toEqual([]);
    await page.getByRole("button", { name: "Views" }).click();
    await page.getByRole("dialog", { name: "Views" }).waitFor();
    expect(await problems(page)).toEqual([]);
  });

  test("axe finds no problem in list, incidents, forms and the pipeline, and nothing is too wide", async () => {
    const { page } = await open({ colorScheme, viewport: { width, height: width < 500 ? 640 : 900 } });
    await page.locator(ROWS).first().waitFor();
    expect(await problems(page)).toEqual([]);

    await openWhole(page, WORST);
    await page.getByRole("button", { name: "Close …" }).click();
    expect(await problems(page)).toEqual([]);
    if (width < 860) await back(page);

    await openWhole(page, "Require MFA for all users");
    await page.getByRole("button", { name: "Assign …" }).click();
    expect(await problems(page)).toEqual([]);

    await page.evaluate(() => scrollTo(0, 0));
    await page.getByRole("button", { name: /Pipeline/ }).click();
    await page.getByRole("dialog").getByText("Proof of silence").waitFor();
    expect(await problems(page)).toEqual([]);
  });
});

describe.each(THEMES)("%s", (colorScheme) => {
  test("axe finds no problem while something fails, conflicts, or is empty", async () => {
    const { page } = await open({ colorScheme, viewport: { width: 1_024, height: 800 } }, "?text=nothing+holds+this");
    await page.getByText("Nothing matches these filters.").waitFor();
    expect(await problems(page)).toEqual([]);
    await page.getByRole("button", { name: "Clear the filters" }).click();

    await openWhole(page, WORST);
    await refuse(page, "**/api/incidents/*", 503, "PATCH");
    await page.getByRole("button", { name: "Take" }).click();
    await page.getByText("Not stored.").waitFor();
    await page.unroute("**/api/incidents/*");
    for (const url of ["**/api/incidents?*", "**/api/incidents/*", "**/api/pipeline"]) await refuse(page, url, 401);
    await page.getByRole("button", { name: /^Live/ }).click();
    await page.locator(".trouble").first().waitFor();
    expect(await problems(page)).toEqual([]);
    await page.getByRole("button", { name: /Pipeline/ }).click();
    await page.getByRole("dialog").locator(".trouble").waitFor();
    expect(await problems(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    expect(await problems(page)).toEqual([]);
  });
});

test("whoever wants no motion sees none", async () => {
  const moving = (page: Page) =>
    page.evaluate(() =>
      [...document.querySelectorAll("*")].flatMap((element) => {
        const { animationName, transitionDuration, scrollBehavior } = getComputedStyle(element);
        const moves =
          animationName !== "none" || !/^0s(, 0s)*$/.test(transitionDuration) || scrollBehavior === "smooth";
        return moves ? [`${element.tagName} ${element.className}`] : [];
      }),
    );
  const { page } = await open({ reducedMotion: "reduce" });
  await page.locator(ROWS).first().waitFor();
  await openWhole(page, WORST);
  expect(await moving(page)).toEqual([]);
});

test("the timeline has a name, and each bar says in words what it shows", async () => {
  const { page } = await open({});
  await page.locator(ROWS).first().waitFor();
  const bars = page.getByRole("group", { name: /Incidents over time/ }).getByRole("button");
  expect(await bars.count()).toBeGreaterThan(0);
  for (const bar of await bars.all())
    expect(await bar.getAttribute("aria-label")).toMatch(/\d\d:\d\d: \d+ incidents?: \d+ \w/);
});

test("the triage forms, dialogs and the way back are reached by keyboard alone", async () => {
  const { page } = await open({});
  await page.locator(ROWS).first().waitFor();
  const focus = () => page.evaluate(() => document.activeElement?.textContent?.trim().slice(0, 30));
  await page.keyboard.press("j");
  await page.locator("#incident-title").waitFor();
  await page.keyboard.press("c");
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("type"))).toBe("radio");
  await page.keyboard.press("Space");
  await page.keyboard.press("Tab");
  await page.keyboard.type("Planned.");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect.poll(focus).toBe("Reopen");
  await page.keyboard.press("Enter");
  await expect.poll(focus).toBe("Close …");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.keyboard.type("sam@fabrikam.example");
  await page.keyboard.press("Enter");
  await page.getByRole("status").filter({ hasText: "sam@fabrikam.example" }).waitFor();
  await page.keyboard.press("Escape");
  await expect.poll(() => page.evaluate(() => document.activeElement?.className)).toBe("row-role");
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  await page.keyboard.press("Escape");
  await expect.poll(() => page.evaluate(() => document.activeElement?.className)).toBe("row-role");
});
