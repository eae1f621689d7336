// Runs rules over several events beside Sentinel's schedule, over generated weeks, and compares what each finds.
import { parseArgs } from "node:util";
import { chance } from "../../local/samples/chance.ts";
import { TENANT_ID } from "../../local/samples/tenant.ts";
import { runProgram } from "../../scripts/run-program.ts";
import { incidentChanges } from "../../src/azure/incidents/incident-changes.ts";
import { incidentTable } from "../../src/azure/incidents/incident-table.ts";
import { tableRows } from "../../src/azure/tables/table-rows.ts";
import { keptTable } from "../../src/azure/windows/kept-table.ts";
import { toAuditLogRow } from "../../src/core/event/audit-log.ts";
import { readEventBody } from "../../src/core/event/event-body.ts";
import { readyRule } from "../../src/core/incident/ready-rule.ts";
import { hasWindow, type WindowRule } from "../../src/core/incident/rule.ts";
import { WINDOW_DELAY_SECONDS } from "../../src/core/timing.ts";
import { instantFrom, ticksOf } from "../../src/core/window/instants.ts";
import { keptRecord, type WindowRecord, windowRecord } from "../../src/core/window/kept-record.ts";
import { UsageError } from "../../src/errors.ts";
import { ticksFromUnixMilliseconds } from "../../src/kql/run/time.ts";
import { compileAllRules } from "../../src/sentinel/compile-rules.ts";
import { detectBatch } from "../../src/workflows/detection/detect-batch.ts";
import { revise } from "../../src/workflows/windows/revise.ts";
import { runWindows } from "../../src/workflows/windows/run-windows.ts";
import { memoryTable } from "../services/memory-table.ts";
import { findingsAt } from "../window-findings.ts";
import { type Arrival, arrivals, MINUTE, MONTH_START } from "./month.ts";

const HELP = `Usage: npm run simulate:schedule -- [options]

Generates some weeks of audit records, of which some arrive late, out of order or twice. pimwatch reads them as they arrive
and runs its rules over several events each minute. Beside it, each rule runs as in Sentinel: at each scheduled instant, five
minutes late, over what has arrived by then. Every row that Sentinel finds must belong to an incident of pimwatch. Every
incident must have an instant at which the query, over what had arrived when pimwatch found it, yields it.

  --days N      how many days of events (default 30)
  --seed S      another month (default 1)
  --rules DIR   rules to run (default: simulation/schedule/rules)
  --json        print the figures as JSON
  --help        print this text

Exit code 0: both hold. 1: one does not. 2: the options are wrong.`;

interface Options {
  readonly days: number;
  readonly seed: number;
  readonly rules: string;
  readonly json: boolean;
}

interface Compared {
  readonly rule: string;
  /** Result rows at all instants, as Sentinel would alert on. */
  readonly sentinelRows: number;
  /** The findings that these rows are, and the incidents that pimwatch made. */
  readonly sentinelFindings: number;
  readonly incidents: number;
  readonly onlySentinel: number;
  /** Incidents that a late record showed after Sentinel's run, and those that no instant explains. */
  readonly onlyPimwatch: number;
  readonly unexplained: number;
}

/** A record, and when it first reached the hub, in milliseconds since 1970. */
interface Arrived extends WindowRecord {
  readonly at: number;
}

async function main({ days, seed, rules: directory, json }: Options): Promise<number> {
  const { rules } = await compileAllRules(directory);
  const windowed = rules.filter(hasWindow);
  if (windowed.length === 0) throw new UsageError(`${directory}: no rule needs several events`);
  const month = arrivals(chance(`month ${seed}`), days, TENANT_ID);
  const stored = await pimwatch(windowed, month, days);
  const records = arrived(month);
  const compared = windowed.map((rule) => compare(rule, { records, stored, days }));
  if (json) console.log(JSON.stringify(compared));
  else console.log(table(compared, month.length, days));
  return compared.every(({ onlySentinel, unexplained }) => onlySentinel + unexplained === 0) ? 0 : 1;
}

interface StoredFinding {
  readonly id: string;
  readonly ruleId: string;
  readonly instant: bigint;
  /** When pimwatch found it, in milliseconds since 1970. */
  readonly foundAt: number;
}

