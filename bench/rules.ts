import { chance } from "../local/samples/chance.ts";
import { compileRules } from "../src/sentinel/compile-rules.ts";
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

/** Operations of Microsoft Entra ID that rules look for, of all lengths. Those of the samples' ordinary day are among them. */
const OPERATIONS = `Add user|Update user|Delete user|Hard Delete user|Restore user|Disable account|Enable account
Add group|Update group|Delete group|Add member to group|Remove member from group|Add owner to group
Add device|Delete device|Update device|Add registered owner to device|Add registered users to device
Add policy|Update policy|Delete policy|Add named location|Update named location|Delete named location
Add conditional access policy|Update conditional access policy|Delete conditional access policy
Add application|Update application|Delete application|Restore application|Consent to application
Add owner to application|Add service principal|Update service principal|Remove service principal
Add service principal credentials|Remove service principal credentials|Add owner to service principal
Update application - Certificates and secrets management|Add OAuth2PermissionGrant
Add delegated permission grant|Remove delegated permission grant|Add app role assignment to service principal
Add app role assignment grant to user|Remove app role assignment from service principal
Add member to role|Remove member from role|Add eligible member to role|Remove eligible member from role
Add scoped member to role|Add member to role outside of PIM (permanent)|Add role assignment to role definition
Add member to role completed (PIM activation)|Add member to role requested (PIM activation)
Add member to role request denied (PIM activation)|Disable PIM alert|Invite external user
Redeem external user invite|Reset user password|Change user password|Reset password (self-service)
User registered security info|User deleted security info|Admin registered security info
Set federation settings on domain|Set domain authentication|Add unverified domain|Add verified domain|Verify domain
Add a partner to cross-tenant access setting|Update the company settings|Set Company Information`
  .split(/[|\n]/)
  .map((name) => name.trim());

/** The official rule, and rules like it for Microsoft's other operations, short names among them. */
export function namedRules(official: ReadyRule): readonly ReadyRule[] {
  const draw = chance("named rules");
  return [official, ...OPERATIONS.map((name) => withOperation(official, name, draw.guid()))];
}

/** The official rule, and all others of a folder that run. */
export async function rulesIn(folder: string, official: ReadyRule): Promise<readonly ReadyRule[]> {
  const { rules } = await compileRules(folder);
  return [official, ...rules.filter(({ id }) => id !== OFFICIAL_RULE).map(readyRule)];
}

/** The official rule with another operation name, possibly a short literal. */
export function withOperation({ rule }: ReadyRule, operation: string, id: string): ReadyRule {
  const plan: Plan = JSON.parse(
    JSON.stringify(rule.plan).replaceAll(JSON.stringify(OPERATION), JSON.stringify(operation)),
  );
  return readyRule({ ...rule, id, name: operation, plan });
}
