import { defineConfig } from "vitest/config";

/** Tests of the event hub stand-in with Microsoft's .NET client. They need the .NET SDK, and NuGet for the first build. */
export default defineConfig({
  test: {
    include: ["test/clients/**/*.test.ts"],
    testTimeout: 300_000,
    hookTimeout: 600_000, // the first build downloads the client
    maxWorkers: 2,
  },
});
