import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SampleRecord } from "../local/samples/audit-record.ts";
import { TENANT_ID } from "../local/samples/tenant.ts";
import { valueText } from "../src/core/value-text.ts";
import { allIds, windowRecordOf } from "../simulation/window-findings.ts";
import type { DiagnosticRecord } from "../src/core/event/event-body.ts";
import { readyRule } from "../src/core/incident/ready-rule.ts";
import { hasWindow, type Rule, type WindowRule } from "../src/core/incident/rule.ts";
import type { WindowRecord } from "../src/core/window/kept-record.ts";
import { judge } from "../src/workflows/detection/judge-record.ts";
import { isFailingId } from "./faults/failing-items.ts";
import type { Portion } from "./traffic.ts";

/** Everything sent so far that must have an effect. */
export interface Expected {
  /** The record behind each incident, by incident id. */
  readonly incidents: ReadonlyMap<string, SampleRecord>;
  /** The ids of the incidents of rules over several events. */
  readonly windows: ReadonlySet<string>;
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
  const ofWindows = windowIdsOf(deps.rules.map(({ rule }) => rule).filter(hasWindow));

  function rulesThatFind(sample: SampleRecord): string[] {
    const bytes = Buffer.from(JSON.stringify(sample));
    const record: DiagnosticRecord = JSON.parse(bytes.toString());
    const { found } = judge({ record, bytes: () => bytes }, NOWHERE, deps);
    for (const { incident } of found) incidents.set(valueText(incident.row["IncidentId"]), sample);
    return found.map(({ incident }) => valueText(incident.row["RuleId"]));
  }

  return {
    add({ records, matches, reviews, letters: kept }: Portion): void {
      ofWindows.add(reviews);
      const mustMatch = new Set(matches);
      for (const record of records) {
        const isFound = rulesThatFind(record).includes(PIM_SETTINGS_RULE);
        if (isFound !== mustMatch.has(record))
          throw new Error(`the rule judges sample ${record.properties.id} otherwise`);
      }
      letters.push(...kept);
    },
    expected: (): Expected => ({ incidents, windows: ofWindows.ids(), letters }),
  };
}

/** What these rules find in all records at once, at each instant until the last record has left the window. */
function windowIdsOf(rules: readonly WindowRule[]) {
  const records = new Map<string, WindowRecord>();
  let ids: ReadonlySet<string> = new Set();
  let counted = 0;
  return {
    add(samples: readonly SampleRecord[]): void {
      for (const record of samples.map(asWindowRecord)) records.set(record.hash, record);
    },
    ids(): ReadonlySet<string> {
      if (counted === records.size) return ids;
      counted = records.size;
      const of = { tenant: TENANT_ID, records: [...records.values()] };
      ids = new Set(rules.flatMap((rule) => allIds(rule, of)));
      return ids;
    },
  };
}

function asWindowRecord(sample: SampleRecord): WindowRecord {
  const bytes = Buffer.from(JSON.stringify(sample));
  const record: DiagnosticRecord = JSON.parse(bytes.toString());
  const read = windowRecordOf({ record, bytes: () => bytes }, Date.parse(valueText(record["time"])));
  if (read === undefined) throw new Error(`sample ${sample.properties.id} is no record that a window can keep`);
  return read;
}
