import { at, ofType, type Resource, variant } from "../predicted-resources.ts";
import { type Row, runQuery } from "../query-rows.ts";
import { alertNameOf, alertQuery, HOUR, LOG_ALERTS, MINUTE } from "./run-alert.ts";

/*
 * Evaluates the deployed alert rules over simulated time, each at its frequency and over its window, as Azure Monitor does.
 * https://learn.microsoft.com/azure/azure-monitor/alerts/alerts-overview#alerts-and-state
 *
 * It does not imitate: limits of notifications, delays of the evaluation itself, dynamic thresholds, joins.
 */

export interface Simulated {
  readonly from: number;
  readonly until: number;
  readonly deployedAt: number;
  /** Rows of each table. A row is there from `_arrived` on, or a few minutes after its TimeGenerated. */
  readonly tables: Readonly<Record<string, readonly Row[]>>;
  /** Metrics of the hub and of the data collection rule: the times at which each counts one. */
  readonly metrics?: Readonly<Record<string, readonly number[]>>;
}

export interface Fired {
  readonly alert: string;
  readonly time: number;
  readonly severity: number;
  /** The measured value that the alert states. */
  readonly value: number;
  readonly dimensions: Readonly<Record<string, string>>;
}

/** Telemetry needs this long to get from the app to the workspace. */
const INGESTION_MS = 3 * MINUTE;
/** Most alerts that a stateful rule fires at one evaluation: https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits#alerts */
const MOST_AT_ONCE = 300;

/** A join of two tables, which query-rows.ts does not run; missed-query.test.ts checks it. */
export const NOT_SIMULATED = new Set(["missed"]);

export const METRIC_ALERTS: readonly Resource[] = ofType(variant("everything"), "Microsoft.Insights/metricAlerts");

/** The alerts that fire, in the order of their rules. */
export function firedAlerts(simulated: Simulated): Fired[] {
  const logs = LOG_ALERTS.filter((rule) => !NOT_SIMULATED.has(alertNameOf(rule)));
  return [...logs, ...METRIC_ALERTS].flatMap((rule) => fired(rule, simulated));
}

/** A measured value for each combination of dimensions that meets the condition. */
type Met = ReadonlyMap<string, number>;

function fired(rule: Resource, simulated: Simulated): Fired[] {
  const frequency = milliseconds(at(rule.properties, "evaluationFrequency"));
  const evaluate = rule.kind === "LogAlert" ? logCondition(rule, simulated) : metricCondition(rule, simulated);
  const lastMet = new Map<string, number>();
  const alerts: Fired[] = [];
  for (let now = simulated.from + frequency; now <= simulated.until; now += frequency) {
    for (const [key, value] of [...evaluate(now)].slice(0, MOST_AT_ONCE)) {
      if (now - (lastMet.get(key) ?? -Infinity) > resolvedAfter(frequency)) {
        const severity = Number(at(rule.properties, "severity"));
        alerts.push({ alert: alertNameOf(rule), time: now, severity, value, dimensions: JSON.parse(key) });
      }
      lastMet.set(key, now);
    }
  }
  return alerts;
}

/** How long the condition is not met when a fired alert is resolved. */
function resolvedAfter(frequency: number): number {
  if (frequency === MINUTE) return 10 * MINUTE;
  return (frequency <= 15 * MINUTE ? 3 : 2) * frequency;
}

function logCondition(rule: Resource, { tables, deployedAt }: Simulated): (now: number) => Met {
  const query = alertQuery(rule, deployedAt);
  const condition = at(rule.properties, "criteria.allOf.0");
  const range = milliseconds(at(rule.properties, "overrideQueryTimeRange") ?? at(rule.properties, "windowSize"));
  const dimensions = Object.values<unknown>(Object(at(condition, "dimensions"))).map((each) =>
    String(at(each, "name")),
  );
  const measure = at(condition, "metricMeasureColumn");
  const threshold = Number(at(condition, "threshold"));
  const read = Object.entries(tables).filter(([name]) => query.includes(name));
  const isTimeless = !query.includes("ago(");
  let before: { readonly rows: readonly Row[]; readonly met: Met } | undefined;
  return (now) => {
    const visible = read.map(([name, rows]) => [name, rows.filter(isVisible(now, range))] as const);
    const all = visible.flatMap(([, rows]) => rows);
    if (isTimeless && isSame(all, before?.rows)) return before?.met ?? new Map();
    const sums = new Map<string, number>();
    for (const row of runQuery(query, { now, tables: Object.fromEntries(visible) })) {
      const values = dimensions.map((name) => [name, String(row[name] ?? "")] as const);
      if (values.some(([, value]) => value === "")) continue; // Azure Monitor leaves out rows with an empty dimension
      const key = JSON.stringify(Object.fromEntries(values));
      sums.set(key, (sums.get(key) ?? 0) + (typeof measure === "string" ? Number(row[measure]) : 1));
    }
    const met = new Map([...sums].filter(([, value]) => value > threshold));
    before = { rows: all, met };
    return met;
  };
}

function isSame(rows: readonly Row[], others: readonly Row[] | undefined): boolean {
  return rows.length === others?.length && rows.every((row, index) => row === others[index]);
}

function isVisible(now: number, range: number): (row: Row) => boolean {
  return ({ TimeGenerated, _arrived }) =>
    Number(TimeGenerated) > now - range && Number(_arrived ?? Number(TimeGenerated) + INGESTION_MS) <= now;
}

function metricCondition(rule: Resource, { metrics = {} }: Simulated): (now: number) => Met {
  const window = milliseconds(at(rule.properties, "windowSize"));
  const times = metrics[String(at(rule.properties, "criteria.allOf.0.metricName"))] ?? [];
  return (now) => {
    const count = times.filter((time) => time > now - window && time <= now).length;
    return new Map(count > 0 ? [["{}", count]] : []);
  };
}

function milliseconds(duration: unknown): number {
  const [, count, unit] = /^P?T?(\d+)([MHD])$/.exec(String(duration)) ?? [];
  return Number(count) * ({ M: MINUTE, H: HOUR, D: 24 * HOUR }[unit ?? ""] ?? NaN);
}
