import type { RestError } from "@azure/data-tables";
import { incidentChanges } from "../../../src/azure/incidents/incident-changes.ts";
import { incidentTable } from "../../../src/azure/incidents/incident-table.ts";
import { tableRows } from "../../../src/azure/tables/table-rows.ts";
import { keptTable } from "../../../src/azure/windows/kept-table.ts";
import type { DiagnosticRecord } from "../../../src/core/event/event-body.ts";
import { recordHash } from "../../../src/core/incident/incident-identity.ts";
import { readyRule } from "../../../src/core/incident/ready-rule.ts";
import { hasWindow, type WindowRule } from "../../../src/core/incident/rule.ts";
import { valueText } from "../../../src/core/value-text.ts";
import { windowRecord } from "../../../src/core/window/kept-record.ts";
import { ticksFromUnixMilliseconds } from "../../../src/kql/run/time.ts";
import { compileRule } from "../../../src/sentinel/compile-rules.ts";
import { detectBatch } from "../../../src/workflows/detection/detect-batch.ts";
import { revise } from "../../../src/workflows/windows/revise.ts";
import { runWindows } from "../../../src/workflows/windows/run-windows.ts";
import { memoryTable, type TableFault } from "../../../simulation/services/memory-table.ts";
import { idsThrough } from "../../../simulation/window-findings.ts";
import { ruleText, type RuleTextParts } from "../../sentinel/rule-text.ts";

export const TENANT = "11111111-1111-4111-8111-111111111111";
export const OTHER_TENANT = "22222222-2222-4222-8222-222222222222";
export const START = Date.UTC(2026, 2, 2);
export const HOUR = 3_600_000;
const RETENTION_MS = 24 * HOUR;

/** An audit record of a time, in hours after START. */
export function recordAt(hours: number, id: string, operation = "Add user", tenantId = TENANT): DiagnosticRecord {
  const time = new Date(START + hours * HOUR).toISOString();
  const properties = { id, category: "Tests", activityDateTime: time, initiatedBy: { user: { id: "u-1" } } };
  return { time, category: "AuditLogs", operationName: operation, tenantId, properties };
}

export function windowRule(parts: RuleTextParts): WindowRule {
  const { rule, problems } = compileRule(ruleText(parts), "rule.yaml");
  if (rule === undefined || !hasWindow(rule)) throw new Error(problems.map(({ message }) => message).join("\n"));
  return rule;
}

/** Records arrive and windows are evaluated, over tables in memory whose calls may fail. */
export function windowWorld(rule: WindowRule, fault: () => TableFault | undefined = () => undefined) {
  const before = (): Promise<TableFault | undefined> => Promise.resolve(fault());
  let error: RestError | undefined;
  const unwilling = ({ IncidentId }: Readonly<Record<string, unknown>>) =>
    IncidentId === undefined ? undefined : error;
  const tables = {
    kept: memoryTable({ before, pageSize: 3 }),
    incidents: memoryTable({ before, unwilling, pageSize: 3 }),
  };
  for (const { clientWith } of Object.values(tables))
    void clientWith((_operation, effect) => Promise.resolve(effect())).createTable();
  let now = START;
  const letters: string[] = [];
  const incidentRows = tableRows(tables.incidents.client);
  const incidents = incidentTable(incidentRows);
  const kept = keptTable(tableRows(tables.kept.client));
  const deps = {
    rules: [readyRule(rule)],
    allowedTenantIds: new Set([TENANT, OTHER_TENANT]),
    incidents,
    kept,
    deadLetters: { add: ({ reason }: { readonly reason: string }) => Promise.resolve(void letters.push(reason)) },
    now: () => new Date(now),
  };
  function deliverAt(arrivedAt: number, records: readonly DiagnosticRecord[]) {
    const enqueuedTime = new Date(arrivedAt).toISOString();
    const position = { partitionId: "0", sequenceNumber: 0, enqueuedTime };
    return detectBatch([{ body: Buffer.from(JSON.stringify({ records })), position }], deps);
  }
  const reviseDeps = { incidents, changes: incidentChanges(incidentRows), now: deps.now };
  return {
    tables,
    /** A new version of the app, with this rule instead. */
    changeRule: (other: WindowRule) => void deps.rules.splice(0, 1, readyRule(other)),
    /** From now on the table answers with this error to each incident; undefined: it takes them. */
    refuse: (answer: RestError | undefined) => void (error = answer),
    /** The reasons of the dead letters. */
    letters,
    /** Sets the clock, in hours after START. It never goes back. */
    at: (hours: number) => void (now = Math.max(now, START + hours * HOUR)),
    /** @throws if it fails; the hub then delivers again */
    deliver: (...records: readonly DiagnosticRecord[]) => deliverAt(now, records),
    /** Events that reached the hub earlier, in hours after START, are read again. */
    readAgain: (hours: number, ...records: readonly DiagnosticRecord[]) => deliverAt(START + hours * HOUR, records),
    /** @param timesUp after how many looks at the clock no time is left */
    evaluate(timesUp = Infinity) {
      let looks = 0;
      const clock = () => new Date((looks += 1) > timesUp ? now + HOUR : now);
      return runWindows(
        { ...deps, now: clock, revise: (incident) => revise(incident, reviseDeps) },
        { until: now + HOUR, retentionMs: RETENTION_MS, firstTurn: 0 },
      );
    },
    /** Evaluates; something happens after the records were read. */
    evaluateWhile(act: () => Promise<unknown>) {
      const read: typeof kept.read = async (...range) => {
        const records = await kept.read(...range);
        await act();
        return records;
      };
      return runWindows(
        { ...deps, kept: { ...kept, read }, revise: (incident) => revise(incident, reviseDeps) },
        { until: now + HOUR, retentionMs: RETENTION_MS, firstTurn: 0 },
      );
    },
    /** The ids of the stored incidents. */
    stored: (): string[] =>
      tables.incidents
        .rows()
        .filter(({ rowKey }) => String(rowKey).startsWith("incident|"))
        .map(({ IncidentId }) => String(IncidentId)),
  };
}

/** The ids of the incidents of Q(T) at each scheduled instant up to a time, over all these records at once. */
export function idsByDefinition(
  rule: WindowRule,
  records: readonly DiagnosticRecord[],
  throughHours: number,
): Set<string> {
  const end = ticksFromUnixMilliseconds(START + throughHours * HOUR);
  const ids = new Set<string>();
  for (const tenant of new Set(records.map(({ tenantId }) => valueText(tenantId)))) {
    const own = records
      .filter(({ tenantId }) => tenantId === tenant)
      .flatMap((record) => {
        const bytes = Buffer.from(JSON.stringify(record));
        const time = ticksFromUnixMilliseconds(Date.parse(valueText(record["time"])));
        const position = { partitionId: null, sequenceNumber: null, enqueuedTime: null };
        return windowRecord({ time, hash: recordHash({ record, bytes: () => bytes }), bytes, position }) ?? [];
      });
    for (const id of idsThrough(rule, end, { tenant, records: own })) ids.add(id);
  }
  return ids;
}
