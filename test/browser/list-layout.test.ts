import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { storedIncident } from "../stored-incident.ts";
import { type LocalDashboard, sampleBodies, startLocalDashboard } from "./local-dashboard.ts";
import { openBrowser } from "./open-browser.ts";
import { openPage, ROWS } from "./opened-page.ts";

let browser: Browser;
let dashboard: LocalDashboard;

const LONG_OWNER = "maximiliana.featherstonehaugh-cholmondeley.external@subsidiary.fabrikam.example";

beforeAll(async () => {
  browser = await openBrowser();
  dashboard = await startLocalDashboard();
  const now = new Date();
  await dashboard.send(sampleBodies(now));
  const { row } = storedIncident("long", { activityDateTime: now.toISOString(), status: "Active" });
  const long = {
    Owner: LONG_OWNER,
    InitiatedBy: LONG_OWNER,
    RoleScope: "Member of the group Operators of the subsidiary's regional infrastructure",
    ClientIpAddress: "2001:db8:1234:5678:9abc:def0:1234:5678",
  };
  await dashboard.incidents.addAll([{ row: { ...row, ...long }, record: "{}" }]);
});
afterAll(async () => {
  await browser?.close();
  await dashboard?.stop();
});

/** The smallest width in pixels of each column whose text wraps. */
const COLUMNS = {
  ".priority": 28,
  ".row-role": 140,
  ".row-change": 240,
  ".effect": 70,
  ".row-actor": 140,
  ".row-address": 100,
  time: 76,
  ".row-state": 60,
};
const WIDTHS = [360, 600, 768, 860, 1_024, 1_240, 1_280, 1_920, 2_560];

test.each(["light", "dark"] as const)(
  "each column of the list has its room at every width, %s",
  async (colorScheme) => {
    const { page } = await openPage(browser, dashboard.url, { colorScheme });
    await page.locator(ROWS).filter({ hasText: LONG_OWNER }).first().waitFor();
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      expect({ width, trouble: await troubleOf(page) }).toEqual({ width, trouble: [] });
    }
    await page.locator(ROWS).first().click();
    await page.getByRole("heading", { name: "What changed" }).waitFor();
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      expect({ width, trouble: await troubleOf(page) }).toEqual({ width, trouble: [] });
    }
  },
);

/** Columns that are narrower than they may be, cut, or beyond their row; and a page that is wider than the window. */
function troubleOf(page: Page): Promise<string[]> {
  return page.evaluate(
    ({ columns, rows, change }) => {
      const found: string[] = [];
      if (document.documentElement.scrollWidth > innerWidth) found.push("the page is wider than the window");
      if (document.querySelector("#incidents")?.checkVisibility() !== true) return found;
      for (const row of document.querySelectorAll(rows)) {
        const outer = row.getBoundingClientRect();
        for (const [column, least] of Object.entries(columns)) {
          const cell = row.querySelector<HTMLElement>(column);
          if (cell === null) {
            found.push(`${column} is missing`);
            continue;
          }
          const range = document.createRange();
          range.selectNodeContents(cell);
          const text = range.getBoundingClientRect();
          const { width } = cell.getBoundingClientRect();
          const words = `${column} “${cell.textContent}”`;
          const wraps = text.height > 30;
          if (wraps && width < least) found.push(`${words} wraps at ${width} px`);
          if (column === change && width < least) found.push(`${words} is ${width} px wide`);
          if (text.left < outer.left || text.right > outer.right + 0.5) found.push(`${words} is beyond its row`);
          if (cell.clientWidth > 0 && cell.scrollWidth > cell.clientWidth + 1) found.push(`${words} is cut`);
        }
      }
      return found.slice(0, 5);
    },
    { columns: COLUMNS, rows: ROWS, change: ".row-change" },
  );
}
