// Event bodies for the end-to-end tests, built like the sample day's.
import { chance } from "../../local/samples/chance.ts";
import { nearMissRecord } from "../../local/samples/other-audit-events.ts";
import { settingsChangeRecord } from "../../local/samples/settings-change-record.ts";
import { SETTINGS_CHANGES } from "../../local/samples/settings-changes.ts";
import type { SampleRecord } from "../../local/samples/audit-record.ts";

const encoder = new TextEncoder();

export function body(...records: readonly unknown[]): Uint8Array {
  return encoder.encode(JSON.stringify({ records }));
}

/** Different records that match the rule. */
export function settingsChanges(count: number): SampleRecord[] {
  const draw = chance("settings changes");
  const [change] = SETTINGS_CHANGES;
  if (change === undefined) throw new Error("no sample change");
  return Array.from({ length: count }, (_, index) =>
    settingsChangeRecord(change, "Global Administrator", new Date(Date.UTC(2026, 2, 4, 9, 0, index)), draw),
  );
}

/** A record that does not match the rule. */
export function nearMiss(): SampleRecord {
  return nearMissRecord(0, new Date(Date.UTC(2026, 2, 4, 8)), chance("near miss"));
}

export function bytes(text: string): Uint8Array {
  return encoder.encode(text);
}
