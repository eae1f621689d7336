import type { Evaluations, RuleSet } from "../../core/ledger/evaluations.ts";
import {
  MOST_LETTERS,
  type ProofOfSilence,
  proofOfSilence,
  type WaitingLetter,
} from "../../core/ledger/proof-of-silence.ts";
import { OUTBOX_LATE_SECONDS } from "../../core/timing.ts";
import { isOfADependency } from "../../errors.ts";
import {
  type CategoryHealth,
  type CategoryHealthDependencies,
  categoryHealth,
  categoryProblems,
} from "./category-health.ts";
import {
  type HubHealth,
  type HubHealthDependencies,
  type HubHealthLimits,
  hubHealth,
  hubProblems,
} from "./hub-health.ts";
import { type OutboxState, outboxState } from "../delivery/outbox-state.ts";
import type { BySink, Sink } from "../delivery/sink.ts";

type WatchedSink = Pick<Sink, "name" | "title"> & { readonly outbox: Pick<Sink["outbox"], "waiting"> };

/** An operation that no rule matched, though one may have to: Microsoft may have renamed it. */
interface SeenOperation {
  readonly operation: string;
  /** ISO 8601. */
  readonly lastSeenAt: string;
}

export interface HealthDependencies extends HubHealthDependencies, CategoryHealthDependencies {
  readonly operations: { seen(): Promise<readonly SeenOperation[]> };
  /** Each has a partition of its own. */
  ruleIds(): Promise<readonly string[]>;
  readonly sinks: readonly WatchedSink[];
  readonly deadLetters: { waiting(limit: number): Promise<readonly WaitingLetter[]> };
  readonly evaluations: { read(at: Date): Promise<Evaluations> };
  ruleSet(): RuleSet;
  now(): Date;
}

export interface PipelineHealth extends Partial<BySink<OutboxState>> {
  /** `down`: events may not be stored now. `degraded`: they are stored, but a person should look. */
  readonly status: "ok" | "degraded" | "down";
  readonly problems: readonly string[];
  /** Those that nobody has discarded. Counted no further than COUNTED, as are the rows that wait for a sink. */
  readonly deadLetters?: number;
  readonly hub?: HubHealth;
  /** Whether each expected log category still arrives. */
  readonly categories?: readonly CategoryHealth[];
  /** Seen among the records that were read, which are not all: no total. They do not change the status. */
  readonly unmatchedOperations?: readonly SeenOperation[];
  /** For each rule and tenant, how far "no incident" can be trusted. */
  readonly silence?: ProofOfSilence;
}

const COUNTED = MOST_LETTERS;

/** Asks every dependency for its state. Does not reject if one does not answer. */
export async function pipelineHealth(deps: HealthDependencies, limits: HubHealthLimits): Promise<PipelineHealth> {
  const failing: string[] = [];
  const degraded: string[] = [];
  const ask = async <T>(what: string, problems: string[], question: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await question();
    } catch (error) {
      if (!isOfADependency(error)) throw error;
      problems.push(`${what} does not answer`); // without the message of the error, which may name addresses
      return undefined;
    }
  };
  const at = deps.now();
  const now = at.getTime();
  const [states, letters, noted] = await Promise.all([
    ask("the incident table", failing, () => outboxStates(deps)),
    ask("the container of dead letters", failing, () => deps.deadLetters.waiting(COUNTED)),
    ask("the ledger table", degraded, async () => {
      const [statuses, runs, unmatchedOperations, sightings, evaluations] = await Promise.all([
        deps.ledger.statuses(),
        deps.timers.runs(),
        deps.operations.seen(),
        deps.sightings.read(),
        deps.evaluations.read(at),
      ]);
      return { statuses, runs, unmatchedOperations, sightings, evaluations };
    }),
  ]);
  const hub = noted && hubHealth(noted.statuses, { ...limits, now });
  const deadLetters = letters?.length;
  if (deadLetters !== undefined && deadLetters > 0)
    degraded.push(`${deadLetters}${deadLetters < COUNTED ? "" : " or more"} dead letter(s) wait for a person`);
  for (const [{ title }, state] of states ?? []) degraded.push(...outboxProblems(title, state));
  if (noted !== undefined) degraded.push(...hubProblems(noted.statuses, noted.runs, { ...limits, now }));
  const categories = noted && categoryHealth(noted.sightings, noted.statuses, now);
  if (categories !== undefined) degraded.push(...categoryProblems(categories));
  return {
    status: failing.length > 0 ? "down" : degraded.length > 0 ? "degraded" : "ok",
    problems: [...failing.toSorted(), ...degraded],
    ...(states && { sinks: Object.fromEntries(states.map(([{ name }, state]) => [name, state])) }),
    ...(deadLetters !== undefined && { deadLetters }),
    ...(hub && { hub }),
    ...(categories && { categories }),
    ...(noted && {
      unmatchedOperations: noted.unmatchedOperations,
      silence: proofOfSilence({ ...noted, letters, ruleSet: deps.ruleSet() }),
    }),
  };
}

async function outboxStates({ sinks, now, ...deps }: HealthDependencies) {
  const time = now().getTime();
  const ruleIds = await deps.ruleIds();
  return Promise.all(
    sinks.map(
      async (sink) => [sink, await outboxState({ outbox: sink.outbox, ruleIds, now: time, limit: COUNTED })] as const,
    ),
  );
}

function outboxProblems(title: string, { pending, refused, failing, oldestSeconds }: OutboxState): string[] {
  return [
    // Rows beyond the count may be older, or refused.
    pending + refused >= COUNTED && `${COUNTED} rows or more are in the outbox for ${title}`,
    refused > 0 && `${refused} row(s) refused by ${title}`,
    failing > 0 && `${failing} row(s) fail at ${title} while the sink accepts other rows`,
    oldestSeconds > OUTBOX_LATE_SECONDS && `incidents have waited for ${title} for ${oldestSeconds} s`,
  ].filter((problem) => problem !== false);
}
