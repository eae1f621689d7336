import { defineConfig } from "vitest/config";
import config from "../vitest.config.ts";

/** Tests that import only `src/` and load nothing from `dist/`, so they need no build. */
export default defineConfig({ ...config, test: { ...config.test, globalSetup: [] } });
