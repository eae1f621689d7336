import type { Problem } from "../src/workflows/health/hub-health.ts";
import { isLossKnown, isStored, lostIn, nameOf, refusedRows, storedIncidents } from "./verdict.ts";
import type { World } from "./world.ts";

/** A loss is known by then: ledger-timer runs each minute, waits for a batch that may still end, and may fail for a while. */
const LOSS_IS_KNOWN_AFTER_MS = 30 * 60_000;

/** The healer takes an event over after some minutes, and an abandoned one after a quarter of an hour. */
const STUCK_IS_KNOWN_AFTER_MS = 40 * 60_000;
/** A run of ledger-timer began and ended in it. */
const HUB_OUT_MS = 3 * 60_000;

/** What must hold at any moment: the health is not `ok` while a person should look. */
export async function wronglyHealthy(world: World): Promise<string[]> {
  const { status } = await world.health();
  if (status !== "ok") return [];
  const reasons = [
    ...whatAPersonMustSee(world),
    ...oldLosses(world),
    ...waitingForLong(world),
    ...(await unknownEvents(world)),
  ];
  return reasons.map((reason) => `the health is ok, although ${reason}`);
}

/** What must hold in the end: the health is `ok` if there is nothing that a person should look at. */
export async function wronglyUnhealthy(world: World): Promise<string[]> {
  const { status, problems } = await world.health();
  if (status === "down") return [`the health is down: ${textOf(problems)}`];
  const told = problems.filter(({ what }) => !isSilence(what));
  if (told.length === 0) return [];
  const isExplained = whatAPersonMustSee(world).length > 0 || lostIn(world).size > 0;
  return isExplained ? [] : [`the health is ${status} for no reason: ${textOf(told)}`];
}

/** Nothing is sent for hours in the end, and the health says so. */
function isSilence(what: string): boolean {
  return what.startsWith("no AuditLogs for ");
}

function textOf(problems: readonly Problem[]): string {
  return problems.map(({ what }) => what).join("; ");
}

function whatAPersonMustSee(world: World): string[] {
  const letters = [...world.letters.blobs.keys()].map((name) => `dead letter ${name} waits`);
  return [...letters, ...[...refusedRows(world)].map((row) => `${row} was refused`)];
}

/** Events that cannot be stored. */
function waitingForLong(world: World): string[] {
  const stored = storedIncidents(world);
  return world.sent
    .filter(({ gone, event }) => gone === "" && world.time.now() - event.enqueuedTime > STUCK_IS_KNOWN_AFTER_MS)
    .filter((one) => !isStored(one, world, stored))
    .map((one) => `${nameOf(one)} cannot be stored`);
}

/** Whether nobody knows at all what the hub has. */
async function unknownEvents(world: World): Promise<string[]> {
  const { ledger } = await world.observer();
  const isUnchecked = (await ledger.statuses()).length === 0;
  const { faults, slow } = world.plan;
  const isUnreachable = faults + slow === 0 && world.outFor("table") === 0 && world.outFor("hub") > HUB_OUT_MS;
  return [
    ...(isUnchecked ? ["the ledger was never checked"] : []),
    ...(isUnreachable ? ["the hub cannot be reached"] : []),
  ];
}

function oldLosses(world: World): string[] {
  const stored = storedIncidents(world);
  return world.sent
    .filter((one) => isLossKnown(one, world) && world.time.now() - one.droppedAt > LOSS_IS_KNOWN_AFTER_MS)
    .filter((one) => !isStored(one, world, stored))
    .map((one) => `${nameOf(one)} was lost`);
}
