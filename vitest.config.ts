import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // These need tools beyond npm, or a package registry: npm run test:infra, test:browser, test:clients, test:package.
    exclude: ["test/infra/**", "test/browser/**", "test/clients/**", "test/packed/**"],
    globalSetup: ["test/build-app.ts"],
    env: { TZ: "Asia/Tokyo" }, // so that a test fails if code reads a time without a zone as local time
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // The built app, which local hosts load from dist/, is not measured: its lines count as covered only if tests import them too.
    coverage: {
      include: ["src/**/*.ts", "cli/**/*.ts"],
      exclude: ["src/dashboard/**"], // tested in a browser
      reporter: ["json-summary"],
      reportOnFailure: true,
    },
  },
});
