import { defineConfig, mergeConfig } from "vitest/config";
import config from "../vitest.config.ts";

/** Tests that import `src/` and load nothing of `dist/`: they do without a build. */
export default mergeConfig({ ...config, test: { ...config.test, globalSetup: [] } }, defineConfig({}));
