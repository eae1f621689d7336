import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

/** Paths of Chromium on Debian and others. */
const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Options that a container needs, and options that keep Chromium off the network. */
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Starts the Chromium that is installed, or the one that CHROMIUM names.
 *
 * @throws {Error} saying how to install it
 */
export async function openBrowser(): Promise<Browser> {
  const named = process.env["CHROMIUM"];
  const executablePath = named ?? PLACES.find((path) => existsSync(path));
  if (executablePath === undefined || !existsSync(executablePath)) {
    throw new Error(
      `${named ?? "Chromium"} is not installed: \`apt-get install -y chromium\` on Debian, or name it in CHROMIUM`,
    );
  }
  return chromium.launch({ executablePath, args: FLAGS });
}
