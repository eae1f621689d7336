import { UsageError } from "../../src/errors.ts";

/*
 * How many units of each of Azure's meters a deployment uses in a month. docs/deploy.md#cost explains the meters. Nothing
 * here knows a price: prices differ by region and contract.
 */

const HOURS = 730;
const DAYS = 30;
const MINUTES = HOURS * 60;

/** What a deployment does. The defaults are those of the template and of the guide's example. */
export const USAGE = {
  "events-a-day": 50_000,
  "events-a-batch": 1, // the worst case: 1 to 64
  "incidents-a-day": 5,
  "always-ready": 1,
  "memory-mb": 2_048,
  "throughput-units": 1,
  partitions: 4,
  "split-series": 1, // values for which an alert rule that splits by columns has rows at the same time
} as const;

export type Usage = Readonly<Record<keyof typeof USAGE, number>>;

/** Kilobytes of telemetry of one run, and of one incident in Log Analytics. */
const KB_A_RUN = 3;
const KB_AN_INCIDENT = 8;
/** Azure bills at least this much of each run. https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan */
const SECONDS_A_RUN = 1;
const SECONDS_A_CHECK = 2;
/** Storage operations: a host renews its claim on a partition every six seconds and saves a checkpoint for each batch. */
const CLAIMS = (HOURS * 3_600) / 6;
const OPERATIONS_A_BATCH = 3;
const OPERATIONS_A_TIMER_RUN = 20;
const OPERATIONS_AN_INCIDENT = 10;

/** The frequencies in minutes that Azure's price list has. A rule between two of them counts as the more frequent one. */
const PRICED_FREQUENCIES = [1, 5, 10, 15] as const;

interface AlertRule {
  readonly frequencyMinutes: number;
  /** Whether it splits by columns: each value with rows is a series of its own. */
  readonly isSplit: boolean;
}

export interface Alerts {
  readonly log: readonly AlertRule[];
  readonly metricSeries: number;
}

/** A meter's name in the prices, and its units in a month. */
export type Units = Readonly<Record<string, number>>;

export function unitsOf(usage: Usage, alerts: Alerts): Units {
  const events = usage["events-a-day"] * DAYS;
  const batches = events / usage["events-a-batch"];
  const incidents = usage["incidents-a-day"] * DAYS;
  const gigabytes = usage["memory-mb"] / 1_024;
  const timerRuns = 3 * MINUTES + HOURS; // outbox, windows and ledger every minute, reconciliation every hour
  const timerSeconds = 2 * MINUTES * SECONDS_A_RUN + MINUTES * SECONDS_A_CHECK + HOURS * SECONDS_A_CHECK;
  // Only audit-events has instances that are always ready; the timers start their own.
  const isReady = usage["always-ready"] > 0;
  const batchSeconds = batches * SECONDS_A_RUN;
  return {
    hubUnitHours: HOURS * usage["throughput-units"],
    hubMillionEvents: events / 1e6,
    readyBaselineGbSeconds: HOURS * 3_600 * gigabytes * usage["always-ready"],
    readyExecutionGbSeconds: isReady ? batchSeconds * gigabytes : 0,
    readyMillionExecutions: isReady ? batches / 1e6 : 0,
    onDemandGbSeconds: (timerSeconds + (isReady ? 0 : batchSeconds)) * gigabytes,
    onDemandMillionExecutions: (timerRuns + (isReady ? 0 : batches)) / 1e6,
    logGigabytes: ((batches + timerRuns) * KB_A_RUN + incidents * KB_AN_INCIDENT) / 1e6,
    ...alertUnits(alerts, usage["split-series"]),
    storageTenThousandOperations:
      (CLAIMS * usage.partitions +
        batches * OPERATIONS_A_BATCH +
        timerRuns * OPERATIONS_A_TIMER_RUN +
        incidents * OPERATIONS_AN_INCIDENT) /
      10_000,
  };
}

/** A rule bills its first series; a rule that splits also bills each further one. */
function alertUnits({ log, metricSeries }: Alerts, splitSeries: number): Units {
  const priced = (rule: AlertRule) => PRICED_FREQUENCIES.findLast((minutes) => minutes <= rule.frequencyMinutes) ?? 1;
  const further = Math.max(0, splitSeries - 1);
  return {
    ...Object.fromEntries(
      PRICED_FREQUENCIES.flatMap((minutes) => {
        const rules = log.filter((rule) => priced(rule) === minutes);
        return [
          [`logAlertRules${minutes}Min`, rules.length],
          [`logAlertSeries${minutes}Min`, rules.filter(({ isSplit }) => isSplit).length * further],
        ];
      }),
    ),
    metricAlertSeries: metricSeries,
  };
}

/** On-demand use that Azure grants a subscription each month; always-ready use has no grant. */
export interface Grants {
  readonly onDemandGbSeconds?: number;
  readonly onDemandMillionExecutions?: number;
}

/** @throws {UsageError} naming each meter without a price */
export function billOf(units: Units, prices: Units, grants: Grants = {}): number {
  const missing = Object.keys(units).filter((meter) => !Number.isFinite(prices[meter]));
  if (missing.length > 0) throw new UsageError(`The prices lack ${missing.join(", ")}: give each a number`);
  const granted: Units = { ...grants };
  return Object.entries(units).reduce(
    (sum, [meter, count]) => sum + Math.max(0, count - (granted[meter] ?? 0)) * (prices[meter] ?? 0),
    0,
  );
}

/** A predicted deployment, such as infra/main.snapshot.json. */
interface Snapshot {
  readonly predictedResources: readonly {
    readonly type: string;
    readonly properties: {
      readonly evaluationFrequency: string;
      readonly criteria: { readonly allOf: readonly { readonly dimensions?: readonly unknown[] }[] };
    };
  }[];
}

export function alertsIn(snapshot: string): Alerts {
  const { predictedResources }: Snapshot = JSON.parse(snapshot);
  const ofType = (type: string) => predictedResources.filter((resource) => resource.type === type);
  return {
    log: ofType("Microsoft.Insights/scheduledQueryRules").map(({ properties }) => ({
      frequencyMinutes: minutesOf(properties.evaluationFrequency),
      isSplit: properties.criteria.allOf.some(({ dimensions = [] }) => dimensions.length > 0),
    })),
    metricSeries: ofType("Microsoft.Insights/metricAlerts").reduce(
      (sum, { properties }) => sum + properties.criteria.allOf.length,
      0,
    ),
  };
}

function minutesOf(frequency: string): number {
  const [, count, unit] = /^PT(\d+)([MH])$/.exec(frequency) ?? [];
  if (count === undefined) throw new UsageError(`The alert frequency ${frequency} is neither in minutes nor in hours`);
  return Number(count) * (unit === "H" ? 60 : 1);
}
