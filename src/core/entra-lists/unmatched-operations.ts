import { propertiesOf } from "../event/audit-log.ts";
import type { DiagnosticRecord } from "../event/event-body.ts";
import type { ReadyRule } from "../incident/ready-rule.ts";
import type { Json } from "../../kql/run/values.ts";
import { valueText } from "../value-text.ts";
import { INVISIBLE } from "../visible-text.ts";
import directoryRoleOperations from "./directory-role-operations.json" with { type: "json" };
import pimOperations from "./pim-operations.json" with { type: "json" };

/** Every operation that Microsoft's page has for roles and PIM, in lower case, whatever its category. */
const KNOWN: ReadonlySet<string> = new Set(
  [directoryRoleOperations, pimOperations]
    .flatMap(({ operations }) => Object.values(operations).flat())
    .map((name) => name.toLowerCase()),
);

/** Known operations that some rule ought to look for: assignments that PIM did not make, and changes of settings and alerts. */
const NEED_A_RULE: readonly string[] = [
  ...directoryRoleOperations.operations.RoleManagement.filter((name) => /^Add .*(?:member|assignment)/i.test(name)),
  "Add member to role outside of PIM (permanent)",
  "Update role setting in PIM",
  "PIM policy removed",
  "Disable PIM alert",
  "Deactivate PIM alert",
  "Update PIM alert setting",
].map((name) => name.toLowerCase());

/** No operation on Microsoft's page is longer than 100. */
const MAX_NAME = 120;

/**
 * Finds the operations that the rules may have lost: Microsoft renames operations, and a rule that looks for the old name
 * stays silent.
 *
 * @returns for a record that no rule matched, the name of its operation if it belongs to roles or PIM and either Microsoft's
 * page does not have it, or a rule should look for it and none does; otherwise undefined. The name is fit for a log.
 */
export function unmatchedOperations(
  rules: readonly Pick<ReadyRule, "literals">[],
): (record: DiagnosticRecord) => string | undefined {
  let unwatched: ReadonlySet<string> | undefined;
  return (record) => {
    if (!isOfRolesOrPim(record)) return undefined;
    const name = operationOf(record);
    const lower = name.toLowerCase();
    unwatched ??= new Set(NEED_A_RULE.filter((needed) => !rules.some((rule) => looksFor(rule, needed))));
    return !KNOWN.has(lower) || unwatched.has(lower) ? name : undefined;
  };
}

/** By category or service. Spaces and case do not matter, in case Microsoft changes these too. */
function isOfRolesOrPim(record: DiagnosticRecord): boolean {
  const properties = propertiesOf(record);
  const category = lettersOf(properties["category"]);
  if (category === "rolemanagement") return true;
  const service = lettersOf(properties["loggedByService"]);
  return service === "pim" || service.startsWith("privilegedidentitymanagement");
}

function lettersOf(value: Json | undefined): string {
  return valueText(value)
    .toLowerCase()
    .replaceAll(/[^a-z]/g, "");
}

function operationOf(record: DiagnosticRecord): string {
  const name = valueText(record["operationName"]) || valueText(propertiesOf(record)["activityDisplayName"]);
  const shown = name.replaceAll(INVISIBLE, " ").replaceAll(/\s+/g, " ").trim();
  return shown.slice(0, MAX_NAME) || "(without a name)";
}

/** A rule without necessary literals may match anything. A literal that is itself an operation stands for no other. */
function looksFor({ literals }: Pick<ReadyRule, "literals">, operation: string): boolean {
  if (literals === undefined) return true;
  return literals
    .map(({ text }) => text.toLowerCase())
    .some((text) => text === operation || (!KNOWN.has(text) && operation.includes(text)));
}