/** The app's own code over tables in memory: reads each record as it arrives, and runs the windows each minute. */
async function pimwatch(
  rules: readonly WindowRule[],
  month: readonly Arrival[],
  days: number,
): Promise<StoredFinding[]> {
  const tables = { incidents: memoryTable(), kept: memoryTable() };
  let now = MONTH_START;
  const rows = tableRows(tables.incidents.client);
  const [incidents, kept] = [incidentTable(rows), keptTable(tableRows(tables.kept.client))];
  await Promise.all([incidents.create(), kept.create()]);
  const deps = {
    rules: rules.map(readyRule),
    allowedTenantIds: new Set([TENANT_ID]),
    incidents,
    kept,
    deadLetters: { add: ({ reason }: { readonly reason: string }) => Promise.reject(new Error(reason)) },
    now: () => new Date(now),
  };
  const revising = { incidents, changes: incidentChanges(rows), now: deps.now };
  const pending = [...month];
  const end = MONTH_START + (days + 15) * 1_440 * MINUTE;
  // After the last record, only the instants whose windows hold one can find anything.
  for (; now < end; now += pending.length > 0 ? MINUTE : 60 * MINUTE) {
    for (let next = pending[0]; next !== undefined && next.at <= now; next = pending[0]) {
      pending.shift();
      const position = { partitionId: "0", sequenceNumber: 0, enqueuedTime: new Date(next.at).toISOString() };
      await detectBatch([{ body: Buffer.from(JSON.stringify(next.record)), position }], deps);
    }
    const { errors, failed } = await runWindows(
      { ...deps, revise: (incident) => revise(incident, revising) },
      { until: Infinity, retentionMs: 1_440 * MINUTE, firstTurn: 0 },
    );
    for (const error of [...errors, ...failed]) throw new Error("a window was not evaluated", { cause: error });
  }
  const found = tables.incidents.rows().filter(({ rowKey }) => String(rowKey).startsWith("incident|"));
  return found.map((row) => ({
    id: String(row["IncidentId"]),
    ruleId: String(row["RuleId"]),
    instant: ticksFromUnixMilliseconds(Date.parse(String(row["Instant"]))),
    foundAt: Date.parse(String(row["LastModifiedTime"])),
  }));
}

function arrived(month: readonly Arrival[]): Arrived[] {
  const records = month.flatMap(({ record, at }) => {
    const [source] = readEventBody(Buffer.from(JSON.stringify(record))).records;
    if (source === undefined) return [];
    const window = { ruleId: "", tenant: TENANT_ID, plan: "" };
    const position = { partitionId: null, sequenceNumber: null, enqueuedTime: null };
    const kept = keptRecord(window, {
      source,
      row: toAuditLogRow(source.record),
      position,
      arrivedAt: at,
      periodSeconds: 86_400,
    });
    const read = kept && windowRecord(kept);
    return read === undefined ? [] : [{ ...read, at }];
  });
  const first = new Map<string, Arrived>();
  for (const record of records) if (!first.has(record.hash)) first.set(record.hash, record);
  return [...first.values()];
}

interface Both {
  readonly records: readonly Arrived[];
  readonly stored: readonly StoredFinding[];
  readonly days: number;
}

function compare(rule: WindowRule, { records, stored, days }: Both): Compared {
  const { schedule } = rule.window;
  const [step, late] = [ticksOf(schedule.frequencySeconds), WINDOW_DELAY_SECONDS * 1_000];
  const end = ticksFromUnixMilliseconds(MONTH_START + (days + 14) * 1_440 * MINUTE);
  const ids = new Set<string>();
  let sentinelRows = 0;
  for (let instant = instantFrom(ticksFromUnixMilliseconds(MONTH_START), schedule); instant <= end; instant += step) {
    const runsAt = millisecondsOf(instant) + late;
    const arrivedByThen = records.filter(({ at }) => at <= runsAt);
    const found = findingsAt(rule, instant, { tenant: TENANT_ID, records: arrivedByThen });
    sentinelRows += found.rows;
    for (const id of found.ids) ids.add(id);
  }
  const own = stored.filter(({ ruleId }) => ruleId === rule.id);
  const known = new Set(own.map(({ id }) => id));
  const others = own.filter(({ id }) => !ids.has(id));
  const unexplained = own.filter(({ id, instant, foundAt }) => {
    const there = records.filter(({ at }) => at <= foundAt);
    return !findingsAt(rule, instant, { tenant: TENANT_ID, records: there }).ids.includes(id);
  });
  return {
    rule: rule.name,
    sentinelRows,
    sentinelFindings: ids.size,
    incidents: own.length,
    onlySentinel: [...ids].filter((id) => !known.has(id)).length,
    onlyPimwatch: others.length,
    unexplained: unexplained.length,
  };
}

function millisecondsOf(ticks: bigint): number {
  return Number((ticks - ticksFromUnixMilliseconds(0)) / 10_000n);
}

function table(compared: readonly Compared[], events: number, days: number): string {
  const header = [
    "rule",
    "Sentinel: rows",
    "findings",
    "pimwatch: incidents",
    "only Sentinel",
    "only pimwatch",
    "unexplained",
  ];
  const lines = compared.map((each) => Object.values(each).map(String));
  const widths = header.map((name, column) => Math.max(name.length, ...lines.map((line) => line[column]?.length ?? 0)));
  const text = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  return `${events.toLocaleString("en-US")} events in ${days} days\n\n${[header, ...lines].map(text).join("\n")}`;
}

function readOptions(): Options & { readonly help: boolean } {
  const { values } = parseArgs({
    options: {
      days: { type: "string", default: "30" },
      seed: { type: "string", default: "1" },
      rules: { type: "string", default: "simulation/schedule/rules" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const whole = (name: string, text: string): number => {
    if (!/^[1-9]\d{0,5}$/.test(text)) throw new UsageError(`--${name} ${text}: give a whole number from 1`);
    return Number(text);
  };
  return { ...values, days: whole("days", values.days), seed: whole("seed", values.seed) };
}

await runProgram(async () => {
  const options = readOptions();
  if (!options.help) return main(options);
  console.log(HELP);
  return 0;
});
