// The recording in the README: what `npm start` prints, and the way from there to the worst incident, from one real run.
// `npm run recording` writes docs/images/recording.svg, a picture that moves without scripts.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { openBrowser } from "../test/browser/open-browser.ts";

const OUTPUT = fileURLToPath(new URL("../docs/images/recording.svg", import.meta.url));
const SIZE = { width: 1200, height: 720 };
const LINE_HEIGHT = 19;
const LINES_SHOWN = 34;
const COLUMNS = 132;
const SCROLLED_MS = 500;
const WORST = /MFA.*approval.*permanent.*24 h/;

/** One picture of the recording, and how long it stays. */
interface Scene {
  readonly seconds: number;
  readonly svg: string;
}

/** Collects what is printed until the page's address and the line after it. */
async function addressOf(output: AsyncIterable<Buffer>): Promise<string> {
  let text = "";
  for await (const part of output) {
    text += part.toString();
    const [, address] = /^page\s+(http\S+)\n.+\n/m.exec(text) ?? [];
    if (address === undefined) continue;
    lines.push(...text.trimEnd().split("\n"));
    return address;
  }
  throw new Error("npm start ended before it printed the page's address");
}

function terminalScenes(printed: readonly string[]): Scene[] {
  const last = printed.slice(-LINES_SHOWN);
  return [
    { seconds: 2, svg: terminal(["$ npm start"]) },
    { seconds: 6, svg: terminal(["$ npm start", "…", ...last]) },
  ];
}

async function pageScenes(address: string): Promise<Scene[]> {
  const browser = await openBrowser();
  try {
    const context = await browser.newContext({ viewport: SIZE, reducedMotion: "reduce", colorScheme: "light" });
    const page = await context.newPage();
    await page.goto(address);
    const worst = page.locator("#incidents .row").filter({ hasText: WORST }).first();
    await worst.waitFor();
    await page.evaluate("document.fonts.ready");
    const scenes = [{ seconds: 4, svg: await picture(page) }];
    await worst.click();
    await page.getByRole("heading", { name: "What changed" }).waitFor();
    scenes.push({ seconds: 5, svg: await picture(page) });
    await page.getByRole("heading", { name: "What to do" }).hover();
    await page.mouse.wheel(0, 250);
    await page.getByText("Queries for Log Analytics").waitFor();
    await page.waitForTimeout(SCROLLED_MS);
    scenes.push({ seconds: 5, svg: await picture(page) });
    return scenes;
  } finally {
    await browser.close();
  }
}

async function picture(page: Page): Promise<string> {
  const jpeg = await page.screenshot({ type: "jpeg", quality: 72 });
  return `<image width="${SIZE.width}" height="${SIZE.height}" href="data:image/jpeg;base64,${jpeg.toString("base64")}"/>`;
}

function terminal(text: readonly string[]): string {
  const rows = text.map(
    (line, index) => `<text xml:space="preserve" x="20" y="${34 + index * LINE_HEIGHT}">${coloured(line)}</text>`,
  );
  return `<rect width="${SIZE.width}" height="${SIZE.height}" fill="#14181f"/><g class="terminal">${rows.join("")}</g>`;
}

const COLOUR_CODE = new RegExp(`${String.fromCharCode(27)}\\[([\\d;]*)m`);
/** The colours that the commands use, by their codes. */
const COLOURS: Readonly<Record<string, string>> = {
  "1;31": "#ff7b72",
  "31": "#ff7b72",
  "32": "#7ee787",
  "33": "#e3b341",
  "36": "#76e3ea",
  "2": "#8b949e",
};

/** A line of the terminal as SVG: its colour codes become spans. */
function coloured(line: string): string {
  const parts = line.split(COLOUR_CODE); // text, code, text, code, …
  return parts
    .map((part, index) => {
      if (index % 2 === 1 || part === "") return "";
      const colour = COLOURS[parts[index - 1] ?? ""];
      return colour === undefined
        ? `<tspan>${escaped(part)}</tspan>`
        : `<tspan fill="${colour}">${escaped(part)}</tspan>`;
    })
    .join("");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").slice(0, COLUMNS);
}

/** Shows the scenes in a loop. A reader who prefers reduced motion sees only the incident, as a still picture. */
function recording(scenes: readonly Scene[]): string {
  const total = scenes.reduce((sum, { seconds }) => sum + seconds, 0);
  let at = 0;
  const frames = scenes.map(({ seconds }, index) => {
    const [from, to] = [(100 * at) / total, (100 * (at + seconds)) / total];
    at += seconds;
    const before = from === 0 ? "" : `0%,${(from - 0.01).toFixed(2)}%{opacity:0}`;
    const after = to === 100 ? "" : `${(to + 0.01).toFixed(2)}%,100%{opacity:0}`;
    return `@keyframes scene${index}{${before}${from.toFixed(2)}%,${to.toFixed(2)}%{opacity:1}${after}}#scene${index}{animation:scene${index} ${total}s infinite}`;
  });
  const still = scenes.map(
    (_, index) => `#scene${index}{animation:none;opacity:${index === scenes.length - 2 ? 1 : 0}}`,
  );
  const style = `.terminal{font:14px ui-monospace,Menlo,Consolas,monospace;fill:#e6edf3;white-space:pre}${frames.join("")}@media (prefers-reduced-motion:reduce){${still.join("")}}`;
  const groups = scenes.map(({ svg }, index) => `<g id="scene${index}">${svg}</g>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" role="img" aria-label="npm start prints the incidents of a sample day; the page shows the worst one first, and one click shows why it is bad and what to do"><style>${style}</style>${groups.join("")}</svg>\n`;
}

const lines: string[] = [];
const run = spawn("npm", ["--silent", "start"], {
  env: { ...process.env, FORCE_COLOR: "1", COLUMNS: String(COLUMNS) },
  stdio: ["ignore", "pipe", "inherit"],
  detached: true, // so that its whole group can be ended
});
try {
  const page = await addressOf(run.stdout);
  const scenes = [...terminalScenes(lines), ...(await pageScenes(page))];
  await writeFile(OUTPUT, recording(scenes));
} finally {
  if (run.pid !== undefined) process.kill(-run.pid, "SIGINT");
  await once(run, "exit");
}
