#!/usr/bin/env node
/*
 * `npx pimwatch` runs this file, which is JavaScript that Node 20 and later can read. In the package that `npm pack` makes,
 * the commands are JavaScript too. In a checkout they are TypeScript and need the Node that the repository pins through
 * npm. If npm has put that Node first on PATH, it is running already; otherwise this file starts it.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
// The first releases that run TypeScript directly. https://nodejs.org/api/typescript.html
const readsTypeScript = (major === 22 && minor >= 18) || (major === 23 && minor >= 6) || major >= 24;
const here = dirname(fileURLToPath(import.meta.url));
const isCheckout = existsSync(join(here, "pimwatch.ts"));

if (!isCheckout) await start("../bundle/packaged.js", "Run `npm install` again where pimwatch is installed");
else if (readsTypeScript) await start("./pimwatch.ts", "Run `npm ci` in the repository");
else {
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

/** @param {string} program @param {string} remedy if a package is missing: without it the program cannot say so itself */
async function start(program, remedy) {
  try {
    const { main } = await import(program);
    process.exitCode = await main(process.argv.slice(2), process);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND")) throw error;
    const [, name = ""] = /'([^']+)'/.exec(error.message) ?? [];
    process.stderr.write(`pimwatch: a package is missing: ${name}. ${remedy}\n`);
    process.exitCode = 2;
  }
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
