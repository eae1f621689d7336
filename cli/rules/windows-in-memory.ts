import type { StoredIncident, StoreOutcome } from "../../src/core/incident/incident-row.ts";
import { readyRule } from "../../src/core/incident/ready-rule.ts";
import type { Rule } from "../../src/core/incident/rule.ts";
import { valueText } from "../../src/core/value-text.ts";
import type { Instants } from "../../src/core/window/instants.ts";
import { withNewEvidence } from "../../src/core/window/new-evidence.ts";
import {
  inOrderOfTime,
  windowKey,
  windowRecord,
  type DueRow,
  type KeptRecord,
  type WindowName,
  type WindowRecord,
} from "../../src/core/window/kept-record.ts";
import { UsageError } from "../../src/errors.ts";
import { detectBatch } from "../../src/workflows/detection/detect-batch.ts";
import { runWindows } from "../../src/workflows/windows/run-windows.ts";

/** The app's detection and its timer of windows for one rule, over stores in memory. */
export function windowsInMemory(rule: Rule, tenants: ReadonlySet<string>) {
  let now = 0;
  const kept = keptInMemory();
  const incidents = new Map<string, StoredIncident>();
  const deps = {
    rules: [readyRule(rule)],
    allowedTenantIds: tenants,
    now: () => new Date(now),
    kept,
    deadLetters: {
      add: ({ reason }: { readonly reason: string }) =>
        Promise.reject(new UsageError(`the record would be a dead letter: ${reason}`)),
    },
    incidents: {
      addAll: (found: readonly StoredIncident[]) =>
        Promise.resolve(
          found.map((incident): StoreOutcome => {
            const id = valueText(incident.row["IncidentId"]);
            if (incidents.has(id)) return "otherContent";
            incidents.set(id, incident);
            return "added";
          }),
        ),
    },
    revise(incident: StoredIncident): Promise<boolean> {
      const id = valueText(incident.row["IncidentId"]);
      const stored = incidents.get(id);
      const changed = stored && withNewEvidence(stored.row, incident.row, new Date(now));
      if (changed) incidents.set(id, { ...incident, row: changed.row });
      return Promise.resolve(changed !== undefined);
    },
  };
  return {
    /** @throws {UsageError} if the record would be a dead letter */
    async deliver(body: Uint8Array): Promise<void> {
      const enqueuedTime = new Date(now).toISOString();
      await detectBatch([{ body, position: { partitionId: "0", sequenceNumber: 0, enqueuedTime } }], deps);
    },
    /** Evaluates every instant until a time, in milliseconds since 1970. Time never goes back. */
    async runUntil(time: number): Promise<void> {
      now = Math.max(now, time);
      const { errors, failed } = await runWindows(deps, {
        until: Infinity,
        retentionMs: Number.MAX_SAFE_INTEGER,
        firstTurn: 0,
      });
      for (const error of errors) throw error;
      for (const { reason } of failed) throw new UsageError(`an instant cannot be evaluated: ${reason}`);
    },
    /** In the order in which they were first found. */
    incidents: (): readonly StoredIncident[] => [...incidents.values()],
  };
}

function keptInMemory() {
  const records = new Map<string, Map<string, WindowRecord>>();
  const cursors = new Map<string, { readonly window: WindowName; readonly next: bigint }>();
  const dues = new Map<string, DueRow>();
  let owed = 0;
  const done = <Value>(value: Value) => Promise.resolve(value);
  return {
    keep(added: readonly KeptRecord[]) {
      for (const { window, ...each } of added) {
        const own = records.get(windowKey(window)) ?? new Map<string, WindowRecord>();
        const record = windowRecord(each);
        if (record) own.set(each.hash, record);
        records.set(windowKey(window), own);
      }
      return done([]);
    },
    owe(window: WindowName, instants: Instants) {
      const id = String((owed += 1));
      dues.set(id, { window, id, ...instants });
      return done(undefined);
    },
    due: () => done([...dues.values()]),
    settle(settled: readonly DueRow[]) {
      for (const { id } of settled) dues.delete(id);
      return done(undefined);
    },
    cursors: () => done([...cursors.values()]),
    begin: (window: WindowName, next: bigint) => {
      cursors.set(windowKey(window), { window, next });
      return done(next);
    },
    advance: (window: WindowName, next: bigint) => done(void cursors.set(windowKey(window), { window, next })),
    read: (window: WindowName, { after, through }: { readonly after: bigint; readonly through: bigint }) =>
      done(
        inOrderOfTime(records.get(windowKey(window))?.values() ?? []).filter(
          ({ time }) => time > after && time <= through,
        ),
      ),
    /** The records of a test are few. */
    forget: () => done(0),
    end: (window: WindowName) => done(void cursors.delete(windowKey(window))),
  };
}
