#!/usr/bin/env node
/*
 * What `npx pimwatch` runs, in JavaScript that any Node from 20 on can read: the commands are TypeScript,
 * which needs the Node that this package pins through npm. Where npm has put that one first on PATH,
 * it is running already; else it is started here.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
// The first releases that run TypeScript as it is. https://nodejs.org/api/typescript.html
const readsTypeScript = (major === 22 && minor >= 18) || (major === 23 && minor >= 6) || major >= 24;

if (readsTypeScript) {
  const { main } = await import("./pimwatch.ts");
  process.exitCode = await main(process.argv.slice(2), process);
} else {
  const here = dirname(fileURLToPath(import.meta.url));
  const pinned = join(here, "../node_modules/.bin/node");
  if (existsSync(pinned)) runWith(pinned, join(here, "pimwatch.ts"));
  else {
    process.stderr.write(
      `pimwatch: this is Node ${process.versions.node}, and the Node that the package brings along is not at ${pinned}. ` +
        "Run `npm ci` in the repository, or use Node 22.18 or newer.\n",
    );
    process.exitCode = 1;
  }
}

/** @param {string} node @param {string} script */
function runWith(node, script) {
  const child = spawn(node, [script, ...process.argv.slice(2)], { stdio: "inherit" });
  // Ctrl-C reaches the child by itself; a signal sent to this process alone does not.
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    process.on(signal, () => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    process.stderr.write(`pimwatch: ${node} does not start: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 1);
  });
}
