import type { Rule } from "../incident/rule.ts";
import type { Delays } from "./delays.ts";
import { oncePer } from "../once-per.ts";
import { sha256Hex } from "../json/content-hash.ts";

/** A rule as it ran. `plan` changes with its query and its overlay, also where the version does not. */
export interface RuleVersion {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly plan: string;
}

/** Everything that decides which records make incidents. Any change of it makes another set. */
export interface RuleSet {
  readonly appVersion: string;
  /** The allowed tenants, in order. */
  readonly tenants: readonly string[];
  /** The rules that run, by id. */
  readonly rules: readonly RuleVersion[];
}

/** A set, and when instances evaluated events with it. Times are milliseconds since 1970. */
export interface UsedRuleSet extends RuleSet {
  readonly firstAt: number;
  /** May be EVALUATION_NOTED_EVERY_MS too early. */
  readonly lastAt: number;
}

/** Delays of the two stages before an incident is stored. */
export interface StageDelays {
  /** Of the audit records that were read in full. */
  readonly occurredToHub: Delays;
  /** Of all events. */
  readonly hubToStored: Delays;
}

/** Everything that instances noted. Times are milliseconds since 1970. */
export interface Evaluations extends StageDelays {
  readonly sets: readonly UsedRuleSet[];
  /** Sets that were last used before this are forgotten. */
  readonly forgottenAt: number | undefined;
  /** The beginning of the hour of the oldest delay; undefined without any. */
  readonly delaysSince: number | undefined;
}

const HASH_DIGITS = 16;

export function ruleSetOf(appVersion: string, rules: readonly Rule[], tenants: Iterable<string>): RuleSet {
  return {
    appVersion,
    tenants: [...tenants].toSorted(),
    rules: rules
      .map((rule) => ({ id: rule.id, name: rule.name, version: rule.version, plan: planHash(rule) }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

export function ruleSetHash(set: RuleSet): string {
  return sha256Hex(Buffer.from(JSON.stringify(set))).slice(0, HASH_DIGITS);
}

/** A short hash of all that decides what a rule finds. */
export const planHash = oncePer(({ plan, exclusions = [], window }: Rule): string => {
  const parts = [plan, exclusions, ...(window === undefined ? [] : [window.plan, window.schedule])];
  return sha256Hex(Buffer.from(JSON.stringify(parts))).slice(0, HASH_DIGITS);
});
