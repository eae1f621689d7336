import { at, ofType, theOne, variant } from "./predicted-resources.ts";
import { type Row, runQuery } from "./query-rows.ts";

export const NOW = Date.parse("2026-11-23T12:00:00Z");
export const MINUTE = 60_000;

/** The app's name in the deployment whose alerts are run; telemetry contains it. */
export const APP = theOne(variant("everything"), "Microsoft.Web/sites").name;

/** Runs the deployed query of an alert rule, at NOW. */
export function runAlert(name: string, tables: Readonly<Record<string, readonly Row[]>>): Row[] {
  const rule = ofType(variant("everything"), "Microsoft.Insights/scheduledQueryRules").find((resource) =>
    resource.name.endsWith(`-${name}`),
  );
  return runQuery(String(at(rule?.properties, "criteria.allOf.0.query")), { now: NOW, tables });
}
