import { ledgerTable } from "../src/azure/ledger/ledger-table.ts";
import { tableRows } from "../src/azure/tables/table-rows.ts";
import { sha256Hex } from "../src/core/json/content-hash.ts";
import { unionOf } from "../src/core/ledger/sequence-ranges.ts";
import { SECRET } from "./events.ts";
import type { SentEvent, World } from "./world.ts";

/** The rows of the incident table by the first part of their keys, as `<id>|<revision>` or `<id>`. */
function keysOf({ tables }: World, prefix: string, sink?: string): string[] {
  const beginning = [prefix, ...(sink === undefined ? [] : [sink])].join("|");
  return tables.incidents
    .rows()
    .map(({ rowKey }) => String(rowKey))
    .filter((key) => key.startsWith(`${beginning}|`))
    .map((key) => key.slice(beginning.length + 1));
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

function sinksOf({ config }: World): ("log-analytics" | "webhook")[] {
  return config.webhook === undefined ? ["log-analytics"] : ["log-analytics", "webhook"];
}

/** Whether all that must come of an event is there, or all of it has become dead letters. */
export function isStored(
  { incidentIds, letters, mayBeLetters }: SentEvent,
  world: World,
  stored: ReadonlySet<string>,
): boolean {
  const { blobs } = world.letters;
  if (letters.every((name) => blobs.has(name)) && incidentIds.every((id) => stored.has(id))) return true;
  return isQuarantinePossible(world) && mayBeLetters.some((name) => !letters.includes(name) && blobs.has(name));
}

/** Whether so many workers died that an innocent record may have seemed to kill them. */
function isQuarantinePossible({ figures }: World): boolean {
  return figures.crashes >= DEATHS_TO_QUARANTINE;
}

export const nameOf = ({ partition, event }: SentEvent): string => `event ${partition}/${event.sequenceNumber}`;

/**
 * What must hold at any moment, whatever fails: what is acknowledged has arrived, what is finished is stored, an incident
 * is stored whole and only if its event was sent, and no line of the log holds a part of a record.
 *
 * @returns one sentence for each law that is broken
 */
export async function brokenNow(world: World): Promise<string[]> {
  const broken: string[] = [];
  const stored = storedIncidents(world);
  const expected = new Set(world.sent.flatMap(({ incidentIds }) => incidentIds));
  for (const id of stored) if (!expected.has(id)) broken.push(`incident ${id} is stored, but no event of it was sent`);
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
    for (const id of stored)
      if (!known.has(`${id}|1`)) broken.push(`incident ${id} neither waits for ${sink} nor is acknowledged`);
  }
  broken.push(...(await wronglyFinished(world, stored)));
  const done = new Set(world.doneBatches.flatMap((batch) => (batch.leftToHealer ? [] : batch.events)));
  for (const one of world.sent)
    if (done.has(one.event) && !isStored(one, world, stored))
      broken.push(`the invocation of ${nameOf(one)} succeeded, but it is not stored`);
  for (const line of world.log)
    if (line.includes(SECRET)) broken.push(`a line of the log holds a part of a record: ${line}`);
  for (const error of world.bugs)
    broken.push(`a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return broken;
}

/** Events that the ledger calls finished although they are not stored, and events of the hub that it calls lost. */
async function wronglyFinished(world: World, stored: ReadonlySet<string>): Promise<string[]> {
  const { hub, config, sent, tables } = world;
  const ledger = ledgerTable(
    tableRows(tables.ledger.clientWith((_, effect) => Promise.resolve().then(effect))),
    config.auditEvents,
  );
  const broken: string[] = [];
  for (let id = 0; id < hub.partitionCount; id += 1) {
    const { runs, lost } = await ledger.read(String(id));
    const { createdAt } = hub.state;
    const finished = unionOf(runs.filter(({ enqueuedAt }) => enqueuedAt >= createdAt));
    const events = sent.filter((one) => one.partition === id && one.hubCreatedAt === createdAt);
    for (const one of events) {
      const covers = ({ first, last }: { first: number; last: number }) =>
        first <= one.event.sequenceNumber && one.event.sequenceNumber <= last;
      if (finished.some(covers) && !isStored(one, world, stored))
        broken.push(`${nameOf(one)} counts as finished, but is not stored`);
      if (one.gone === "" && lost.some((range) => range.hubCreatedAt === createdAt && covers(range)))
        broken.push(`${nameOf(one)} counts as lost, but the hub has it`);
    }
  }
  return broken;
}

/** What must hold in the end, when everything has worked again for some hours. */
export async function brokenInTheEnd(world: World): Promise<string[]> {
  const { sent, receivers, letters } = world;
  const broken: string[] = [];
  const stored = storedIncidents(world);
  const lost = lostIn(world);
  for (const one of sent) {
    if (isStored(one, world, stored)) continue;
    if (one.gone === "") broken.push(`${nameOf(one)} is lost, although the hub has it`);
    else if (one.gone === "dropped" && !lost.has(`${one.hubCreatedAt}|${one.partition}|${one.event.sequenceNumber}`))
      broken.push(`${nameOf(one)} left the hub before it was stored, and nobody says so`);
  }
  const mayBe = isQuarantinePossible(world) ? ("mayBeLetters" as const) : ("letters" as const);
  const allowed = new Set(sent.flatMap((one) => one[mayBe]));
  for (const [name, { bytes }] of letters.blobs)
    if (!allowed.has(name) || sha256Hex(bytes) !== name) broken.push(`dead letter ${name} is not what was sent`);
  const refused = refusedRows(world);
  for (const sink of sinksOf(world)) {
    for (const id of stored) {
      const isRefused = receivers.refused.has(id);
      if (isRefused !== refused.has(`${sink}|${id}|1`))
        broken.push(`incident ${id} is ${isRefused ? "not " : ""}marked as refused by ${sink}`);
      if (!isRefused && !receivers.arrived[sink].has(`${id}|1`))
        broken.push(`incident ${id} was never sent to ${sink}`);
    }
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
