// One incident: what the page shows of each rule's, and triage.
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalDashboard, ruleSampleBodies, sampleBodies, startLocalDashboard } from "./local-dashboard.ts";
import { storedIncident } from "../stored-incident.ts";
import { openBrowser } from "./open-browser.ts";
import { openPage, ROWS } from "./opened-page.ts";

let browser: Browser;
let dashboard: LocalDashboard;

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

const open = (options?: Parameters<typeof openPage>[2], search = "") =>
  openPage(browser, `${dashboard.url}${search}`, options);
const row = (page: Page, text: string | RegExp) => page.locator(ROWS).filter({ hasText: text }).first();
const WORST = /Global Administrator.*MFA on activation switched off/;
const PHONE = { width: 360, height: 640 };

async function opened(page: Page, text: string | RegExp): Promise<Locator> {
  await row(page, text).click();
  await page.getByRole("heading", { name: "What changed" }).waitFor();
  await page.evaluate(() => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });
  return page.getByRole("article", { name: "Incident" });
}

describe("an incident of another rule", () => {
  test.each([
    { text: "Require MFA for all users", shown: ["ConditionalAccessPolicy › state", "enabled", "disabled"] },
    { text: "Credential added", shown: ["KeyDescription", "DisplayName=deploy", "1 member of the list stayed"] },
  ])("$text: old and new values, and nothing about PIM", async ({ text, shown }) => {
    const { page } = await open({}, "?order=newest");
    const detail = await opened(page, text);
    const said = await detail.innerText();
    for (const part of shown) expect(said).toContain(part);
    expect(said).not.toMatch(/\bPIM\b|Privileged Identity|Microsoft Graph request/);
    expect(await detail.getByRole("heading").allInnerTexts()).not.toContain("Role");
    expect(await detail.getByRole("link").allInnerTexts()).not.toContain("What the role may do");
  });

  test.each(["dana.kowalski", "PIM alert disabled"])("%s: no request restores a policy", async (text) => {
    const { page } = await open({}, "?order=newest");
    const detail = await opened(page, text);
    expect(await detail.innerText()).not.toMatch(/Microsoft Graph|Roles in Privileged Identity Management/);
  });
});

test("an incident of several events shows them in order of time; others show no such list", async () => {
  const record = (minute: number, operationName: string, initiatedBy: string) => ({
    time: `2026-03-04T09:${minute}:00.0000000Z`,
    operationName,
    result: minute === 20 ? "failure" : "success",
    initiatedBy,
    target: "<b>Global Administrator</b>",
    clientIpAddress: "192.0.2.7",
    auditLogId: `id-${minute}`,
  });
  const evidence = [record(10, "Update role setting in PIM", "alex.rivera"), record(20, "Add member to role", "")];
  const instant = "2026-03-04T10:00:00.0000000Z";
  await dashboard.incidents.addAll([
    storedIncident("of several", {
      title: "A chain of two",
      activityDateTime: new Date().toISOString(),
      evidence,
      instant,
    }),
  ]);
  const { page } = await open({}, "?order=newest");
  await row(page, "A chain of two").click();
  const shown = page.getByRole("region", { name: "Evidence" });
  await shown.waitFor();
  const items = await shown.getByRole("listitem").allInnerTexts();
  expect(items.map((text) => text.replaceAll(/\s+/g, " "))).toEqual([
    expect.stringMatching(
      /^Update role setting in PIM .*09:10.* by alex\.rivera on <b>Global Administrator<\/b> from 192\.0\.2\.7$/,
    ) as string,
    expect.stringMatching(
      /^Add member to role .*09:20.* failure by unknown on <b>Global Administrator<\/b> from 192\.0\.2\.7$/,
    ) as string,
  ]);
  await page.goto(dashboard.url);
  await opened(page, WORST);
  expect(await page.getByRole("region", { name: "Evidence" }).count()).toBe(0);
});

test("what to do and the history stand above the ids", async () => {
  const { page } = await open();
  const detail = await opened(page, WORST);
  expect(await detail.getByRole("heading", { level: 3 }).allInnerTexts()).toEqual([
    "What changed",
    "What to do",
    "History",
    "Who, where, when",
    "Audit record",
  ]);
});

