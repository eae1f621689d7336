import { bit, has } from "./ledger-rows.ts";
import type { State } from "./state.ts";

/** Every call that changes a service. Each takes effect as a whole or not at all. */
const KINDS = [
  "incident and outbox row",
  "outbox row",
  "dead letter",
  "rules",
  "run",
  "loss",
  "sent",
  "outbox row to acknowledgement",
  "acknowledgement",
  "no run",
  "no loss",
  "checkpoint",
  // Of broken variants only:
  "incident and outbox row in any case",
  "incident alone",
  "no outbox row",
] as const;
type WriteKind = (typeof KINDS)[number];

/** A write as one number above 0, so that a state can hold it. */
export type Write = number;

const MOST = 32;

/** @param of the event or the row that it is about; for a checkpoint, see `checkpointOf` */
export function write(kind: WriteKind, of = 0): Write {
  return (KINDS.indexOf(kind) + 1) * MOST + of;
}

/** The host writes the checkpoint of a hub, not of one that was created again since. */
export function checkpointOf(hub: number, next: number): number {
  return hub * 8 + next;
}

/** What the services hold after a write. */
export function written(state: State, one: Write): State {
  const of = one % MOST;
  const { incidents, outbox, acknowledged } = state;
  const kind = KINDS[Math.floor(one / MOST) - 1];
  switch (kind) {
    case "incident and outbox row":
      return has(incidents, of) ? state : { ...state, incidents: incidents | bit(of), outbox: outbox | bit(of) };
    case "incident and outbox row in any case":
      return { ...state, incidents: incidents | bit(of), outbox: outbox | bit(of) };
    case "incident alone":
      return { ...state, incidents: incidents | bit(of) };
    case "outbox row":
      return { ...state, outbox: outbox | bit(of) };
    case "dead letter":
      return { ...state, letters: state.letters | bit(of) };
    case "rules":
      return { ...state, rulesNoted: 1 };
    case "run":
      return { ...state, runs: state.runs | bit(of) };
    case "loss":
      return { ...state, lost: state.lost | bit(of) };
    case "sent":
      return { ...state, arrived: state.arrived | bit(of) };
    case "outbox row to acknowledgement":
      if (!has(outbox, of)) return state;
      return { ...state, outbox: outbox & ~bit(of), acknowledged: acknowledged | bit(of) };
    case "acknowledgement":
      return { ...state, acknowledged: acknowledged | bit(of) };
    case "no outbox row":
      return { ...state, outbox: outbox & ~bit(of) };
    case "no run":
      return { ...state, runs: state.runs & ~bit(of) };
    case "no loss":
      return { ...state, lost: state.lost & ~bit(of) };
    case "checkpoint":
      return Math.floor(of / 8) === state.hub ? { ...state, checkpoint: of % 8 } : state;
    default:
      throw new Error(`${one} is no write`);
  }
}
