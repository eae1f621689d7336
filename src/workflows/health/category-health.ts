import { type CategorySightings, MINUTE_MS } from "../../core/ledger/category-sightings.ts";
import { silenceOf } from "../../core/ledger/category-silence.ts";
import type { PartitionStatus } from "../../core/ledger/partition-ledger.ts";
import { SILENCE_MINUTES } from "../../core/timing.ts";
import type { Problem } from "./hub-health.ts";

export interface CategoryHealthDependencies {
  readonly sightings: { read(): Promise<readonly CategorySightings[]> };
}

/** Whether a log category of a tenant still arrives. */
export interface CategoryHealth {
  readonly tenantId: string;
  readonly category: string;
  /** When its last record reached the hub, to the minute; ISO 8601. Undefined if none ever did. */
  readonly lastSeenAt: string | undefined;
  readonly silentMinutes: number;
  readonly allowedMinutes: number;
  readonly isSilent: boolean;
  /** Whether the hub still gets other events. If it gets none, the whole hub is silent. */
  readonly otherEvents: boolean;
}

/** @param now in milliseconds since 1970 */
export function categoryHealth(
  sightings: readonly CategorySightings[],
  statuses: readonly PartitionStatus[],
  now: number,
): CategoryHealth[] {
  const until = Math.min(now, ...statuses.flatMap(unreadSince));
  const lastEventAt = Math.max(...statuses.map(({ lastEnqueuedAt }) => Date.parse(lastEnqueuedAt ?? "") || 0));
  const otherEvents = now - lastEventAt < SILENCE_MINUTES.floor * MINUTE_MS;
  return sightings.map(({ tenantId, category, ...seen }) => {
    const { lastSeenAt, silentMinutes, allowedMinutes } = silenceOf(seen, until);
    return {
      tenantId,
      category,
      lastSeenAt: lastSeenAt === undefined ? undefined : new Date(lastSeenAt).toISOString(),
      silentMinutes,
      allowedMinutes,
      isSilent: silentMinutes > allowedMinutes,
      otherEvents,
    };
  });
}

/**
 * Since when events of a partition wait to be read: a backlog is not silence. Events that cannot be stored do not count,
 * since later events are read although they wait.
 */
function unreadSince({ oldestUnfinishedAt, stuckEvents }: PartitionStatus): number[] {
  const time = Date.parse(oldestUnfinishedAt ?? "");
  return stuckEvents > 0 || Number.isNaN(time) ? [] : [time];
}

/** What a person must know about silent categories, and what to check. */
export function categoryProblems(categories: readonly CategoryHealth[]): Problem[] {
  return categories
    .filter(({ isSilent }) => isSilent)
    .map((silent) => ({ what: silenceText(silent, categories), next: `Check ${whatToCheck(silent)}.` }));
}

/** Names the tenant if the categories are of several. */
export function silenceText(silent: CategoryHealth, categories: readonly CategoryHealth[]): string {
  const { tenantId, category, lastSeenAt, silentMinutes, allowedMinutes, otherEvents } = silent;
  const isOfOneTenant = categories.every((one) => one.tenantId === tenantId);
  const what = isOfOneTenant ? category : `${category} of tenant ${tenantId}`;
  const others = otherEvents ? "although other events arrive" : "and no other event either";
  const last = lastSeenAt === undefined ? "none has arrived yet" : `the last arrived at ${lastSeenAt}`;
  return `no ${what} for ${silentMinutes} minutes, ${others} (${last}; ${allowedMinutes} minutes are allowed)`;
}

export function whatToCheck({ category }: CategoryHealth): string {
  return `that the diagnostic setting in Entra is there, that ${category} is ticked in it, and that this hub accepts its events`;
}
