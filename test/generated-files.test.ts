import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { generatedPages } from "../scripts/generate-pages.ts";

test.each([...(await generatedPages())])("%s is what the code makes of it (npm run generate)", (file, text) => {
  expect(existsSync(file) ? readFileSync(file, "utf8") : "there is no such file").toBe(text);
});
