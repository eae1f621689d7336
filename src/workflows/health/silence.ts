import type { CategorySightings } from "../../core/ledger/category-sightings.ts";
import type { Evaluations, RuleSet } from "../../core/ledger/evaluations.ts";
import type { PartitionStatus } from "../../core/ledger/partition-ledger.ts";
import {
  MOST_LETTERS,
  type ProofOfSilence,
  proofOfSilence,
  type ProvenRule,
  type WaitingLetter,
} from "../../core/ledger/proof-of-silence.ts";
import {
  type FoundIncidents,
  type Span,
  spanOf,
  type Statement,
  statementOf,
  unproven,
} from "../../core/ledger/silence-statement.ts";
import { CLOCK_DIFFERENCE } from "../../core/timing.ts";

export interface SilenceDependencies {
  readonly ledger: { statuses(): Promise<readonly PartitionStatus[]> };
  readonly evaluations: { read(at: Date): Promise<Evaluations> };
  readonly sightings: { read(): Promise<readonly CategorySightings[]> };
  readonly deadLetters: { waiting(limit: number): Promise<readonly WaitingLetter[]> };
  readonly incidents: { detectedSince(ruleId: string, since: Date): AsyncIterable<DetectedIncident> };
  /** The rules and tenants to speak of. */
  ruleSet(evaluations: Evaluations): RuleSet;
  now(): Date;
}

interface DetectedIncident {
  readonly tenant: string;
  /** When its event reached the hub, or when it was detected if that is unknown; in milliseconds since 1970. */
  readonly at: number;
}

export async function readProof({
  ledger,
  evaluations,
  deadLetters,
  now,
  ...deps
}: SilenceDependencies): Promise<ProofOfSilence> {
  const [statuses, noted, sightings, letters] = await Promise.all([
    ledger.statuses(),
    evaluations.read(now()),
    deps.sightings.read(),
    deadLetters.waiting(MOST_LETTERS),
  ]);
  return proofOfSilence({ statuses, evaluations: noted, sightings, letters, ruleSet: deps.ruleSet(noted) });
}

/** What is proven of one rule in each tenant, or in the one that is named. */
export async function statementsOf(
  proof: ProofOfSilence,
  rule: ProvenRule,
  { tenant: only, incidents }: Pick<SilenceDependencies, "incidents"> & { readonly tenant?: string | undefined },
): Promise<Statement[]> {
  const tenants = proof.tenants.filter(({ id }) => only === undefined || id === only);
  const spans = tenants.map((tenant) => ({ tenant, span: spanOf(proof, rule, tenant) }));
  const found = await foundIn(
    spans.map(({ span }) => span).filter((span) => typeof span !== "string"),
    incidents,
  );
  return spans.map(({ tenant, span }) =>
    typeof span === "string" ? unproven(rule, tenant, span) : statementOf(proof, span, found.get(span) ?? NOTHING),
  );
}

const NOTHING: FoundIncidents = { count: 0, latestAt: undefined };

/** The incidents of each span, of one rule, from its incidents in the table. */
async function foundIn(
  spans: readonly Span[],
  incidents: SilenceDependencies["incidents"],
): Promise<ReadonlyMap<Span, FoundIncidents>> {
  const found = new Map<Span, FoundIncidents>();
  const [first] = spans;
  if (first === undefined) return found;
  const earliest = Math.min(...spans.map(({ from }) => Date.parse(from)));
  // An event is detected after it reached the hub, whose clock may be ahead.
  const since = new Date(earliest - CLOCK_DIFFERENCE.warningMs);
  for await (const { tenant, at } of incidents.detectedSince(first.rule.id, since)) {
    const span = spans.find((one) => one.tenant.id === tenant);
    if (span === undefined || at < Date.parse(span.from) || at >= Date.parse(span.through)) continue;
    const { count, latestAt = "" } = found.get(span) ?? NOTHING;
    const time = new Date(at).toISOString();
    found.set(span, { count: count + 1, latestAt: time > latestAt ? time : latestAt });
  }
  return found;
}
