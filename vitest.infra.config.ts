import { defineConfig } from "vitest/config";

/** Tests of the deployment. They need the Bicep CLI, which scripts/bicep.ts finds or restores. */
export default defineConfig({
  logLevel: "error", // otherwise a line for each missing source map of a package
  test: {
    include: ["test/infra/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 360_000, // the first run downloads the compiler
    maxWorkers: 2,
    server: { deps: { inline: [/@actions\//] } }, // it imports JSON in a way that Node does not support
  },
});
