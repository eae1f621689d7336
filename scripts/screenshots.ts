// Pictures of the page: the built app on the local stack, with the sample day, a month before it, and an incident of
// every other rule. `npm run screenshots` makes those of the documents; with a folder, it makes one of every state there.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { build } from "../build.ts";
import { openBrowser } from "../test/browser/open-browser.ts";
import { earlierBodies, ruleSampleBodies, sampleBodies, startLocalDashboard } from "../test/browser/local-dashboard.ts";
import { type ANSWERS, refuse } from "../test/browser/refused.ts";

const DOCUMENTS = fileURLToPath(new URL("../docs/images/", import.meta.url));
const [folder] = process.argv.slice(2);
const DESKTOP = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };
const ROW = "#incidents .row";
/** The incident that shows most: one save removes everything that guards Global Administrator. */
const WORST = /MFA.*approval.*permanent.*24 h/;

interface Shot {
  readonly name: string;
  readonly dark?: true;
  readonly size?: { readonly width: number; readonly height: number };
  /** Whether the documents show it. */
  readonly isOfDocuments?: true;
  /** Done before the page is loaded. */
  before?(page: Page): Promise<unknown>;
  /** Waits for the list itself, unless `before` keeps it away. */
  prepare(page: Page): Promise<unknown>;
}

const list = (page: Page): Promise<void> => page.locator(ROW).first().waitFor();

const open = (text: string | RegExp) => async (page: Page) => {
  await page.locator(ROW).filter({ hasText: text }).first().click();
  await page.getByRole("heading", { name: "What changed" }).waitFor();
};

const inBar = (name: string | RegExp) => async (page: Page) => {
  await open(WORST)(page);
  await page.getByRole("button", { name }).click();
};

const pipeline = async (page: Page) => {
  await list(page);
  await page.getByRole("button", { name: /^Pipeline/ }).click();
  await page.getByRole("dialog").getByText("Proof of silence").waitFor();
};

/** Opens the incident, after which nothing can be stored, and tries to. */
const takeRefused = (status: keyof typeof ANSWERS) => async (page: Page) => {
  await open(WORST)(page);
  await refuse(page, "**/api/incidents/*", status, "PATCH");
  await page.getByRole("button", { name: "Take" }).click();
  await page.getByText("Not stored").waitFor();
};

const alert = (page: Page): Promise<void> => page.getByRole("alert").first().waitFor();

const REFUSED = ([302, 401, 403, 404, 409, 500, 503] as const).flatMap((status): Shot[] => [
  { name: `list-${status}`, before: (page) => refuse(page, "**/api/incidents?*", status), prepare: alert },
  { name: `triage-${status}`, prepare: takeRefused(status) },
]);

const SHOTS: readonly Shot[] = [
  { name: "list", isOfDocuments: true, prepare: list },
  { name: "detail", isOfDocuments: true, prepare: open(WORST) },
  { name: "dark", isOfDocuments: true, dark: true, prepare: open(WORST) },
  { name: "phone-list", isOfDocuments: true, size: PHONE, prepare: list },
  { name: "phone-detail", isOfDocuments: true, size: PHONE, prepare: open(WORST) },
  {
    name: "list-empty",
    prepare: async (page) => {
      await list(page);
      await page.getByLabel("Search", { exact: true }).fill("nothing holds this");
      await page.getByText("Nothing matches").waitFor();
    },
  },
  ...["Require MFA for all users", "Credential added", "dana.kowalski"].map((text, index) => ({
    name: `detail-of-other-rule-${index + 1}`,
    prepare: open(text),
  })),
  { name: "detail-of-other-rule-dark", dark: true, prepare: open("Require MFA for all users") },
  { name: "phone-detail-of-other-rule", size: PHONE, prepare: open("Require MFA for all users") },
  {
    name: "phone-detail-scrolled",
    size: PHONE,
    prepare: async (page) => {
      await open(WORST)(page);
      await page.getByRole("heading", { name: "What to do" }).scrollIntoViewIfNeeded();
      await page.mouse.wheel(0, 900);
    },
  },
  { name: "detail-closing", prepare: inBar("Close …") },
  {
    name: "detail-comment",
    prepare: async (page) => {
      await inBar("Comment …")(page);
      await page.keyboard.type("Asked the owner of the role: no change was planned.");
      await page.getByRole("button", { name: "Add comment" }).click();
      await page.getByText("Saved:").waitFor();
    },
  },
  {
    name: "detail-facts",
    prepare: async (page) => {
      await open(WORST)(page);
      await page.getByRole("heading", { name: "Who, where, when" }).scrollIntoViewIfNeeded();
    },
  },
  {
    name: "detail-404",
    before: (page) => refuse(page, "**/api/incidents/*", 404),
    prepare: async (page) => {
      await page.locator(ROW).first().click();
      await alert(page);
    },
  },
  ...REFUSED,
  {
    name: "offline",
    prepare: async (page) => {
      await open(WORST)(page);
      await page.context().setOffline(true);
      await alert(page);
    },
  },
  { name: "pipeline-degraded", prepare: pipeline },
  { name: "phone-pipeline-degraded", size: PHONE, prepare: pipeline },
  {
    name: "pipeline-ok",
    before: (page) =>
      page.route("**/api/pipeline", async (route) => {
        const response = await route.fetch();
        const health: object = await response.json();
        const ok = { ...health, status: "ok", problems: [], latestDeadLetters: [], deadLetters: 0 };
        await route.fulfill({ response, json: ok });
      }),
    prepare: pipeline,
  },
  {
    name: "pipeline-503",
    before: (page) => refuse(page, "**/api/pipeline", 503),
    prepare: async (page) => {
      await list(page);
      await page.getByRole("button", { name: /^Pipeline/ }).click();
      await alert(page);
    },
  },
  {
    name: "keys",
    prepare: async (page) => {
      await list(page);
      await page.keyboard.press("?");
    },
  },
];

const { directory } = await build();
const dashboard = await startLocalDashboard(directory);
const browser = await openBrowser();
try {
  const now = new Date();
  await dashboard.send([...earlierBodies(now), ...sampleBodies(now)]);
  if (folder !== undefined) await dashboard.send(await ruleSampleBodies(now));
  await mkdir(folder ?? DOCUMENTS, { recursive: true });
  for (const shot of SHOTS.filter(({ isOfDocuments }) => folder !== undefined || isOfDocuments === true))
    await take(browser, shot);
} finally {
  await browser.close();
  await dashboard.stop();
}

async function take(browser_: Browser, { name, dark, size = DESKTOP, before, prepare }: Shot): Promise<void> {
  const context = await browser_.newContext({
    viewport: size,
    deviceScaleFactor: size === PHONE ? 2 : 1,
    colorScheme: dark ? "dark" : "light",
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  await before?.(page);
  await page.goto(dashboard.url);
  await prepare(page);
  await page.evaluate("document.fonts.ready");
  await page.screenshot({ path: join(folder ?? DOCUMENTS, `${name}.png`) });
  await context.close();
  console.error(`${name}.png`);
}
