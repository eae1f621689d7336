import { AUDIT_LOG_COLUMNS } from "../src/core/event/audit-log-columns.ts";
import type { ReadyRule } from "../src/core/incident/ready-rule.ts";

const POISON = "-poison";
const ID = AUDIT_LOG_COLUMNS.findIndex(({ name }) => name === "Id");

/** The id of a record that kills every worker. */
export function poisonId(serial: number): string {
  return `${serial}${POISON}`;
}

/** Rules that kill the worker when they evaluate poison, as a lack of memory does. */
export function withPoison(rules: readonly ReadyRule[], kill: () => void): ReadyRule[] {
  return rules.map((rule) => ({
    ...rule,
    evaluate: (row) => {
      const id = row[ID];
      if (typeof id === "string" && id.endsWith(POISON)) kill();
      return rule.evaluate(row);
    },
  }));
}
