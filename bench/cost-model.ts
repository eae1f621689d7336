import { table } from "./report.ts";

/** Audit events of a tenant: 15 per user and day, 2 KB each, one message per five minutes or 256 KB. */
// https://learn.microsoft.com/entra/identity/monitoring-health/concept-log-monitoring-integration-options-considerations
const EVENTS_PER_USER_AND_DAY = 15;
const EVENT_BYTES = 2_000;
const INTERVALS_PER_DAY = 288;
const MESSAGE_BYTES = 256_000;

/** Flex Consumption bills at least a second per run. */
// https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan
const MINIMUM_RUN_SECONDS = 1;
const INSTANCE_GB = 2;
const DAYS = 30;

/**
 * Monthly cost in the units that Azure bills, by tenant size: the upper limit if each message were its own run, and the
 * size of the same events in Log Analytics.
 *
 * @param appSecondsPerGigabyte processor time of the app's process per gigabyte read from a hub
 */
export function costModel(appSecondsPerGigabyte: number): readonly string[] {
  const rows = [1_000, 10_000, 100_000].map((users) => {
    const bytes = users * EVENTS_PER_USER_AND_DAY * EVENT_BYTES * DAYS;
    const messages = Math.max(
      INTERVALS_PER_DAY * DAYS,
      Math.ceil(bytes / DAYS / INTERVALS_PER_DAY / MESSAGE_BYTES) * INTERVALS_PER_DAY * DAYS,
    );
    const millions = (users * EVENTS_PER_USER_AND_DAY * DAYS) / 1e6;
    return [
      users.toLocaleString("en"),
      millions.toFixed(2),
      (bytes / 1e9).toFixed(1),
      messages.toLocaleString("en"),
      (messages * MINIMUM_RUN_SECONDS * INSTANCE_GB).toLocaleString("en"),
      Math.round(messages / millions).toLocaleString("en"),
      Math.round((messages * MINIMUM_RUN_SECONDS * INSTANCE_GB) / millions).toLocaleString("en"),
      ((bytes / 1e9) * appSecondsPerGigabyte).toFixed(0),
    ];
  });
  const alwaysReady = DAYS * 86_400 * INSTANCE_GB;
  return [
    `cost model, a month of ${DAYS} days, instances of ${INSTANCE_GB} GB, ${appSecondsPerGigabyte.toFixed(1)} s of CPU for a GB`,
    table([
      [
        "users",
        "million events",
        "GB",
        "runs at most",
        "GB-s billed for them",
        "runs for a million",
        "GB-s for a million",
        "CPU s of the app",
      ],
      ...rows,
    ]),
    `an instance that is always ready: ${alwaysReady.toLocaleString("en")} GB-s a month, whatever the events`,
    "",
  ];
}
