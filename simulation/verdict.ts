import { sha256Hex } from "../src/core/json/content-hash.ts";
import type { SinkName } from "../src/core/incident/sinks.ts";
import { SECRET } from "./events.ts";
import type { MadeEvent } from "./events.ts";
import { hasClockJump, hasPoison, isCalm } from "./plan.ts";
import { windowIds } from "./window-verdict.ts";
import type { SentEvent, World } from "./world.ts";

/** The rows of the incident table by the first part of their keys, as `<id>|<revision>` or `<id>`. */
function keysOf({ incidentRows }: World, prefix: string, sink?: string): string[] {
  const beginning = [prefix, ...(sink === undefined ? [] : [sink])].join("|");
  return incidentRows(beginning).map(({ rowKey }) => String(rowKey).slice(beginning.length + 1));
}

/** See workflows/detection/detect-guarded.ts. */
const DEATHS_TO_QUARANTINE = 2;

/** The ids of the incidents that are stored. */
export function storedIncidents(world: World): Set<string> {
  return new Set(keysOf(world, "incident"));
}

/** The outbox rows that a sink refused, as `<sink>|<id>|<revision>`. */
export function refusedRows({ tables }: World): Set<string> {
  const refused = tables.incidents.rows().filter((row) => row["Refused"] === true);
  return new Set(refused.map((row) => String(row["rowKey"]).slice("outbox|".length)));
}

function sinksOf({ config }: World): SinkName[] {
  return config.webhook === undefined ? ["log-analytics"] : ["log-analytics", "webhook"];
}

/** What a sink must get, as `<incident id>|<revision>`: all states of the stored incidents, or the first of each. */
function statesFor(sink: SinkName, { incidentRows }: World): string[] {
  return incidentRows("incident").flatMap((row) => {
    const revisions = sink === "webhook" ? 1 : Number(row["Revision"]);
    return Array.from({ length: revisions }, (_, index) => `${String(row["IncidentId"])}|${index + 1}`);
  });
}

const withoutPadding = (key: string): string => key.replace(/\|0+(?=\d+$)/, "|");
const incidentOf = (state: string): string => state.slice(0, state.indexOf("|"));

/** Whether all that must come of an event is there, or what is missing has become a dead letter as it should or may. */
export function isStored(one: SentEvent, world: World, stored: ReadonlySet<string>): boolean {
  const { incidents, letters, mayBeLetters } = one;
  const { blobs } = world.letters;
  const isKept = ({ id, letter }: MadeEvent["incidents"][number]): boolean =>
    world.untaken.refused.has(id) ? blobs.has(letter) : stored.has(id);
  if (letters.every((name) => blobs.has(name)) && incidents.every(isKept)) return true;
  if (isGivenUp(one, world) && blobs.has(sha256Hex(one.body))) return true;
  return isQuarantinePossible(world) && mayBeLetters.some((name) => !letters.includes(name) && blobs.has(name));
}

/** Whether the table fails for an incident of the event for so long that the whole event must become a dead letter. */
function isGivenUp({ incidents }: SentEvent, { plan, untaken }: World): boolean {
  return plan.isLong && incidents.some(({ id }) => untaken.failing.has(id));
}

/**
 * Whether so many workers died that an innocent record may have seemed to kill them. A worker that dies of poison may
 * process an innocent record of another partition, or for a timer.
 */
function isQuarantinePossible({ figures, plan }: World): boolean {
  return figures.kills >= DEATHS_TO_QUARANTINE || (hasPoison(plan) && (plan.partitions > 1 || figures.healed > 0));
}

/** Whether the event, or a record of it that should not, became a dead letter. */
function isPutAside({ letters, mayBeLetters }: SentEvent, world: World): boolean {
  return mayBeLetters.some((name) => !letters.includes(name) && world.letters.blobs.has(name));
}

/** Whether the event reached the hub so long after the time of its records that no window holds them. */
function isTooLate({ event }: SentEvent, { start }: World): boolean {
  return event.enqueuedTime - start > LATEST_MS;
}
const LATEST_MS = 23 * 3_600_000;

/**
 * A record may kill this many workers and hosts before it is quarantined. A handful is usual. There are some 80 deaths if a
 * worker that marked the record ran on a machine that is gone: other workers respect its mark for 15 minutes.
 */
const MOST_DEATHS = 200;

