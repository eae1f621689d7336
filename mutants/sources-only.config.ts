import { defineConfig } from "vitest/config";
import config from "../vitest.config.ts";

/** Tests that import `src/` and load nothing of `dist/`: they do without a build. */
export default defineConfig({ ...config, test: { ...config.test, globalSetup: [] } });
