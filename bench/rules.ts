import { chance } from "../local/samples/chance.ts";
import { readyRules } from "../cli/rules/ready-rules.ts";
import type { Plan } from "../src/kql/plan.ts";
import { readyRule, type ReadyRule } from "../src/core/incident/ready-rule.ts";

const OFFICIAL_RULE = "0ed0fe7c-af29-4990-af7f-bb5ccb231198";
const OPERATION = "Update role setting in PIM";

/** The official rule for changes of PIM settings. */
export async function officialRule(): Promise<ReadyRule> {
  const rule = (await readyRules()).find(({ rule: { id } }) => id === OFFICIAL_RULE);
  if (rule === undefined) throw new Error(`rules/ holds no rule ${OFFICIAL_RULE} that is switched on`);
  return rule;
}

const VERBS = ["Add", "Remove", "Update", "Delete", "Restore", "Consent to", "Invite", "Enable", "Disable", "Approve"];
const THINGS = [
  "external tenant",
  "hybrid identity agent",
  "custom security attribute",
  "lifecycle workflow",
  "access package",
  "verified domain",
];
const ENDS = ["settings", "assignment policy", "version", "for all users", "by delegation", "credential"];

/** Rules like the official one, each for another operation with a name of 20 to 40 letters. */
export function generatedRules(official: ReadyRule, count: number): readonly ReadyRule[] {
  const draw = chance("rules");
  const names = new Set<string>();
  while (names.size < count) {
    const name = `${draw.pick(VERBS)} ${draw.pick(THINGS)} ${draw.pick(ENDS)}`;
    if (name.length >= 20 && name.length <= 40) names.add(name);
  }
  return [...names].map((name) => withOperation(official, name, draw.guid()));
}

/** The official rule with another operation name, possibly a short literal. */
export function withOperation({ rule }: ReadyRule, operation: string, id: string): ReadyRule {
  const plan: Plan = JSON.parse(
    JSON.stringify(rule.plan).replaceAll(JSON.stringify(OPERATION), JSON.stringify(operation)),
  );
  return readyRule({ ...rule, id, name: operation, plan });
}
