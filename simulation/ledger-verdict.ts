import type { LedgerTable } from "../src/azure/ledger/ledger-table.ts";
import { countOf, type SequenceRange, unionOf } from "../src/core/ledger/sequence-ranges.ts";
import { hasClockJump } from "./plan.ts";
import { isStored, nameOf, storedIncidents } from "./verdict.ts";
import type { SentEvent, World } from "./world.ts";

/**
 * What must hold of the ledger at any moment: what it calls finished is stored, it never forgets that, what it calls lost
 * is no longer in the hub, and what it calls evaluated is stored or named as open.
 *
 * @returns one sentence for each law that is broken
 */
export async function wronglyInLedger(world: World): Promise<string[]> {
  const { hub } = world;
  const { ledger } = await world.observer();
  const stored = storedIncidents(world);
  const isDone = (one: SentEvent): boolean => isStored(one, world, stored);
  const broken: string[] = [];
  for (let id = 0; id < hub.partitionCount; id += 1) {
    const { runs, lost } = await ledger.read(String(id));
    const { createdAt } = hub.state;
    const finished = unionOf(runs.filter(({ enqueuedAt }) => enqueuedAt >= createdAt));
    const lostNow = lost.filter(({ hubCreatedAt }) => hubCreatedAt === createdAt);
    for (const one of eventsOf(id, world)) {
      const isFinished = holds(finished, one);
      if (isFinished && !isDone(one)) broken.push(`${nameOf(one)} counts as finished, but is not stored`);
      if (!isFinished && world.everFinished.has(one)) broken.push(`the ledger forgot that ${nameOf(one)} is finished`);
      if (isFinished) world.everFinished.add(one);
      if (one.gone === "" && holds(lostNow, one)) broken.push(`${nameOf(one)} counts as lost, but the hub has it`);
    }
  }
  return [...broken, ...(await wronglyEvaluated(world, ledger, isDone))];
}

async function wronglyEvaluated(
  world: World,
  ledger: LedgerTable,
  isDone: (one: SentEvent) => boolean,
): Promise<string[]> {
  // A clock that was moved says nothing of what reached the hub before a time.
  if (hasClockJump(world.plan)) return [];
  return (await ledger.statuses()).flatMap(({ partitionId, evaluation }) => {
    const through = Date.parse(evaluation?.through ?? "");
    const open = evaluation?.open ?? [];
    if (Number.isNaN(through) || countOf(open) < (evaluation?.openEvents ?? 0)) return [];
    return eventsOf(Number(partitionId), world)
      .filter((one) => one.gone === "" && one.event.enqueuedTime < through)
      .filter((one) => !holds(open, one) && !isDone(one))
      .map((one) => `${nameOf(one)} counts as evaluated, but is neither stored nor named as open`);
  });
}

/** The events that were sent to a partition of the hub as it is now. */
function eventsOf(id: number, { sent, hub }: World): SentEvent[] {
  return sent.filter((one) => one.partition === id && one.hubCreatedAt === hub.state.createdAt);
}

function holds(ranges: readonly SequenceRange[], { event: { sequenceNumber } }: SentEvent): boolean {
  return ranges.some(({ first, last }) => first <= sequenceNumber && sequenceNumber <= last);
}
