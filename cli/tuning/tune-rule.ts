import { dirname, join } from "node:path";
import { tenantOf } from "../../src/core/event/audit-log.ts";
import { readEventBody } from "../../src/core/event/event-body.ts";
import type { Match } from "../../src/core/incident/incident.ts";
import type { IncidentRow, StoredIncident } from "../../src/core/incident/incident-row.ts";
import { readyRule, type ReadyRule } from "../../src/core/incident/ready-rule.ts";
import { knownRole } from "../../src/core/pim-settings/roles.ts";
import { counted } from "../../src/core/counted.ts";
import { UsageError } from "../../src/errors.ts";
import { compileRule } from "../../src/sentinel/compile-rule.ts";
import type { SourcedRule } from "../../src/sentinel/compile-rules.ts";
import {
  exclusionYaml,
  type NewExclusion,
  restatedWith,
  withExclusion,
} from "../../src/sentinel/overlay/add-exclusion.ts";
import { judge } from "../../src/workflows/detection/judge-record.ts";
import { byTime } from "../incidents/summary-text.ts";
import { textOf } from "../incidents/incident-text.ts";
import {
  comparisonsOf,
  type Conjunction,
  conjunctionsOf,
  type Covered,
  isAnybody,
  isPersonOnly,
  LEAST_INCIDENTS,
  type Verdict,
  verdictOf,
} from "./conjunctions.ts";

/** An incident that the rule as it is now finds again. */
export interface FoundAgain extends Pick<Match, "row" | "resultRow"> {
  readonly incident: IncidentRow;
  readonly verdict: Verdict;
}

export interface Proposal {
  readonly exclusion: NewExclusion;
  /** What to add to an overlay without exclusions. */
  readonly yaml: string;
  /** The whole overlay with it; undefined if only a person can add it. */
  readonly overlay: string | undefined;
  /** By the compiled overlay, oldest first. */
  readonly removed: readonly FoundAgain[];
  readonly remaining: number;
  /** Sentences on what speaks against it. */
  readonly cautions: readonly string[];
}

/** A condition that would hide what an analyst called an attack. */
export interface Refusal {
  readonly condition: string;
  readonly truePositives: readonly FoundAgain[];
}

export interface Tuning {
  readonly counts: Readonly<Record<Verdict, number>>;
  /** Incidents that the rule no longer finds: it has changed since, or an exclusion covers them. */
  readonly notFound: number;
  readonly proposals: readonly Proposal[];
  readonly refused: readonly Refusal[];
}

const MOST_PROPOSALS = 3;
/** An exclusion without an end is looked at again after this many days. */
const REVIEW_DAYS = 180;
const DAY_MS = 86_400_000;
const NOWHERE = { partitionId: null, sequenceNumber: null, enqueuedTime: null };

/**
 * Proposes exclusions for a rule from its stored incidents, with their status and classification. The rule's own overlay
 * is compiled with each, and says which incidents it removes. None that removes a true positive is proposed.
 *
 * @param options.when a person's own condition, to be tried instead
 * @throws {UsageError} if that condition does not compile
 */
export function tuneRule(
  sourced: SourcedRule,
  stored: readonly StoredIncident[],
  { when, today }: { readonly when?: string | undefined; readonly today: Date },
): Tuning {
  const ready = readyRule(sourced.rule);
  const incidents = stored
    .flatMap((incident) => foundAgain(incident, ready))
    .toSorted((left, right) => byTime(left.incident, right.incident));
  const counts: Record<Verdict, number> = { benign: 0, true: 0, undetermined: 0, open: 0 };
  for (const { verdict } of incidents) counts[verdict] += 1;
  const trial = (condition: string, conjunction?: Conjunction) =>
    tryExclusion(condition, { sourced, incidents, today, conjunction });
  const head = { counts, notFound: stored.length - incidents.length };
  if (when !== undefined) {
    const tried = trial(when);
    return {
      ...head,
      ...("truePositives" in tried ? { proposals: [], refused: [tried] } : { proposals: [tried], refused: [] }),
    };
  }
  const covering = conjunctionsOf(
    incidents.map(({ verdict, resultRow }) => ({ verdict, comparisons: comparisonsOf(sourced.rule.plan, resultRow) })),
  );
  const proposals: Proposal[] = [];
  const refused: Refusal[] = [];
  for (const { text, conjunction } of distinct(covering.filter(({ counts: { true: hidden } }) => hidden === 0))) {
    const tried = trial(text, conjunction);
    if ("truePositives" in tried) refused.push(tried);
    else if (tried.removed.filter(({ verdict }) => verdict === "benign").length >= LEAST_INCIDENTS)
      proposals.push(tried);
    if (proposals.length === MOST_PROPOSALS) break;
  }
  const most = proposals[0]?.removed.filter(({ verdict }) => verdict === "benign").length ?? 0;
  // A person would think of these first, so the report says why they are not proposed.
  const wider = covering.filter(({ counts: { true: hidden, benign } }) => hidden > 0 && benign > most);
  for (const { text, conjunction } of distinct(wider).slice(0, MOST_PROPOSALS)) {
    const tried = trial(text, conjunction);
    if ("truePositives" in tried) refused.push(tried);
  }
  return { ...head, proposals, refused };
}

