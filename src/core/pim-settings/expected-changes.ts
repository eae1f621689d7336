import type { Actor } from "../event/audit-activity.ts";
import { isOneOf } from "../identity-key.ts";
import type { Changes } from "./finding.ts";
import type { RoleScope } from "./role-scope.ts";

/** A planned change of role settings: who may change which settings of which roles, and when. */
export interface ExpectedChange {
  /** Tenant ids. Without them, the change is expected where pimwatch watches one tenant alone. */
  readonly tenants?: readonly string[] | undefined;
  /** User principal names, object ids, application ids or service principal ids. Display names can be chosen by anyone. */
  readonly who: readonly string[];
  /** Names or template ids of roles, or labels such as `Member of group sg-x`. */
  readonly roles: readonly string[];
  /** Ids of policy rules, or the one entry `any`. */
  readonly settings: readonly string[];
  readonly ticket: string;
  /** UTC, ISO 8601: the change is expected from this time on … */
  readonly from: string;
  /** … and no longer expected from this time on. */
  readonly until: string;
}

export type Expectation =
  | { readonly expected: true; readonly ticket: string; readonly until: string }
  | {
      readonly expected: false;
      /** Why the first planned change of the same actor does not cover this one; "" if there is none. */
      readonly nearMiss: string;
    };

export interface SavedChange {
  /** In lower case; "" if the record names none. */
  readonly tenant: string;
  readonly isOnlyTenant: boolean;
  readonly actor: Actor;
  readonly scope: RoleScope;
  readonly changes: Changes;
  /** Time of the change, ISO 8601. With an unreadable time it is never expected. */
  readonly at: string;
}

/**
 * Whether a planned change covers this one: its tenant, its actor, its role, its time and every changed setting. The same
 * actor in two tenants is two actors: an application has one id in all of them.
 *
 * Only `any` covers a sentence that was not understood, or a save without findings.
 */
export function expectationOf(entries: readonly ExpectedChange[], change: SavedChange): Expectation {
  const byActor = entries.filter(({ who }) => names(who, actorIds(change.actor)));
  let nearMiss = "";
  for (const entry of byActor) {
    const gap = gapOf(entry, change);
    if (gap === "") return { expected: true, ticket: entry.ticket, until: entry.until };
    nearMiss ||= `${entry.ticket}: ${gap}`;
  }
  return { expected: false, nearMiss };
}

/** The part of the change that the entry does not cover; "" if it covers all. */
function gapOf(entry: ExpectedChange, { tenant, isOnlyTenant, scope, changes, at }: SavedChange): string {
  if (entry.tenants === undefined && !isOnlyTenant) return "it names no tenant, and pimwatch watches several";
  if (entry.tenants !== undefined && !names(entry.tenants, [tenant])) return "planned for another tenant";
  if (
    !names(
      entry.roles,
      [scope.role, scope.templateId, scope.label].filter((name) => isOwnName(scope, name)),
    )
  ) {
    return `not planned for ${scope.label}`;
  }
  const time = Date.parse(at);
  if (!(time >= Date.parse(entry.from))) return `planned from ${entry.from} on`;
  if (!(time < Date.parse(entry.until))) return `planned until ${entry.until}`;
  if (entry.settings.some((setting) => setting.toLowerCase() === "any")) return "";
  if (changes.unrecognized.length > 0) return "a sentence was not understood, so it may be about any setting";
  if (changes.findings.length === 0) return "the event does not say what was changed";
  const other = changes.findings.find(({ setting }) => !names(entry.settings, [setting]));
  return other === undefined ? "" : `${other.setting} is not among the planned settings`;
}

/** "Member" alone would mean the Member of any group, and "Owner" the Owner of any scope. */
function isOwnName(scope: RoleScope, name: string): boolean {
  return scope.kind === "directory" || name === scope.label;
}

function actorIds(actor: Actor): string[] {
  const { userPrincipalName, userId, appId, servicePrincipalId } = actor;
  return [userPrincipalName, userId, appId, servicePrincipalId];
}

function names(allowed: readonly string[], candidates: readonly string[]): boolean {
  return candidates.some(isOneOf(allowed));
}

/** The planned changes that have ended. */
export function expiredEntries<Entry extends Pick<ExpectedChange, "until">>(
  entries: readonly Entry[],
  now: Date,
): Entry[] {
  return entries.filter(({ until }) => !(Date.parse(until) > now.getTime()));
}
