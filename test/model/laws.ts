// The pipeline's laws: those that hold at any moment, and those that hold at its end.
import { expect } from "vitest";
import { sha256Hex } from "../../src/core/json/content-hash.ts";
import { countOf, unionOf } from "../../src/core/ledger/sequence-ranges.ts";
import { PARTITION_IDS, type Sent, type World } from "./world.ts";

/** Incident ids by the prefix of their row key, once per row; with the revision if the key has one. */
function keysOf({ incidentRows }: World, prefix: string): string[] {
  const keys = incidentRows.rows().map(({ rowKey }) => String(rowKey));
  return keys
    .filter((key) => key.startsWith(`${prefix}|`))
    .map((key) =>
      key
        .split("|")
        .slice(prefix === "time" ? 2 : 1)
        .join("|"),
    )
    .toSorted();
}

/** Every state of an incident; revisions count from 1. */
function statesOf({ incidentRows }: World): string[] {
  const stored = incidentRows.rows().filter(({ rowKey }) => String(rowKey).startsWith("incident|"));
  return stored.flatMap((row) =>
    Array.from({ length: Number(row["Revision"]) }, (_, index) => `${String(row["IncidentId"])}|${index + 1}`),
  );
}

const withoutSink = (key: string): string => key.slice(key.indexOf("|") + 1);

function isSettled({ incidentIds, isGarbage, event }: Sent, world: World, stored: ReadonlySet<string>): boolean {
  return incidentIds.every((id) => stored.has(id)) && (!isGarbage || world.letters.has(sha256Hex(event.body)));
}

/**
 * At any moment, after any failure: an incident is stored completely, once, and only if it was sent. Each of its states
 * is queued or acknowledged, and acknowledged only if the endpoint accepted it. Events that the ledger calls finished
 * are finished. Events that reached the hub before the time through which the ledger says that they are evaluated are
 * finished, or it says that they are not.
 */
export async function mustHold(world: World): Promise<void> {
  const stored = keysOf(world, "incident");
  expect({ times: keysOf(world, "time"), records: keysOf(world, "record") }).toEqual({
    times: stored,
    records: stored,
  });
  const expected = new Set(world.everSent.flatMap(({ incidentIds }) => incidentIds));
  expect(stored.filter((id) => !expected.has(id))).toEqual([]);

  const waiting = new Set(keysOf(world, "outbox").map(withoutSink));
  const acknowledged = new Set(keysOf(world, "ack").map(withoutSink));
  const astray = statesOf(world).filter((state) => !waiting.has(state) && !acknowledged.has(state));
  expect(astray).toEqual([]);
  expect([...acknowledged].filter((state) => !world.accepted.has(state))).toEqual([]);

  const ids = new Set(stored);
  for (const partitionId of PARTITION_IDS) {
    const { runs, lost } = await world.ledger.read(partitionId);
    const { events, first } = world.partition(partitionId);
    const current = runs.filter(({ enqueuedAt }) => enqueuedAt >= world.hub.createdAt);
    for (const { first: from, last } of unionOf(current))
      for (let number = from; number <= last; number += 1) {
        const sent = events.get(number);
        if (sent !== undefined) expect(isSettled(sent, world, ids), `finished ${partitionId}/${number}`).toBe(true);
      }
    for (const range of lost.filter(({ hubCreatedAt }) => hubCreatedAt === world.hub.createdAt))
      expect(range.last, `lost ${partitionId}/${range.first}-${range.last}`).toBeLessThan(first);
  }

  // A clock that was ever more than a minute ahead of the hub's says nothing of what reached the hub before a time.
  for (const { partitionId, evaluation } of world.hub.isClockTrusted ? await world.ledger.statuses() : []) {
    const through = Date.parse(evaluation?.through ?? "");
    const open = evaluation?.open ?? [];
    if (Number.isNaN(through) || countOf(open) < (evaluation?.openEvents ?? 0)) continue;
    for (const [number, sent] of world.partition(partitionId).events) {
      const reachedHub = Date.parse(sent.event.position.enqueuedTime ?? "");
      if (reachedHub >= through) continue;
      const isKnownOpen = open.some(({ first, last }) => first <= number && number <= last);
      expect(isKnownOpen || isSettled(sent, world, ids), `evaluated ${partitionId}/${number}`).toBe(true);
    }
  }
}

/** After recovery and the timers' runs: everything that the hub still held is stored and forwarded. */
export function mustHoldInTheEnd(world: World): void {
  const stored = new Set(keysOf(world, "incident"));
  const missing = PARTITION_IDS.flatMap((id) => [...world.partition(id).events.values()]).filter(
    (sent) => !isSettled(sent, world, stored),
  );
  expect(missing.map(({ event }) => event.position)).toEqual([]);
  const refused = world.incidentRows
    .rows()
    .filter(({ Refused }) => Refused === true)
    .map(({ rowKey }) => withoutSink(String(rowKey).slice("outbox|".length)));
  const done = new Set([...keysOf(world, "ack").map(withoutSink), ...refused]);
  expect(statesOf(world).filter((state) => !done.has(state))).toEqual([]);
  expect(
    keysOf(world, "outbox")
      .map(withoutSink)
      .filter((state) => !refused.includes(state)),
  ).toEqual([]);
}