describe.each([
  { name: "a desk", viewport: { width: 1440, height: 900 } },
  { name: "a phone", viewport: PHONE },
])("on $name", ({ viewport }) => {
  test("the triage bar stays in view, leaves room for the content and covers nothing that has the focus", async () => {
    const { page } = await open({ viewport });
    const detail = await opened(page, WORST);
    const bar = detail.getByRole("region", { name: "Triage" });
    await detail.getByRole("heading", { name: "Audit record" }).scrollIntoViewIfNeeded();
    await expect.poll(async () => (await bar.boundingBox())?.y ?? -1).toBeGreaterThanOrEqual(0);
    const box = await bar.boundingBox();
    expect((box?.y ?? 0) + (box?.height ?? 0)).toBeLessThan(viewport.height / 3);

    await detail.getByRole("button", { name: "Comment …" }).focus();
    for (let step = 0; step < 40; step += 1) {
      await page.keyboard.press("Tab");
      const hidden = await page.evaluate(() => {
        const focused = document.activeElement;
        const covering = document.querySelector(".triage");
        if (focused === null || covering === null || covering.contains(focused) || focused.closest(".detail") === null)
          return "";
        const [{ top }, { bottom }] = [focused.getBoundingClientRect(), covering.getBoundingClientRect()];
        return top < bottom - 1 ? `${focused.tagName} ${focused.textContent?.slice(0, 40)}: ${top} < ${bottom}` : "";
      });
      expect(hidden).toBe("");
    }
    for (let step = 0; step < 20; step += 1) {
      await page.keyboard.press("Shift+Tab");
      const top = await page.evaluate(() => {
        const focused = document.activeElement;
        const covering = document.querySelector(".triage");
        if (focused === null || covering === null || covering.contains(focused)) return 0;
        return focused.getBoundingClientRect().top - covering.getBoundingClientRect().bottom;
      });
      expect(top).toBeGreaterThan(-1);
    }
  });
});

describe("triage", () => {
  test("an incident is taken, commented on, closed and reopened, and its history has each step", async () => {
    const { page } = await open();
    await row(page, "Exchange Administrator").click();
    const detail = page.getByRole("article", { name: "Incident" });
    await detail.getByRole("button", { name: "Take" }).click();
    await detail
      .getByRole("status")
      .filter({ hasText: /Active.*local user/ })
      .waitFor();
    await expect.poll(() => textInFocus(page)).toBe("Close …");

    await detail.getByRole("button", { name: "Comment …" }).click();
    await detail.getByLabel("Comment", { exact: true }).fill("Asked the owner.\nNo ticket.");
    await detail.getByRole("button", { name: "Add comment" }).click();
    await detail.locator(".comment").filter({ hasText: "No ticket." }).waitFor();

    await detail.getByRole("button", { name: "Close …" }).click();
    expect(await detail.getByRole("button", { name: "Close incident" }).isDisabled()).toBe(true);
    await detail.getByLabel(/Benign positive/).check();
    await detail.getByLabel("Comment (optional)").fill("Planned.");
    await detail.getByRole("button", { name: "Close incident" }).click();
    await detail
      .getByRole("status")
      .filter({ hasText: /Closed.*Benign positive/ })
      .waitFor();
    await detail.getByRole("status").filter({ hasText: "Saved, with the comment “Planned.”" }).waitFor();
    await expect.poll(() => textInFocus(page)).toBe("Reopen");

    await detail.getByRole("button", { name: "Reopen" }).click();
    await detail
      .getByRole("status")
      .filter({ hasText: /^Active/ })
      .waitFor();
    expect(await detail.locator(".history > li").count()).toBe(5);
  });

  test("a comment appears next to its field at once, is announced, and the field is ready for the next one", async () => {
    const { page } = await open({ viewport: PHONE });
    const detail = await opened(page, "Security Administrator");
    await page.keyboard.press("m");
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe("comment");
    await page.keyboard.type("Called the owner.");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await detail.getByRole("status").filter({ hasText: "your comment is the first entry below" }).waitFor();
    const comment = detail.locator(".comment").first();
    expect(await comment.innerText()).toBe("Called the owner.");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("comment");
    expect(await detail.getByLabel("Comment", { exact: true }).inputValue()).toBe("");
    const [field, entry] = [await detail.locator("#comment").boundingBox(), await comment.boundingBox()];
    expect((entry?.y ?? 0) - (field?.y ?? 0)).toBeLessThan(200);
    expect(entry?.y ?? 9_999).toBeLessThan(PHONE.height);
  });

  test("if two analysts change an incident at once, the second sees who was first, and can still add a comment", async () => {
    const first = await open();
    const second = await open({ allowed: /412|net::ERR_FAILED/ });
    for (const { page } of [first, second]) await row(page, "User Administrator").click();
    await second.page.getByLabel("Comment", { exact: true }).fill("Mine.");
    // The page would show the change by itself, but the second analyst is quicker.
    await second.page.route("**/api/incidents/*", (route) =>
      route.request().method() === "PATCH" ? route.continue() : route.abort(),
    );
    await first.page.getByLabel("Comment", { exact: true }).fill("First.");
    await first.page.getByRole("button", { name: "Add comment" }).click();
    await first.page.locator(".comment").filter({ hasText: "First." }).waitFor();

    await second.page.getByRole("button", { name: "Add comment" }).click();
    const banner = second.page.locator(".banner").filter({ hasText: "Not stored" });
    await banner.waitFor();
    expect(await banner.innerText()).toContain("First.");
    expect(await second.page.getByLabel("Comment", { exact: true }).inputValue()).toBe("Mine.");

    await banner.getByRole("button", { name: "Apply mine as well" }).click();
    await second.page.locator(".comment").filter({ hasText: "Mine." }).waitFor();
    expect(await second.page.locator(".comment").allInnerTexts()).toEqual(["Mine.", "First."]);
  });
});

function textInFocus(page: Page): Promise<string | undefined> {
  return page.evaluate(() => document.activeElement?.textContent?.trim());
}
