import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileAllRules } from "../src/sentinel/compile-rules.ts";
import { SHIPPED_RULES } from "../cli/own-files.ts";
import { readyRule } from "../src/core/incident/ready-rule.ts";
import type { Rule } from "../src/core/incident/rule.ts";
import { ruleScan } from "../src/core/scan/rule-scan.ts";
import { valueLine } from "./report.ts";

/** The app's work on its rules at the first batch: reads the plans, prepares them and builds the scan. */
export async function benchLoading(): Promise<readonly string[]> {
  const { rules } = await compileAllRules(SHIPPED_RULES);
  const folder = await mkdtemp(join(tmpdir(), "pimwatch-bench-rules-"));
  try {
    const file = join(folder, "rules.json");
    await writeFile(file, JSON.stringify(rules));
    const began = performance.now();
    const loaded: Rule[] = JSON.parse(await readFile(file, "utf8"));
    const ready = loaded.filter(({ disabled }) => disabled !== true).map(readyRule);
    const plansMs = performance.now() - began;
    const { summary } = ruleScan(ready.map(({ rule }) => rule));
    const scanMs = performance.now() - began - plansMs;
    return [
      `rules: ${loaded.length} read, ${ready.length} switched on; ${summary}`,
      valueLine("time to load all rules' plans", plansMs, "ms"),
      valueLine("time to make the scan of all rules", scanMs, "ms"),
      "",
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
