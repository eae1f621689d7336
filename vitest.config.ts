import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Those that need a tool that npm does not bring: npm run test:infra, test:browser, test:clients.
    exclude: ["test/infra/**", "test/browser/**", "test/clients/**"],
    globalSetup: ["test/build-app.ts"],
    env: { TZ: "Asia/Tokyo" }, // a time without a zone that is read as local time fails a test
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
