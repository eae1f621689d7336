import { at, ofType, queryText, type Resource, theOne, variant } from "../predicted-resources.ts";
import { type Row, runQuery } from "../query-rows.ts";

export const NOW = Date.parse("2026-11-23T12:00:00Z");
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;

/** The app's name in the deployment whose alerts are run; telemetry contains it. */
export const APP = theOne(variant("everything"), "Microsoft.Web/sites").name;

/** The log alerts of that deployment. */
export const LOG_ALERTS: readonly Resource[] = ofType(variant("everything"), "Microsoft.Insights/scheduledQueryRules");

/** `hub-lag` of `pimwatch-<13 characters>-hub-lag`. */
export function alertNameOf({ name }: Resource): string {
  return name.replace(/^pimwatch-[a-z0-9]{13}-/, "");
}

/** Runs the deployed query of an alert rule, at NOW, long after the deployment. */
export function runAlert(name: string, tables: Readonly<Record<string, readonly Row[]>>): Row[] {
  const rule = LOG_ALERTS.find((resource) => resource.name.endsWith(`-${name}`));
  return runQuery(alertQuery(rule, NOW - 24 * HOUR), { now: NOW, tables });
}

/** An alert's query after a deployment at this time. */
export function alertQuery(rule: Resource | undefined, deployedAt: number): string {
  const query = queryText(at(rule?.properties, "criteria.allOf.0.query"));
  return query.replaceAll("{deployedAt}", new Date(deployedAt).toISOString());
}
