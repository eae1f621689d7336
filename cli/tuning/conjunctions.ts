import { AUDIT_LOGS } from "../../src/core/event/audit-log-columns.ts";
import { isRecord } from "../../src/core/event/event-body.ts";
import { toJson } from "../../src/core/json/column-json.ts";
import { valueText } from "../../src/core/value-text.ts";
import { INVISIBLE } from "../../src/core/visible-text.ts";
import type { Plan } from "../../src/kql/plan.ts";
import type { Json, Row } from "../../src/kql/run/values.ts";

/** What a condition is about. A conjunction has at most one condition of each kind. */
type Kind = "actor" | "application" | "target" | "address" | "operation" | "result" | "detail";

/** A comparison of one column with one value, which the incident meets. */
export interface Comparison {
  readonly kind: Kind;
  /** As KQL. */
  readonly text: string;
  /** Of two comparisons that cover the same, the one with the smaller rank is used: an id before a name. */
  readonly rank: number;
}

/** Comparisons that an exclusion joins with `and`. */
export type Conjunction = readonly Comparison[];

/** An analyst's word on an incident. */
export type Verdict = "benign" | "true" | "undetermined" | "open";

export interface Candidate {
  readonly verdict: Verdict;
  readonly comparisons: readonly Comparison[];
}

export interface Covered {
  readonly conjunction: Conjunction;
  readonly text: string;
  /** Numbers of the benign incidents, ascending. */
  readonly benign: readonly number[];
  readonly counts: Readonly<Record<Verdict, number>>;
}

/** An exclusion that fits one incident alone is a coincidence, not a pattern. */
export const LEAST_INCIDENTS = 2;
const MOST_COMPARISONS = 3;
const MOST_CHARACTERS = 200;

const IDENTIFYING: ReadonlySet<Kind> = new Set(["actor", "application", "target", "address"]);
/** Of equally good conjunctions, one on earlier kinds is proposed. */
const KINDS: readonly Kind[] = ["application", "actor", "target", "operation", "address", "result", "detail"];

/**
 * The conjunctions that cover at least two benign incidents, best first: those that cover the most, of these the one that
 * covers the fewest open and undetermined ones, of these one that names who acts, of these the shortest. The same incidents
 * give the same order.
 */
export function conjunctionsOf(candidates: readonly Candidate[]): readonly Covered[] {
  const counts = new Map<string, number>();
  const benignCounts = new Map<string, number>();
  for (const { verdict, comparisons } of candidates) {
    for (const { text } of comparisons) {
      counts.set(text, (counts.get(text) ?? 0) + 1);
      if (verdict === "benign") benignCounts.set(text, (benignCounts.get(text) ?? 0) + 1);
    }
  }
  /** An operation or a result that all incidents of the rule have makes no condition narrower. */
  const tellsApart = ({ kind, text }: Comparison): boolean =>
    IDENTIFYING.has(kind) || counts.get(text) !== candidates.length;
  const found = new Map<string, { conjunction: Conjunction; benign: number[]; counts: Record<Verdict, number> }>();
  for (const [index, { verdict, comparisons }] of candidates.entries()) {
    const frequent = comparisons.filter(
      (one) => (benignCounts.get(one.text) ?? 0) >= LEAST_INCIDENTS && tellsApart(one),
    );
    for (const conjunction of combinations(frequent)) {
      const text = textOf(conjunction);
      const none = { conjunction, benign: [], counts: { benign: 0, true: 0, undetermined: 0, open: 0 } };
      const covered = found.get(text) ?? none;
      found.set(text, covered);
      covered.counts[verdict] += 1;
      if (verdict === "benign") covered.benign.push(index);
    }
  }
  return [...found]
    .map(([text, covered]) => ({ text, ...covered }))
    .filter(({ counts: { benign } }) => benign >= LEAST_INCIDENTS)
    .toSorted(byMerit);
}

function byMerit(left: Covered, right: Covered): number {
  return (
    right.counts.benign - left.counts.benign ||
    doubtful(left) - doubtful(right) ||
    Number(isAnybody(left.conjunction)) - Number(isAnybody(right.conjunction)) ||
    left.conjunction.length - right.conjunction.length ||
    rankOf(left) - rankOf(right) ||
    (left.text < right.text ? -1 : 1)
  );
}

function doubtful({ counts: { open, undetermined } }: Covered): number {
  return open + undetermined;
}

function rankOf({ conjunction }: Covered): number {
  return conjunction.reduce((sum, { kind, rank }) => sum + 10 * KINDS.indexOf(kind) + rank, 0);
}

function textOf(conjunction: Conjunction): string {
  return conjunction.map(({ text }) => text).join(" and ");
}

/** Whether it names only who acts, so that it covers whatever that person does. */
export function isPersonOnly(conjunction: Conjunction): boolean {
  return conjunction.every(({ kind }) => kind === "actor");
}

