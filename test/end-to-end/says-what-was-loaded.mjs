// For node's --import: prints at the end of the process which costly modules were loaded.
import { createRequire } from "node:module";

const { cache } = createRequire(import.meta.url);

process.on("exit", () => {
  const files = Object.keys(cache).join(" ");
  const loaded = {
    fetch: process.moduleLoadList.includes("NativeModule internal/deps/undici/undici"),
    regularExpressions: files.includes("rregex"),
    logsIngestion: files.includes("logs-ingestion-"),
    deadLetters: files.includes("dead-letters-"),
    services: files.includes("services-"),
  };
  console.log(`loaded ${JSON.stringify(loaded)}`);
});
