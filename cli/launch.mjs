#!/usr/bin/env node
/*
 * `npx pimwatch` runs this file, which is JavaScript that Node 20 and later can read. The commands are TypeScript and
 * need the Node that this package pins through npm. If npm has put that Node first on PATH, it is running already;
 * otherwise this file starts it.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
// The first releases that run TypeScript directly. https://nodejs.org/api/typescript.html
const readsTypeScript = (major === 22 && minor >= 18) || (major === 23 && minor >= 6) || major >= 24;

if (readsTypeScript) {
  const pimwatch = await import("./pimwatch.ts").catch(notInstalled);
  process.exitCode = (await pimwatch?.main(process.argv.slice(2), process)) ?? 2;
} else {
  const here = dirname(fileURLToPath(import.meta.url));
  const pinned = join(here, "../node_modules/.bin/node");
  if (existsSync(pinned)) runWith(pinned, join(here, "pimwatch.ts"));
  else {
    process.stderr.write(
      `pimwatch: Node ${process.versions.node} cannot run TypeScript, and the package's own Node is missing: ${pinned}. ` +
        "Run `npm ci` in the repository, or use Node 22.18 or later.\n",
    );
    process.exitCode = 2;
  }
}

/**
 * Without its packages the program cannot be loaded, so it cannot say so itself.
 *
 * @param {unknown} error @returns {undefined}
 */
function notInstalled(error) {
  if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error;
  const [, name = ""] = /'([^']+)'/.exec(error.message) ?? [];
  process.stderr.write(`pimwatch: a package is missing: ${name}. Run \`npm ci\` in the repository\n`);
}

/** @param {string} node @param {string} script */
function runWith(node, script) {
  const child = spawn(node, [script, ...process.argv.slice(2)], { stdio: "inherit" });
  // The terminal sends Ctrl-C to the child too; a signal sent to this process alone must be passed on.
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
    process.on(signal, () => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    process.stderr.write(`pimwatch: ${node} did not start: ${error.message}\n`);
    process.exitCode = 2;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 1);
  });
}
