// Screenshots of the page for the documents: the built app on the local stack, with the sample day and a month before
// it.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { build } from "../build.ts";
import { openBrowser } from "../test/browser/open-browser.ts";
import { earlierBodies, sampleBodies, startLocalDashboard } from "../test/browser/local-dashboard.ts";

const FOLDER = process.argv[2] ?? fileURLToPath(new URL("../docs/images/", import.meta.url));
const DESKTOP = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };
/** The incident that shows most: one save removes everything that guards Global Administrator. */
const ROW = "#incidents [role=option]";
const WORST = /MFA.*approval.*permanent.*24 h/;

interface Shot {
  readonly name: string;
  readonly dark?: true;
  readonly size?: typeof PHONE;
  prepare(page: Page): Promise<void>;
}

const openWorst = async (page: Page): Promise<void> => {
  await page.locator(ROW).filter({ hasText: WORST }).first().click();
  await page.getByRole("heading", { name: "What changed" }).waitFor();
};

const SHOTS: readonly Shot[] = [
  { name: "list", prepare: () => Promise.resolve() },
  { name: "detail", prepare: openWorst },
  { name: "dark", dark: true, prepare: openWorst },
  { name: "phone-list", size: PHONE, prepare: () => Promise.resolve() },
  { name: "phone-detail", size: PHONE, prepare: openWorst },
];

const { directory } = await build();
const dashboard = await startLocalDashboard(directory);
const browser = await openBrowser();
try {
  const now = new Date();
  await dashboard.send([...earlierBodies(now), ...sampleBodies(now)]);
  await mkdir(FOLDER, { recursive: true });
  for (const shot of SHOTS) await take(browser, shot);
} finally {
  await browser.close();
  await dashboard.stop();
}

async function take(browser_: Browser, { name, dark, size = DESKTOP, prepare }: Shot): Promise<void> {
  const context = await browser_.newContext({
    viewport: size,
    deviceScaleFactor: size === PHONE ? 2 : 1,
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  page.on("console", (message) => console.error(`${name}: ${message.text()}`));
  await page.goto(dashboard.url);
  await page.locator(ROW).first().waitFor();
  await prepare(page);
  await page.evaluate("document.fonts.ready");
  await page.screenshot({ path: join(FOLDER, `${name}.png`) });
  await context.close();
  console.error(`${name}.png`);
}
