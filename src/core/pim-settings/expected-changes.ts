import type { Actor } from "../event/audit-activity.ts";
import type { Changes } from "./finding.ts";
import type { RoleScope } from "./role-scope.ts";

/** A planned change of role settings: who may change which settings of which roles, and when. */
export interface ExpectedChange {
  /** User principal names, object ids, application ids or service principal ids. Display names can be chosen by anyone. */
  readonly who: readonly string[];
  /** Names or template ids of roles, or labels such as `Member of group sg-x`. */
  readonly roles: readonly string[];
  /** Ids of policy rules, or the one entry `any`. */
  readonly settings: readonly string[];
  readonly ticket: string;
  /** UTC, ISO 8601; the change is expected from here on … */
  readonly from: string;
  /** … and no longer expected from here on. */
  readonly until: string;
}

export type Expectation =
  | { readonly expected: true; readonly ticket: string; readonly until: string }
  | {
      readonly expected: false;
      /** Why the nearest planned change by the same actor does not cover this one; "" where there is none. */
      readonly nearMiss: string;
    };

export interface SavedChange {
  readonly actor: Actor;
  readonly scope: RoleScope;
  readonly changes: Changes;
  /** When it happened, ISO 8601; what cannot be read is never expected. */
  readonly at: string;
}

/**
 * Whether a planned change covers this one: its actor, its role, its time, and every setting that was
 * changed. A sentence that was not understood is covered by `any` only, and so is a save without findings.
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

/** What of the change the entry does not cover; "" where it covers all. */
function gapOf(entry: ExpectedChange, { scope, changes, at }: SavedChange): string {
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
  if (changes.unrecognized.length > 0) return "a sentence was not understood, so that it may be any setting";
  if (changes.findings.length === 0) return "the event does not say what was changed";
  const other = changes.findings.find(({ setting }) => !names(entry.settings, [setting]));
  return other === undefined ? "" : `${other.setting} is not among the planned settings`;
}

/** "Member" alone would be the Member of any group, "Owner" that of any scope. */
function isOwnName(scope: RoleScope, name: string): boolean {
  return name !== "" && (scope.kind === "directory" || name === scope.label);
}

function actorIds(actor: Actor): string[] {
  const { userPrincipalName, userId, appId, servicePrincipalId } = actor;
  return [userPrincipalName, userId, appId, servicePrincipalId].filter((id) => id !== "");
}

function names(allowed: readonly string[], candidates: readonly string[]): boolean {
  const wanted = new Set(allowed.map((name) => name.trim().toLowerCase()));
  return candidates.some((candidate) => wanted.has(candidate.trim().toLowerCase()));
}

/** The planned changes that can cover nothing any more. */
export function expiredEntries<Entry extends Pick<ExpectedChange, "until">>(
  entries: readonly Entry[],
  now: Date,
): Entry[] {
  return entries.filter(({ until }) => !(Date.parse(until) > now.getTime()));
}
