import type { Evaluations, RuleSet } from "../../core/ledger/evaluations.ts";
import {
  MOST_LETTERS,
  blamedRules,
  type ProofOfSilence,
  proofOfSilence,
  type WaitingLetter,
} from "../../core/ledger/proof-of-silence.ts";
import { OUTBOX_LATE_SECONDS } from "../../core/timing.ts";
import { counted } from "../../core/counted.ts";
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
  type Problem,
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

interface FoundLetter extends WaitingLetter {
  /** The sha256 of its bytes. */
  readonly name: string;
  readonly partition: string;
  readonly sequenceNumber: string;
}

/** A dead letter as analysts see it. A field that is not known is "". */
interface NamedLetter extends Pick<FoundLetter, "name" | "reason" | "partition" | "sequenceNumber" | "enqueuedTime"> {
  /** Names of the rules that its reason blames; empty if none of them may have seen it. */
  readonly rules: readonly string[];
}

export interface HealthDependencies extends HubHealthDependencies, CategoryHealthDependencies {
  readonly operations: { seen(): Promise<readonly SeenOperation[]> };
  /** Each has a partition of its own. */
  ruleIds(): Promise<readonly string[]>;
  readonly sinks: readonly WatchedSink[];
  readonly deadLetters: { waiting(limit: number): Promise<readonly FoundLetter[]> };
  readonly evaluations: { read(at: Date): Promise<Evaluations> };
  ruleSet(): RuleSet;
  now(): Date;
}

export interface PipelineHealth extends Partial<BySink<OutboxState>> {
  /** `down`: events may not be stored now. `degraded`: they are stored, but a person should look. */
  readonly status: "ok" | "degraded" | "down";
  readonly problems: readonly Problem[];
  /** Those that nobody has discarded. Counted no further than COUNTED, as are the rows that wait for a sink. */
  readonly deadLetters?: number;
  /** The latest of them, at most MOST_NAMED_LETTERS. */
  readonly latestDeadLetters?: readonly NamedLetter[];
  readonly hub?: HubHealth;
  /** Whether each expected log category still arrives. */
  readonly categories?: readonly CategoryHealth[];
  /** Seen among the records that were read, which are not all: no total. They do not change the status. */
  readonly unmatchedOperations?: readonly SeenOperation[];
  /** For each rule and tenant, how far "no incident" can be trusted. */
  readonly silence?: ProofOfSilence;
}

const COUNTED = MOST_LETTERS;
const MOST_NAMED_LETTERS = 20;

/** Asks every dependency for its state. Does not reject if one does not answer. */
export async function pipelineHealth(deps: HealthDependencies, limits: HubHealthLimits): Promise<PipelineHealth> {
  const failing: Problem[] = [];
  const degraded: Problem[] = [];
  const ask = async <T>(what: string, problems: Problem[], question: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await question();
    } catch (error) {
      if (!isOfADependency(error)) throw error;
      problems.push({ what: `${what} does not answer`, next: DOES_NOT_ANSWER }); // without the message of the error, which may name addresses
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
  const ruleSet = deps.ruleSet();
  degraded.push(...letterProblems(letters ?? []));
  for (const [{ title }, state] of states ?? []) degraded.push(...outboxProblems(title, state));
  if (noted !== undefined) degraded.push(...hubProblems(noted.statuses, noted.runs, { ...limits, now }));
  const categories = noted && categoryHealth(noted.sightings, noted.statuses, now);
  if (categories !== undefined) degraded.push(...categoryProblems(categories));
  return {
    status: failing.length > 0 ? "down" : degraded.length > 0 ? "degraded" : "ok",
    problems: [...failing.toSorted((a, b) => (a.what < b.what ? -1 : 1)), ...degraded],
    ...(states && { sinks: Object.fromEntries(states.map(([{ name }, state]) => [name, state])) }),
    ...(letters && { deadLetters: letters.length, latestDeadLetters: latestOf(letters, ruleSet) }),
    ...(hub && { hub }),
    ...(categories && { categories }),
    ...(noted && {
      unmatchedOperations: noted.unmatchedOperations,
      silence: proofOfSilence({ ...noted, letters, ruleSet }),
    }),
  };
}

const DOES_NOT_ANSWER =
  "Check that the storage account can be reached and that the app may use it: `npx pimwatch doctor` names the setting or right. Events wait in the hub meanwhile.";

function letterProblems({ length }: readonly FoundLetter[]): Problem[] {
  if (length === 0) return [];
  const letters = length < COUNTED ? counted(length, "dead letter") : `${length} or more dead letters`;
  return [
    {
      what: `${letters} ${length === 1 ? "waits" : "wait"} for a person`,
      next: "Read the reasons with `npx pimwatch dead-letters`. After a fix, `npx pimwatch redrive` processes them again, or discards them with a reason.",
    },
  ];
}

/** Latest first; those of an unknown time last. */
function latestOf(letters: readonly FoundLetter[], { rules }: RuleSet): NamedLetter[] {
  return letters
    .toSorted((a, b) => (a.enqueuedTime > b.enqueuedTime ? -1 : 1))
    .slice(0, MOST_NAMED_LETTERS)
    .map(({ name, reason, partition, sequenceNumber, enqueuedTime }) => {
      const blamed = [...(blamedRules(reason) ?? [])].map((id) => rules.find((rule) => rule.id === id)?.name ?? id);
      return { name, reason, rules: blamed, partition, sequenceNumber, enqueuedTime };
    });
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

function outboxProblems(title: string, { pending, refused, failing, oldestSeconds }: OutboxState): Problem[] {
  return [
    // Rows beyond the count may be older, or refused.
    pending + refused >= COUNTED && {
      what: `${COUNTED} rows or more are in the outbox for ${title}`,
      next: WAITING,
    },
    refused > 0 && {
      what: `${title} refused ${counted(refused, "row")}`,
      next: "Read the reasons with `npx pimwatch dead-letters`. After a fix, `npx pimwatch redrive --refused` sends the rows again.",
    },
    failing > 0 && {
      what: `${counted(failing, "row")} ${failing === 1 ? "fails" : "fail"} at ${title} while it accepts others`,
      next: "Read the reasons with `npx pimwatch dead-letters`, and mend the cause within a day. The app sends the rows again until then.",
    },
    oldestSeconds > OUTBOX_LATE_SECONDS && {
      what: `incidents have waited for ${title} for ${oldestSeconds} s`,
      next: WAITING,
    },
  ].filter((problem) => problem !== false);
}

const WAITING =
  "Read the log lines `outbox swept`: `stopped` says why. A 403 is normal for up to 30 minutes after a role assignment.";
