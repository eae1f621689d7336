import { isAuditLog } from "../event/audit-log.ts";
import { CLOCK_DIFFERENCE, EVALUATION_NOTED_EVERY_MS } from "../timing.ts";
import { type CategorySightings, MINUTE_MS } from "./category-sightings.ts";
import { type DelayFigures, delayFigures } from "./delays.ts";
import type { Evaluations, RuleSet, RuleVersion, UsedRuleSet } from "./evaluations.ts";
import { type DatedLoss, type PartitionStatus, WHOLE_HUB } from "./partition-ledger.ts";
import type { SequenceRange } from "./sequence-ranges.ts";

type OfPartition<Range> = Range & { readonly partition: string };

/**
 * How far "no incident" can be trusted: which rules evaluated the events of which time, and which events they did not
 * evaluate. All times are those at which events reached the hub, as ISO 8601.
 */
export interface ProofOfSilence {
  /** Every event that reached the hub before this was evaluated, but for open and lost ones and dead letters. */
  readonly evaluatedThrough: string | undefined;
  /** The same without open events. */
  readonly completeThrough: string | undefined;
  readonly openEvents: number;
  /** Those ranges of them that have room. */
  readonly open: readonly OfPartition<SequenceRange>[];
  /** All events of this hub that were lost. */
  readonly lostEvents: number;
  readonly lost: readonly OfPartition<DatedLoss>[];
  /** Those that nobody has discarded, at most MOST_LETTERS; undefined if their container does not answer. */
  readonly deadLetters: number | undefined;
  /** The versions of the app that evaluated events, latest first. */
  readonly app: readonly UsedVersion[];
  readonly rules: readonly ProvenRule[];
  readonly tenants: readonly ProvenTenant[];
  readonly delays: {
    readonly since: string | undefined;
    /** Of the audit records that were read in full. */
    readonly occurredToHub: DelayFigures | undefined;
    /** Of all events. */
    readonly hubToStored: DelayFigures | undefined;
  };
}

interface UsedVersion {
  readonly version: string;
  readonly from: string;
  readonly until: string;
}

export interface ProvenRule extends RuleVersion {
  /** Every event from then on was evaluated by this version and plan of the rule. Undefined if nothing is known yet. */
  readonly since: string | undefined;
  /** Dead letters from then on that this rule may not have evaluated. */
  readonly deadLetters: number | undefined;
  /** What evaluated earlier events, latest first. */
  readonly earlier: readonly (Pick<RuleVersion, "version" | "plan"> & { readonly until: string })[];
}

export interface ProvenTenant {
  readonly id: string;
  /** From then on its records could make incidents. */
  readonly since: string | undefined;
  /** When the latest audit record that was read reached the hub, to the minute. Undefined if none was ever read. */
  readonly lastRecordAt: string | undefined;
}

/** A dead letter that waits for a person. */
export interface WaitingLetter {
  readonly reason: string;
  /** When its event reached the hub; "" if unknown. */
  readonly enqueuedTime: string;
}

export interface SilenceSources {
  readonly statuses: readonly PartitionStatus[];
  readonly evaluations: Evaluations;
  readonly sightings: readonly CategorySightings[];
  /** At most MOST_LETTERS. */
  readonly letters: readonly WaitingLetter[] | undefined;
  /** The rules and tenants to speak of. */
  readonly ruleSet: RuleSet;
}

/** Dead letters are counted no further. */
export const MOST_LETTERS = 1_000;
const MOST_RANGES = 50;
const MOST_EARLIER = 10;

/**
 * After an instance last noted a set, it may have used it for this long without a note, and the hub's clock may be ahead
 * of its own.
 */
const UNNOTED_MS = EVALUATION_NOTED_EVERY_MS + CLOCK_DIFFERENCE.warningMs;

export function proofOfSilence(sources: SilenceSources): ProofOfSilence {
  const { statuses, evaluations, sightings, letters, ruleSet } = sources;
  const partitions = statuses.filter(({ partitionId }) => partitionId !== WHOLE_HUB);
  const start = startOf(partitions, evaluations);
  /** No set with another rule or another tenant was in use from then on. */
  const sinceWithout = (isOther: (set: UsedRuleSet) => boolean): number | undefined => {
    const others = evaluations.sets.filter(isOther).map(({ lastAt }) => lastAt + UNNOTED_MS);
    return start === undefined ? undefined : Math.max(start, ...others);
  };
  const lost = ofPartitions(partitions, ({ evaluation }) => evaluation?.lost ?? []);
  return {
    evaluatedThrough: earliest(partitions.map(({ evaluation }) => evaluation?.through)),
    completeThrough: earliest(partitions.map(completeThrough)),
    openEvents: sum(partitions, ({ evaluation }) => evaluation?.openEvents ?? 0),
    open: ofPartitions(partitions, ({ evaluation }) => evaluation?.open ?? []).slice(0, MOST_RANGES),
    lostEvents: sum(partitions, ({ lostEvents }) => lostEvents),
    lost: lost.toSorted((a, b) => (a.before > b.before ? -1 : 1)).slice(0, MOST_RANGES),
    deadLetters: letters?.length,
    app: versionsOf(evaluations.sets),
    rules: ruleSet.rules.map((rule) => {
      const since = sinceWithout((set) => !set.rules.some((other) => isSame(rule, other)));
      return {
        ...rule,
        since: isoOf(since),
        deadLetters: letters && lettersOf(letters, { ruleId: rule.id, since }),
        earlier: earlierOf(rule, evaluations.sets),
      };
    }),
    tenants: ruleSet.tenants.map((id) => ({
      id,
      since: isoOf(sinceWithout(({ tenants }) => !tenants.includes(id))),
      lastRecordAt: isoOf(lastRecordAt(id, sightings)),
    })),
    delays: {
      since: isoOf(evaluations.delaysSince),
      occurredToHub: delayFigures(evaluations.occurredToHub),
      hubToStored: delayFigures(evaluations.hubToStored),
    },
  };
}

