import { defineConfig } from "vitest/config";

/** Tests of what is deployed. They need the Bicep CLI, which scripts/bicep.ts finds or restores. */
export default defineConfig({
  logLevel: "error", // else a line for each source map that a package names and does not have
  test: {
    include: ["test/infra/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 360_000, // the first run downloads the compiler
    maxWorkers: 2,
    server: { deps: { inline: [/@actions\//] } }, // it imports JSON as Node does not
  },
});
