import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { settingsChangeRecord } from "../../local/samples/settings-change-record.ts";
import { chance } from "../../local/samples/chance.ts";
import { TENANT_ID } from "../../local/samples/tenant.ts";
import { type LocalDashboard, startLocalDashboard } from "./local-dashboard.ts";
import { openBrowser } from "./open-browser.ts";
import { openPage, ROWS } from "./opened-page.ts";

/* Whoever may name a user, a group or an application, or type a reason, writes into this page. */

let browser: Browser;
let dashboard: LocalDashboard;

/** Each sets `hacked` or calls another host if any of it becomes more than text. */
const CORPUS = [
  "<script>globalThis.hacked=1</script>",
  "<img src=x onerror=globalThis.hacked=1>",
  "<svg/onload=globalThis.hacked=1>",
  `"><img src=x onerror=globalThis.hacked=1>`,
  `' autofocus onfocus=globalThis.hacked=1 x='`,
  "javascript:globalThis.hacked=1",
  "[click](javascript:globalThis.hacked=1)",
  "[click](https://evil.example/steal)",
  "![x](https://evil.example/x.png)",
  "<a href=https://evil.example>here</a>",
  "<iframe srcdoc='<script>parent.hacked=1</script>'></iframe>",
  "<style>*{background:url(https://evil.example)}</style>",
  "<math><mtext></table><mglyph><style><!--</style><img title='--><img src onerror=globalThis.hacked=1>'>",
  "{{constructor.constructor('globalThis.hacked=1')()}}",
  "${globalThis.hacked=1}",
  "</script><script>globalThis.hacked=1</script>",
  "<template shadowrootmode=open><script>globalThis.hacked=1</script></template>",
  "__proto__",
  "constructor",
  "\u202egnp.exe \u2066\u200b\u0000\u001b[31m\r\nSet-Cookie: x",
  "a".repeat(3_000),
  "Z\u0351\u036b\u0343\u0340".repeat(200),
  "&lt;script&gt;",
];

beforeAll(async () => {
  browser = await openBrowser();
  dashboard = await startLocalDashboard();
  const draw = chance("hostile");
  const bodies = CORPUS.map((text, index) => {
    const by = {
      kind: "user",
      id: text,
      displayName: text,
      userPrincipalName: text,
      ipAddress: text,
      tokenAddress: text,
    } as const;
    const reason = `Setting changes in this session: Approval enabled with approvers ${text}. ${text} disabled. MFA on activation requirement disabled.`;
    const change = { shows: "hostile text", matches: true, roles: [], by, reason };
    const record = settingsChangeRecord(change, "Global Administrator", new Date(Date.now() - index * 1_000), draw);
    const targets = [
      {
        id: text,
        displayName: text,
        type: "Role",
        modifiedProperties: [{ displayName: "TemplateId", oldValue: text, newValue: text }],
      },
    ];
    const properties = { ...record.properties, targetResources: targets };
    return Buffer.from(JSON.stringify({ records: [{ ...record, correlationId: text, properties }] }));
  });
  await dashboard.send(bodies);
});
afterAll(async () => {
  await browser?.close();
  await dashboard?.stop();
});

test("everything in a record is shown as text: nothing runs, nothing is fetched, no link leads elsewhere", async () => {
  const { page } = await openPage(browser, `${dashboard.url}?status=all&order=newest`);
  await page.locator(ROWS).first().waitFor();
  await expect.poll(() => page.locator(ROWS).count()).toBe(CORPUS.length);
  await expectInert(page);
  const ids = await page.locator(ROWS).evaluateAll((rows) => rows.map(({ id }) => id));
  for (const id of ids) {
    await page.locator(`#${id}`).click();
    await page.getByRole("heading", { name: "What changed" }).waitFor();
    await expect.poll(() => page.url()).toContain(id.slice("i-".length));
    for (const summary of await page.locator("article summary").all()) await summary.click();
    await expectInert(page);
    await page.getByRole("button", { name: "Back to the list" }).click();
  }
});

