import { counted } from "../counted.ts";
import { MINUTE_MS } from "./category-sightings.ts";
import { MOST_LETTERS, type ProofOfSilence, type ProvenRule, type ProvenTenant } from "./proof-of-silence.ts";
import { countOf } from "./sequence-ranges.ts";

/** The incidents of a rule and a tenant whose events reached the hub in the time that a statement is about. */
export interface FoundIncidents {
  readonly count: number;
  /** When the latest of their events reached the hub. */
  readonly latestAt: string | undefined;
}

/** One rule and one tenant, and the time that can be spoken of. */
export interface Span {
  readonly rule: ProvenRule;
  readonly tenant: ProvenTenant;
  readonly from: string;
  readonly through: string;
}

/** What is proven of one rule in one tenant. */
export interface Statement {
  readonly ruleId: string;
  readonly tenant: string;
  /** `unproven`: an incident may be missing, and nobody knows how many. */
  readonly status: "complete" | "with exceptions" | "unproven";
  readonly from: string | undefined;
  readonly through: string | undefined;
  readonly incidents: number | undefined;
  readonly exceptions: readonly string[];
  /** For a person to copy. */
  readonly sentence: string;
}

/** The time that one rule and one tenant have in common; a reason if there is none. */
export function spanOf(
  { evaluatedThrough: through }: ProofOfSilence,
  rule: ProvenRule,
  tenant: ProvenTenant,
): Span | string {
  if (through === undefined) return "the ledger does not say yet through when events were evaluated";
  const from = rule.since === undefined || tenant.since === undefined ? undefined : maximum(rule.since, tenant.since);
  if (from === undefined) return "no event was evaluated yet, or the ledger has not been checked";
  if (from >= through)
    return `this version and plan evaluate events since ${from} only, and those through ${through} were checked`;
  const last = tenant.lastRecordAt;
  if (last === undefined) return "no audit record of this tenant was ever read";
  if (Date.parse(last) + MINUTE_MS < Date.parse(from))
    return `no audit record of this tenant was read since ${from}; the latest one reached the hub at ${last}`;
  return { rule, tenant, from, through };
}

/** What can be said of a rule and a tenant for a reason that leaves nothing proven. */
export function unproven(rule: ProvenRule, tenant: ProvenTenant, reason: string): Statement {
  const sentence = `For rule "${rule.name}" and tenant ${tenant.id} nothing is proven: ${reason}.`;
  const nothing = { from: undefined, through: undefined, incidents: undefined, exceptions: [] };
  return { ruleId: rule.id, tenant: tenant.id, status: "unproven", ...nothing, sentence };
}

export function statementOf(
  proof: ProofOfSilence,
  { rule, tenant, from, through }: Span,
  { count, latestAt }: FoundIncidents,
): Statement {
  const exceptions = exceptionsOf(proof, rule, from);
  const found =
    count === 0
      ? "found nothing"
      : `found ${counted(count, "incident")}, the latest in an event of ${latestAt ?? "unknown time"},`;
  const versions = proof.app.filter((used) => used.from < through && used.until > from).map(({ version }) => version);
  const by = `version ${rule.version} (plan ${rule.plan}) in pimwatch ${versions.toReversed().join(", then ")}`;
  const evaluated = `Every event that reached the hub in that time was evaluated by ${by}`;
  const but = exceptions.length === 0 ? "" : `, except ${exceptions.join(", ")}`;
  return {
    ruleId: rule.id,
    tenant: tenant.id,
    status: exceptions.length === 0 ? "complete" : "with exceptions",
    from,
    through,
    incidents: count,
    exceptions,
    sentence: `Rule "${rule.name}" ${found} in tenant ${tenant.id} between ${from} and ${through}. ${evaluated}${but}.`,
  };
}

function exceptionsOf(proof: ProofOfSilence, rule: ProvenRule, from: string): string[] {
  const { deadLetters } = rule;
  const lostEvents = lostSince(proof, from);
  return [
    proof.openEvents > 0 && `${counted(proof.openEvents, "event")} not stored yet`,
    lostEvents > 0 && `up to ${counted(lostEvents, "lost event")}`,
    deadLetters === undefined && "dead letters, whose container does not answer",
    deadLetters !== undefined && deadLetters > 0 && atMost(deadLetters),
  ].filter((exception) => exception !== false);
}

/** All of them, if not every loss is listed. */
function lostSince({ lost, lostEvents }: ProofOfSilence, from: string): number {
  return countOf(lost) < lostEvents ? lostEvents : countOf(lost.filter(({ before }) => before >= from));
}

function atMost(letters: number): string {
  return letters >= MOST_LETTERS ? `${letters} or more dead letters` : `up to ${counted(letters, "dead letter")}`;
}

function maximum(one: string, other: string): string {
  return one > other ? one : other;
}
