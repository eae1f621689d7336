import { GOOD_END } from "./explore.ts";
import type { Law } from "./laws.ts";
import type { SMALL_WORLDS } from "./worlds.ts";

interface Expected {
  /** What it must break. */
  readonly law: Law;
  readonly world: keyof typeof SMALL_WORLDS;
}

/** Broken variants of the specification: one for each order of steps and each check that a law depends on. */
export const VARIANTS = {
  "the checkpoint is written before the events are stored": {
    law: "behind the checkpoint all is stored",
    world: "crashes",
  },
  "events count as finished before they are stored": { law: "finished means stored", world: "crashes" },
  "a failed call counts as success": { law: "finished means stored", world: "failures" },
  "events that are left to the healer count as finished": { law: "finished means stored", world: "failures" },
  "rules are noted after the events that they evaluated": {
    law: "finished means evaluated by noted rules",
    world: "crashes",
  },
  "the healer notes no rules before it closes numbers": {
    law: "finished means evaluated by noted rules",
    world: "failures",
  },
  "the incident and its outbox row are two calls": { law: "an incident waits or is acknowledged", world: "crashes" },
  "the outbox row is written before its incident": {
    law: "a waiting or acknowledged row has its incident",
    world: "crashes",
  },
  "a stored incident is stored again": { law: "an acknowledged incident does not wait", world: "crashes" },
  "an incident is acknowledged before it is sent": { law: "acknowledged means arrived", world: "crashes" },
  "the outbox row and the acknowledgement are two calls": {
    law: "an incident waits or is acknowledged",
    world: "crashes",
  },
  "smaller rows are removed before the larger is written": { law: "the ledger forgets nothing", world: "crashes" },
  "a loss is noted before it is reported": { law: "a loss is reported", world: "failures" },
  "the hub is not asked again after reading": { law: "finished means stored", world: "failures" },
  "numbers that were not read again count as holes": { law: "finished means stored", world: "failures" },
  "numbers that were not read again count as lost": { law: "lost means gone from the hub", world: "failures" },
  "rows of an earlier hub count": { law: "finished means stored", world: "new hub" },
  "a hub is created again between two calls of the healer": { law: "the ledger forgets nothing", world: "new hub" },
  "reconciliation reads acknowledgements first and does not look again": {
    law: "only a deleted row is queued again",
    world: "damage",
  },
  "nobody sweeps the outbox": { law: GOOD_END, world: "crashes" },
  "nobody heals": { law: GOOD_END, world: "crashes" },
  "nobody reconciles": { law: GOOD_END, world: "damage" },
} as const satisfies Readonly<Record<string, Expected>>;

export type Variant = keyof typeof VARIANTS;