test("modified properties of another rule are shown as text, with invisible characters spelled out", async () => {
  const now = new Date().toISOString();
  const target = {
    type: "Policy",
    displayName: "hostile policy",
    modifiedProperties: CORPUS.flatMap((text) => [
      { displayName: text, oldValue: text, newValue: JSON.stringify([text, text]) },
      {
        displayName: "ConditionalAccessPolicy",
        oldValue: null,
        newValue: JSON.stringify({ [text]: { [text]: text } }),
      },
    ]),
  };
  const record = {
    time: now,
    category: "AuditLogs",
    tenantId: TENANT_ID,
    operationName: "Update conditional access policy",
    properties: {
      id: "hostile-policy",
      category: "Policy",
      loggedByService: "Conditional Access",
      activityDateTime: now,
      targetResources: [target, { type: CORPUS[0], displayName: CORPUS[1], id: CORPUS[2] }],
    },
  };
  await dashboard.send([Buffer.from(JSON.stringify({ records: [record] }))]);
  const { page } = await openPage(browser, `${dashboard.url}?status=all&text=hostile+policy`);
  await page.locator(ROWS).first().click();
  await page.getByRole("heading", { name: "What changed" }).waitFor();
  expect(await page.locator(".change").count()).toBeGreaterThan(CORPUS.length);
  for (const summary of await page.locator("article summary").all()) await summary.click();
  await expectInert(page);
  expect(await page.locator(".detail").innerText()).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200b]/);
});

test("invisible characters, and those that change the writing direction, are spelled out", async () => {
  const { page } = await openPage(browser, `${dashboard.url}?status=all&text=gnp.exe`);
  await page.locator(ROWS).first().click();
  const detail = page.getByRole("article", { name: "Incident" });
  await detail.getByText("U+202E").first().waitFor();
  const text = await page.locator("body").innerText();
  expect(text).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200b]/);
  for (const control of ["\u0000", "\u001b"]) expect(text).not.toContain(control);
  for (const code of ["U+2066", "U+200B", "U+0000", "U+001B"]) expect(text).toContain(code);
});

test("filters, owner and comments are shown as text, too", async () => {
  for (const text of CORPUS.slice(0, 6)) {
    const { page } = await openPage(browser, `${dashboard.url}?status=all&actor=${encodeURIComponent(text)}&text=MFA`);
    await page.locator(ROWS).first().click();
    await page.getByRole("button", { name: "Assign …" }).click();
    await page.getByRole("textbox", { name: "Owner" }).fill(text);
    await page.getByRole("button", { name: "Assign", exact: true }).click();
    await page.locator(".history-change").first().waitFor();
    await page.getByRole("button", { name: "Comment …" }).click();
    await page.getByLabel("Comment", { exact: true }).fill(text);
    await page.getByRole("button", { name: "Add comment" }).click();
    await page.locator(".comment").first().waitFor();
    expect(await page.locator(".comment").first().innerText()).toBe(text);
    await expectInert(page);
  }
});

async function expectInert(page: Page): Promise<void> {
  const found = await page.evaluate(() => ({
    hacked: "hacked" in globalThis,
    foreign: [...document.querySelectorAll("#app script, #app iframe, #app img, #app style, #app template, #app math")]
      .length,
    handlers: [...document.querySelectorAll("#app *")].filter((element) =>
      [...element.attributes].some(({ name }) => name.startsWith("on")),
    ).length,
    hosts: [
      ...new Set(
        [...document.querySelectorAll<HTMLAnchorElement>("a[href]")].map(
          ({ host, protocol }) => `${protocol}//${host}`,
        ),
      ),
    ],
  }));
  const { hosts, ...rest } = found;
  expect(rest).toEqual({ hacked: false, foreign: 0, handlers: 0 });
  expect(hosts.filter((host) => !ALLOWED.test(host))).toEqual([]);
}

const ALLOWED =
  /^(http:\/\/127\.0\.0\.1:\d+|https:\/\/(learn\.microsoft\.com|entra\.microsoft\.com|security\.microsoft\.com|github\.com|attack\.mitre\.org|www\.cisecurity\.org))$/;