/** Every record that was received has one fate. */
function isConserved(batch: Readonly<Record<"received" | (typeof FATES)[number], number>>): boolean {
  return batch.received === FATES.reduce((sum, fate) => sum + batch[fate], 0);
}
const FATES = ["matched", "notMatched", "otherCategory", "recordsSkippedByScan", "deadLettered"] as const;

export const nameOf = ({ partition, event }: SentEvent): string => `event ${partition}/${event.sequenceNumber}`;

/**
 * What must hold at any moment, whatever fails: what is acknowledged has arrived, what is finished is stored, an incident
 * is stored whole and only if its event was sent, and no line of the log holds a part of a record.
 *
 * @returns one sentence for each law that is broken
 */
export function brokenNow(world: World): string[] {
  const broken: string[] = [];
  const stored = storedIncidents(world);
  const expected = new Set(world.sent.flatMap(({ incidents }) => incidents.map(({ id }) => id)));
  const others = [...stored].filter((id) => !expected.has(id));
  const ofSeveral = others.length === 0 ? new Set() : windowIds(world.sent, world);
  for (const id of others) if (!ofSeveral.has(id)) broken.push(`incident ${id} is stored, but no event of it was sent`);
  const listed = new Set(keysOf(world, "time").map((key) => key.slice(key.indexOf("|") + 1)));
  const kept = new Set(keysOf(world, "record"));
  for (const id of stored)
    if (!listed.has(id) || !kept.has(id))
      broken.push(`incident ${id} is stored without its record or its row in the list`);
  for (const sink of sinksOf(world)) {
    const waiting = new Set(keysOf(world, "outbox", sink));
    const acknowledged = keysOf(world, "ack", sink);
    for (const key of acknowledged)
      if (!world.receivers.arrived[sink].has(key)) broken.push(`${key} is acknowledged by ${sink}, which never got it`);
    const known = new Set([...acknowledged, ...waiting]);
    for (const state of statesFor(sink, world))
      if (!known.has(state) && !world.deleted.has(`${sink}|${state}`))
        broken.push(`${state} neither waits for ${sink} nor is acknowledged`);
  }
  const states = new Set(statesFor("log-analytics", world));
  const history = new Set(keysOf(world, "history").map(withoutPadding));
  for (const change of world.confirmed)
    if (!states.has(change) || !history.has(change))
      broken.push(`the change ${change} was confirmed, but is not stored`);
  const done = new Set(world.doneBatches.flatMap((batch) => (batch.leftToHealer ? [] : batch.events)));
  for (const one of world.sent)
    if (done.has(one.event) && !isStored(one, world, stored))
      broken.push(`the invocation of ${nameOf(one)} succeeded, but it is not stored`);
  for (const line of world.log) {
    if (line.includes(SECRET)) broken.push(`a line of the log holds a part of a record: ${line}`);
    if (!/^\{[^\n]*\}$/.test(line)) broken.push(`a line of the log is no JSON object: ${line}`);
    else if (line.startsWith('{"event":"batch detected"') && !isConserved(JSON.parse(line)))
      broken.push(`the figures of a batch do not add up: ${line}`);
  }
  const deaths = world.figures.crashes - world.figures.kills;
  if (deaths > MOST_DEATHS) broken.push(`${deaths} processes died by themselves: something kills them again and again`);
  for (const error of world.bugs)
    broken.push(`a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return broken;
}

/** What must hold while single incidents fail and all else has worked for a while: all others are through. */
export function heldUp(world: World): string[] {
  if (hasClockJump(world.plan)) return []; // a row that was queued in the future may wait for it for an hour
  if (hasPoison(world.plan)) return []; // each death of a worker may hold up its batch for as long as a worker counts as alive
  const stored = storedIncidents(world);
  const { receivers, untaken } = world;
  const broken = world.sent
    .filter(({ gone, incidents }) => gone === "" && !incidents.some(({ id }) => untaken.failing.has(id)))
    .filter((one) => !isStored(one, world, stored))
    .map((one) => `${nameOf(one)} is held up by another`);
  for (const sink of sinksOf(world))
    for (const state of statesFor(sink, world)) {
      const isTakenBySink = !receivers.failing.has(incidentOf(state)) && !receivers.refused.has(incidentOf(state));
      if (isTakenBySink && !receivers.arrived[sink].has(state) && !world.deleted.has(`${sink}|${state}`))
        broken.push(`${state} is held up by another on its way to ${sink}`);
    }
  return broken;
}

/** What must hold when single incidents have failed for more than a day: none of them is tried any more, or lost. */
export function notGivenUp(world: World): string[] {
  const stored = storedIncidents(world);
  return world.sent
    .filter((one) => isGivenUp(one, world) && !isStored(one, world, stored))
    .filter(({ gone, droppedAt }) => gone === "" || (gone === "dropped" && droppedAt > world.end)) // not dropped too early
    .map((one) => `${nameOf(one)} could not be stored for a day, and is no dead letter`);
}

/** Whether the ledger must know that the event was lost: it expects what the hub holds from its first check on. */
export function isLossKnown({ gone, droppedAt }: SentEvent, { ledgerChecks: [first = Infinity] }: World): boolean {
  return gone === "dropped" && droppedAt > first;
}

/** What must hold in the end, when everything has worked again for some hours. */
export function brokenInTheEnd(world: World): string[] {
  const { plan, sent, receivers, letters } = world;
  const broken: string[] = [];
  const stored = storedIncidents(world);
  const lost = lostIn(world);
  for (const one of sent) {
    if (isStored(one, world, stored)) continue;
    if (one.gone === "") broken.push(`${nameOf(one)} is lost, although the hub has it`);
    else if (isLossKnown(one, world) && !lost.has(`${one.hubCreatedAt}|${one.partition}|${one.event.sequenceNumber}`))
      broken.push(`${nameOf(one)} left the hub before it was stored, and nobody says so`);
  }
  // Of an event that became a dead letter or left the hub nobody knows whether it was kept before.
  const surelyKept = sent.filter(
    (one) => one.gone === "" && isStored(one, world, stored) && !isPutAside(one, world) && !isTooLate(one, world),
  );
  for (const id of windowIds(surelyKept, world))
    if (!stored.has(id)) broken.push(`incident ${id} of several events was never stored`);
  const mayBe = isQuarantinePossible(world) ? ("mayBeLetters" as const) : ("letters" as const);
  const ofRefused = sent.flatMap(({ incidents }) => incidents.filter(({ id }) => world.untaken.refused.has(id)));
  const givenUp = sent.filter((one) => isGivenUp(one, world));
  const allowed = new Set([
    ...sent.flatMap((one) => one[mayBe]),
    ...ofRefused.map(({ letter }) => letter),
    ...givenUp.map(({ body }) => sha256Hex(body)),
  ]);
  for (const [name, { bytes }] of letters.blobs)
    if (!allowed.has(name) || sha256Hex(bytes) !== name) broken.push(`dead letter ${name} is not what was sent`);
  const refused = refusedRows(world);
  for (const sink of sinksOf(world)) {
    const states = statesFor(sink, world);
    for (const [index, state] of states.entries()) {
      const isLatest = incidentOf(states[index + 1] ?? "") !== incidentOf(state);
      // Of an incident whose row was deleted, only the latest state is sent again.
      if (world.deleted.has(`${sink}|${state}`) && !isLatest) continue;
      const isRefused =
        receivers.refused.has(incidentOf(state)) || (plan.isLong && receivers.failing.has(incidentOf(state)));
      if (isRefused !== refused.has(`${sink}|${state}`))
        broken.push(`${state} is ${isRefused ? "not " : ""}marked as refused by ${sink}`);
      if (!isRefused && !receivers.arrived[sink].has(state)) broken.push(`${state} was never sent to ${sink}`);
    }
    if (isCalm(plan))
      for (const [state, times] of receivers.arrived[sink])
        if (times > 1) broken.push(`${state} was sent to ${sink} ${times} times, although nothing failed`);
    for (const key of keysOf(world, "outbox", sink))
      if (!refused.has(`${sink}|${key}`)) broken.push(`${key} still waits for ${sink}`);
  }
  return broken;
}

/** The events that the log reports as lost. */
export function lostIn({ log, hub }: World): Set<string> {
  const lost = new Set<string>();
  for (const line of log) {
    if (!line.includes('"event":"events lost"')) continue;
    const { partitionId, first, last, hubCreatedAt = hub.state.createdAt }: Lost = JSON.parse(line);
    for (let number = first; number <= last; number += 1) lost.add(`${hubCreatedAt}|${partitionId}|${number}`);
  }
  return lost;
}

interface Lost {
  readonly partitionId: string;
  readonly first: number;
  readonly last: number;
  readonly hubCreatedAt?: number;
}

/** Rows that a sink got more than once. */
export function sentAgain(world: World): number {
  return sinksOf(world).reduce(
    (sum, sink) => sum + [...world.receivers.arrived[sink].values()].reduce((more, times) => more + times - 1, 0),
    0,
  );
}