function lastRecordAt(tenant: string, sightings: readonly CategorySightings[]): number | undefined {
  const auditLogs = sightings.filter(({ tenantId, category }) => tenantId === tenant && isAuditLog({ category }));
  const minute = auditLogs.flatMap(({ minutes }) => minutes.at(-1) ?? []).at(-1);
  return minute === undefined ? undefined : minute * MINUTE_MS;
}

/** When both the ledger and the notes of rule sets begin. Undefined before the first check or the first event. */
function startOf(
  partitions: readonly PartitionStatus[],
  { sets, forgottenAt = -Infinity }: Evaluations,
): number | undefined {
  const expected = partitions.map(({ evaluation }) => Date.parse(evaluation?.since ?? ""));
  if (partitions.length === 0 || sets.length === 0 || expected.some(Number.isNaN)) return undefined;
  const noted = Math.min(...sets.map(({ firstAt }) => firstAt));
  return Math.max(noted, forgottenAt + UNNOTED_MS, ...expected);
}

function completeThrough({ oldestUnfinishedAt, evaluation }: PartitionStatus): string | undefined {
  if (evaluation === undefined || evaluation.openEvents === 0) return evaluation?.through;
  return earliest([evaluation.through, oldestUnfinishedAt]);
}

/** ISO 8601 in UTC sorts as text. Undefined without any time, and if one is unknown. */
function earliest(times: readonly (string | undefined)[]): string | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length < times.length ? undefined : known.toSorted()[0];
}

function isSame(rule: RuleVersion, other: RuleVersion): boolean {
  return rule.id === other.id && rule.version === other.version && rule.plan === other.plan;
}

function earlierOf(rule: RuleVersion, sets: readonly UsedRuleSet[]): ProvenRule["earlier"] {
  const until = new Map<string, { version: string; plan: string; lastAt: number }>();
  for (const { rules, lastAt } of sets) {
    const other = rules.find(({ id }) => id === rule.id);
    if (other === undefined || isSame(rule, other)) continue;
    const { version, plan } = other;
    const known = until.get(`${version} ${plan}`)?.lastAt ?? lastAt;
    until.set(`${version} ${plan}`, { version, plan, lastAt: Math.max(known, lastAt) });
  }
  return [...until.values()]
    .toSorted((a, b) => b.lastAt - a.lastAt)
    .slice(0, MOST_EARLIER)
    .map(({ version, plan, lastAt }) => ({ version, plan, until: iso(lastAt + UNNOTED_MS) }));
}

function versionsOf(sets: readonly UsedRuleSet[]): UsedVersion[] {
  return [...Map.groupBy(sets, ({ appVersion }) => appVersion)]
    .map(([version, used]) => ({
      version,
      from: Math.min(...used.map(({ firstAt }) => firstAt)),
      until: Math.max(...used.map(({ lastAt }) => lastAt)) + UNNOTED_MS,
    }))
    .toSorted((a, b) => b.until - a.until)
    .slice(0, MOST_EARLIER)
    .map(({ version, from, until }) => ({ version, from: iso(from), until: iso(until) }));
}

/** The reason is cut at 500 characters. */
const CUT_REASON = 500;
const BLAMED = /^(?:rule (\S+) \("|incident [0-9a-f]+ of rule (\S+) )/;

/**
 * The rules that a dead letter's reason names, if it names nothing else. Undefined: none of the rules may have evaluated
 * all of the letter.
 */
export function blamedRules(reason: string): ReadonlySet<string> | undefined {
  if (reason.length >= CUT_REASON) return undefined;
  const blamed = reason.split("; ").map((part) => {
    const [, failed, refused] = BLAMED.exec(part) ?? [];
    return failed ?? refused;
  });
  const known = blamed.filter((id) => id !== undefined);
  return known.length < blamed.length ? undefined : new Set(known);
}

/** All of them, if there may be more than were counted. */
function lettersOf(
  letters: readonly WaitingLetter[],
  { ruleId, since = -Infinity }: { readonly ruleId: string; readonly since: number | undefined },
): number {
  if (letters.length >= MOST_LETTERS) return letters.length;
  const mayConcern = ({ reason, enqueuedTime }: WaitingLetter): boolean =>
    !(Date.parse(enqueuedTime) < since) && blamedRules(reason)?.has(ruleId) !== false;
  return letters.filter(mayConcern).length;
}

function ofPartitions<Range>(
  partitions: readonly PartitionStatus[],
  rangesOf: (partition: PartitionStatus) => readonly Range[],
): OfPartition<Range>[] {
  return partitions.flatMap((partition) =>
    rangesOf(partition).map((range) => ({ partition: partition.partitionId, ...range })),
  );
}

function sum(partitions: readonly PartitionStatus[], figure: (partition: PartitionStatus) => number): number {
  return partitions.reduce((total, partition) => total + figure(partition), 0);
}

function isoOf(time: number | undefined): string | undefined {
  return time === undefined ? undefined : iso(time);
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
