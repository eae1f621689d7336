import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import * as z from "zod";
import type { Mutation } from "../mutants/mutation-list.ts";
import { UsageError } from "../src/errors.ts";

const FILE = "simulation/not-simulated.yaml";
const GROUPS = z.array(z.strictObject({ reason: z.string().min(1), mutations: z.array(z.string()).min(1) }));

/**
 * Why the simulation cannot find some mutations, by their ids.
 *
 * @param root the checkout
 * @throws {UsageError} when the file names a mutation that the list does not have
 */
export function reasonsFor(root: string, all: readonly Mutation[]): ReadonlyMap<string, string> {
  const groups = GROUPS.parse(parse(readFileSync(join(root, FILE), "utf8")));
  const reasons = new Map(groups.flatMap(({ reason, mutations }) => mutations.map((id) => [id, reason] as const)));
  const unknown = [...reasons.keys()].filter((id) => !all.some((mutation) => mutation.id === id));
  if (unknown.length > 0) throw new UsageError(`${FILE}: mutants/list/ has no ${unknown.join(", ")}`);
  return reasons;
}
