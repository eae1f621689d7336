import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SampleRecord } from "../local/samples/audit-record.ts";
import { TENANT_ID } from "../local/samples/tenant.ts";
import { valueText } from "../src/core/value-text.ts";
import type { DiagnosticRecord } from "../src/core/event/event-body.ts";
import { readyRule } from "../src/core/incident/ready-rule.ts";
import type { Rule } from "../src/core/incident/rule.ts";
import { judge } from "../src/workflows/detection/judge-record.ts";
import { isFailingId } from "./faults/failing-items.ts";
import type { Portion } from "./traffic.ts";

/** Everything sent so far that must have an effect. */
export interface Expected {
  /** The record behind each incident, by incident id. */
  readonly incidents: ReadonlyMap<string, SampleRecord>;
  readonly letters: readonly Uint8Array[];
}

/** Whether no receiver accepts the incident, so it waits to the end. */
export function isFailing({ incidents }: Expected, incidentId: string): boolean {
  return isFailingId(incidents.get(incidentId)?.properties.id ?? "");
}

const PIM_SETTINGS_RULE = "0ed0fe7c-af29-4990-af7f-bb5ccb231198";
const NOWHERE = { partitionId: null, sequenceNumber: null, enqueuedTime: null };

/** The rules of the built app. */
export function judging(appDirectory: string) {
  const all: Rule[] = JSON.parse(readFileSync(join(appDirectory, "rules.json"), "utf8"));
  const rules = all.filter(({ disabled }) => disabled !== true).map(readyRule);
  return { rules, allowedTenantIds: new Set([TENANT_ID]) };
}

/**
 * Adds up the expected results of the portions: judges each record once, undisturbed, in this process.
 *
 * @throws if the rule on PIM settings misses a record made for it: the run would prove nothing
 */
export function expectations(appDirectory: string) {
  const deps = { ...judging(appDirectory), now: () => new Date(0) };
  const incidents = new Map<string, SampleRecord>();
  const letters: Uint8Array[] = [];

  function rulesThatFind(sample: SampleRecord): string[] {
    const bytes = Buffer.from(JSON.stringify(sample));
    const record: DiagnosticRecord = JSON.parse(bytes.toString());
    const { found } = judge({ record, bytes: () => bytes }, NOWHERE, deps);
    for (const { incident } of found) incidents.set(valueText(incident.row["IncidentId"]), sample);
    return found.map(({ incident }) => valueText(incident.row["RuleId"]));
  }

  return {
    add({ records, matches, letters: kept }: Portion): void {
      const mustMatch = new Set(matches);
      for (const record of records) {
        const isFound = rulesThatFind(record).includes(PIM_SETTINGS_RULE);
        if (isFound !== mustMatch.has(record))
          throw new Error(`the rule judges sample ${record.properties.id} otherwise`);
      }
      letters.push(...kept);
    },
    expected: (): Expected => ({ incidents, letters }),
  };
}