/** Of conjunctions on the same incidents only the best; and the best narrower one, where that names nothing but a person. */
function distinct(covering: readonly Covered[]): Covered[] {
  const kept: Covered[] = [];
  for (const one of covering) {
    const isPerson = isPersonOnly(one.conjunction);
    const hides = kept.some(
      (other) =>
        one.benign.every((number) => other.benign.includes(number)) &&
        (isPerson || !isPersonOnly(other.conjunction) || one.benign.length < other.benign.length),
    );
    if (!hides) kept.push(one);
    if (kept.length > 4 * MOST_PROPOSALS) break;
  }
  return kept;
}

function foundAgain({ row: incident, record }: StoredIncident, ready: ReadyRule): FoundAgain[] {
  const [source] = readEventBody(new TextEncoder().encode(record)).records;
  if (source === undefined) return [];
  const tenant = tenantOf(source.record) || textOf(incident, "EntraTenantId").toLowerCase();
  const { found } = judge(source, NOWHERE, {
    rules: [ready],
    allowedTenantIds: new Set([tenant]),
    now: () => new Date(0),
  });
  const match = found.find((one) => one.incident.row["IncidentId"] === incident["IncidentId"])?.match;
  const verdict = verdictOf(incident["Status"], incident["Classification"]);
  return match === undefined ? [] : [{ incident, verdict, row: match.row, resultRow: match.resultRow }];
}

interface Trial {
  readonly sourced: SourcedRule;
  readonly incidents: readonly FoundAgain[];
  readonly today: Date;
  /** Undefined for a person's own condition. */
  readonly conjunction: Conjunction | undefined;
}

/** Compiles the rule with the exclusion in its overlay, and runs it over the incidents. */
function tryExclusion(condition: string, { sourced, incidents, today, conjunction }: Trial): Proposal | Refusal {
  const removed = removedBy(condition, sourced, incidents);
  const truePositives = removed.filter(({ verdict }) => verdict === "true");
  if (truePositives.length > 0) return { condition, truePositives };
  const exclusion = { condition, because: reason(removed, today) };
  return {
    exclusion,
    yaml: exclusionYaml(exclusion),
    overlay: withExclusion(sourced.files.overlay, exclusion),
    removed,
    remaining: incidents.length - removed.length,
    cautions: cautions(removed, incidents, conjunction),
  };
}

/** @throws {UsageError} if the condition does not compile */
function removedBy(condition: string, { files }: SourcedRule, incidents: readonly FoundAgain[]): FoundAgain[] {
  const name = files.overlay?.name ?? join(dirname(files.rule.name), "overlay.yaml");
  const exclusion = { condition, because: "tried" };
  // An overlay that only a person can edit is written anew for the trial.
  const text = withExclusion(files.overlay, exclusion) ?? restatedWith(files.overlay, exclusion);
  const { rule, problems } = compileRule(files.rule.text, files.rule.name, { ...files, overlay: { name, text } });
  if (rule === undefined) {
    const errors = problems.filter(({ level }) => level === "error").map(({ message }) => message);
    throw new UsageError(`The condition does not compile: ${[...new Set(errors)].join("; ")}`);
  }
  const ready = readyRule(rule);
  return incidents.filter(({ row, resultRow }) => {
    ready.evaluate(row); // `excludes` is about the record evaluated last
    return ready.excludes?.(resultRow) === true;
  });
}

function reason(removed: readonly FoundAgain[], today: Date): string {
  const benign = removed.filter(({ verdict }) => verdict === "benign");
  const days = benign.map(({ incident }) => textOf(incident, "ActivityDateTime").slice(0, 10));
  const [first, last] = [days[0], days.at(-1)];
  const when = first === last ? `on ${first}` : `from ${first} to ${last}`;
  const closed = [...new Set(benign.map(({ incident }) => textOf(incident, "Classification")))].toSorted();
  const past =
    benign.length === 0
      ? "no incident was closed as false or benign"
      : `${counted(benign.length, "incident")} ${when}, closed as ${closed.join(" or ")}`;
  return `${past}; proposed by pimwatch tune on ${dayOf(today)}, review by ${dayOf(new Date(today.getTime() + REVIEW_DAYS * DAY_MS))}`;
}

function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}

function cautions(
  removed: readonly FoundAgain[],
  incidents: readonly FoundAgain[],
  conjunction: Conjunction | undefined,
): string[] {
  const open = removed.filter(({ verdict }) => verdict === "open").length;
  const undetermined = removed.filter(({ verdict }) => verdict === "undetermined").length;
  const roles = [...new Set(removed.flatMap(({ incident }) => privilegedRole(incident)))].toSorted();
  return [
    open > 0 && `It would also have removed ${counted(open, "open incident")}: close them first`,
    undetermined > 0 &&
      `It would also have removed ${counted(undetermined, "incident")} whose classification is Undetermined`,
    removed.length === incidents.length && removed.length > 0 && "It would have removed all incidents of the rule",
    removed.length === 0 && "It would have removed no incident",
    conjunction !== undefined &&
      isPersonOnly(conjunction) &&
      `It names only a person, so it hides all that the person does, also after the account is stolen${roles.length === 0 ? "" : `. This person has changed ${roles.join(", ")}`}`,
    conjunction !== undefined && isAnybody(conjunction) && "It names no actor, so it hides what anybody does",
  ].filter((caution) => caution !== false);
}

/** The incident's role, if a change of its settings can lead to control of the tenant. */
function privilegedRole(incident: IncidentRow): string[] {
  const name = textOf(incident, "RoleName");
  return knownRole([textOf(incident, "RoleTemplateId")], name) === undefined ? [] : [name];
}
