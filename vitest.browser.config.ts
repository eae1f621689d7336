import { defineConfig } from "vitest/config";

/** Tests of the page in a real browser. Chromium must be installed (`apt-get install -y chromium`). */
export default defineConfig({
  test: {
    include: ["test/browser/**/*.test.ts"],
    globalSetup: ["test/build-app.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
    expect: { poll: { timeout: 20_000 } }, // the default second is too short on a busy machine
  },
});
