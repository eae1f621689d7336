import { defineConfig } from "vitest/config";

/** Tests of the packed command line, which npm installs with its dependencies. PIMWATCH_NODE names the Node that runs it. */
export default defineConfig({
  test: {
    include: ["test/packed/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    maxWorkers: 1,
  },
});
