import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";

export interface OpenedPage {
  readonly page: Page;
  /** What the page did that it must not: errors, refusals by the content security policy, requests elsewhere, dialogs. */
  readonly trouble: readonly string[];
}

/** The rows of the list. */
export const ROWS = "#incidents .row";

export interface PageOptions extends BrowserContextOptions {
  /** Trouble that the test makes itself. */
  readonly allowed?: RegExp;
  /** Done before the page is loaded. */
  before?(page: Page): Promise<unknown>;
}

/** Opens the page in a context of its own. It is closed with the test, which fails if the page had an error. */
export async function openPage(browser: Browser, url: string, options: PageOptions = {}): Promise<OpenedPage> {
  const { allowed, before, ...contextOptions } = options;
  const context = await browser.newContext({ reducedMotion: "reduce", ...contextOptions });
  const trouble: string[] = [];
  const note = (what: string): void => {
    if (allowed?.test(what) !== true) trouble.push(what);
  };
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") note(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => note(`error: ${error.message}`));
  page.on("dialog", (dialog) => {
    note(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) note(`request: ${request.url()}`);
  });
  onTestFinished(async () => {
    await context.close();
    expect(trouble).toEqual([]);
  });
  await before?.(page);
  await page.goto(url);
  return { page, trouble };
}