/** Whether it leaves open who acts, so that it covers anybody. */
export function isAnybody(conjunction: Conjunction): boolean {
  return conjunction.every(({ kind }) => kind !== "actor" && kind !== "application");
}

/** All sets of comparisons of different kinds, in the order of the kinds, of which one says who, on what or from where. */
function combinations(comparisons: readonly Comparison[]): Conjunction[] {
  let sets: Conjunction[] = [[]];
  for (const kind of KINDS) {
    const own = comparisons.filter((one) => one.kind === kind);
    sets = sets.flatMap((set) => [set, ...(set.length < MOST_COMPARISONS ? own.map((one) => [...set, one]) : [])]);
  }
  return sets.filter((set) => set.some(({ kind }) => IDENTIFYING.has(kind)));
}

/** Columns of the log itself that say something of use for an exclusion. The others are ids of the event, or free text. */
const OWN_COLUMNS: Readonly<Record<string, Kind>> = { OperationName: "operation", Result: "result" };

/**
 * How the columns that a query makes are named in Microsoft's rules and ours. Names of people and applications are left out:
 * anybody can give an application or a person that name. So are parts of a principal name.
 */
const MADE_COLUMNS: readonly (readonly [name: RegExp, kind: Kind | undefined, rank: number])[] = [
  [/(?:IP|Ip)(?:Addr(?:ess)?)?$/, "address", 0],
  [/^(?:Initiat|Actor|Caller).*(?:App|ServicePrincipal).*Id$/, "application", 0],
  [/^(?:Initiat|Actor|Caller).*(?:AadUserId|UserId|ObjectId)$/, "actor", 0],
  [/^(?:Initiat|Actor|Caller).*(?:UserPrincipalName|UPN|Upn)$/, "actor", 1],
  [/^(?:Initiat|Actor|Caller)/, undefined, 0],
  [/Id$/, "target", 0],
  [/Name$/, "target", 1],
  [/$/, "detail", 0],
];

/** For rules that leave actor and target where the log has them. */
const INSIDE: readonly (readonly [path: string, kind: Kind, rank: number])[] = [
  ["InitiatedBy.user.id", "actor", 2],
  ["InitiatedBy.user.userPrincipalName", "actor", 3],
  ["InitiatedBy.user.ipAddress", "address", 2],
  ["InitiatedBy.app.servicePrincipalId", "application", 2],
  ["InitiatedBy.app.appId", "application", 3],
  ["TargetResources[0].id", "target", 2],
  ["TargetResources[0].displayName", "target", 3],
];

const OWN_NAMES: ReadonlySet<string> = new Set(AUDIT_LOGS.columns.map(({ name }) => name));

/** The comparisons that a result row of a rule meets and that may be part of an exclusion. */
export function comparisonsOf({ columns }: Plan, resultRow: Row): readonly Comparison[] {
  const values = new Map(columns.map(({ name, type }, at) => [name, toJson(resultRow[at] ?? null, type)] as const));
  const direct = columns
    .filter(({ type }) => type === "string")
    .flatMap(({ name }) => {
      const [, kind, rank = 0] = OWN_NAMES.has(name)
        ? [name, OWN_COLUMNS[name], 0]
        : (MADE_COLUMNS.find(([pattern]) => pattern.test(name)) ?? []);
      return comparison(columnText(name), values.get(name), kind, rank);
    });
  const inside = INSIDE.flatMap(([path, kind, rank]) =>
    comparison(`tostring(${path})`, valueAt(values, path), kind, rank),
  );
  return [...direct, ...inside];
}

function comparison(left: string, value: Json | undefined, kind: Kind | undefined, rank: number): Comparison[] {
  const right = typeof value === "string" ? value : "";
  if (kind === undefined || right === "" || right.length > MOST_CHARACTERS || right.search(INVISIBLE) >= 0) return [];
  // A principal name comes in different spellings.
  const isPrincipal = kind === "actor" && right.includes("@");
  const literal = JSON.stringify(isPrincipal ? right.toLowerCase() : right);
  return [{ kind, rank, text: `${left} ${isPrincipal ? "=~" : "=="} ${literal}` }];
}

function columnText(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : `['${name}']`;
}

function valueAt(values: ReadonlyMap<string, Json>, path: string): Json | undefined {
  const [column = "", ...steps] = path.split(/[.[\]]+/);
  return steps.reduce<Json | undefined>((value, step) => {
    if (Array.isArray(value)) return value[Number(step)];
    return isRecord(value) ? value[step] : undefined;
  }, values.get(column));
}

/** A closed incident without a classification comes from an older version. */
export function verdictOf(status: Json | undefined, classification: Json | undefined): Verdict {
  if (valueText(status) !== "Closed") return "open";
  const said = valueText(classification);
  if (said === "TruePositive") return "true";
  return said === "FalsePositive" || said === "BenignPositive" ? "benign" : "undetermined";
}
