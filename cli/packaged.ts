import type { Command } from "./command.ts";
import { backtest } from "./commands/backtest.ts";
import { withCompletion } from "./commands/completion.ts";
import { coverage } from "./commands/coverage.ts";
import { doctor } from "./commands/doctor.ts";
import { explain } from "./commands/explain.ts";
import { incidents } from "./commands/incidents.ts";
import { lint } from "./commands/lint.ts";
import { newRule } from "./commands/new.ts";
import { support } from "./commands/support.ts";
import { test } from "./commands/test.ts";
import { tune } from "./commands/tune.ts";
import { main as runMain } from "./program.ts";

/*
 * The program of the package that `npm pack` makes, where cli/launch.mjs starts it as bundled JavaScript. It works on the
 * user's own rules, without the repository: tsconfig.package.json holds its code to what Node 20 has.
 */

/** The commands that need only the user's rules and files, and services in Azure. */
// prettier-ignore
export const SELF_SUFFICIENT: readonly Command[] = [
  incidents,
  doctor,
  explain,
  lint,
  test,
  backtest,
  newRule,
  support,
  coverage,
  tune,
];

export const PACKAGED = withCompletion(SELF_SUFFICIENT);

/** The others need the local stack, or the rules and templates of the version that is deployed. */
export const ONLY_IN_CHECKOUT: readonly string[] = [
  "start",
  "send",
  "stack",
  "dead-letters",
  "redrive",
  "restore",
  "cost",
  "wait-for-events",
  "silence",
];

const PROGRAM = { commands: PACKAGED, rules: "rules", onlyInCheckout: ONLY_IN_CHECKOUT };

/** @returns the exit code */
export function main(args: readonly string[], owner: NodeJS.Process): Promise<number> {
  return runMain(args, PROGRAM, owner);
}
