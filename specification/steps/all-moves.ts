import { batchMoves, receiveMoves } from "./batch.ts";
import { deliverMoves, reconcileMoves, sweepMoves } from "./delivery.ts";
import { faultMoves } from "./faults.ts";
import { healerMoves } from "./healer.ts";
import type { Move, Specification, Turn } from "./moves.ts";
import type { State } from "../state.ts";
import type { Variant } from "../variants.ts";
import type { Role } from "./step-names.ts";

/** Every way in which a state may go on. */
export function allMoves(specification: Specification, state: State): Move[] {
  const moves = faultMoves(specification, state);
  for (const by of [0, 1] as const)
    moves.push(...instanceMoves({ ...specification, state, by, me: state.instances[by] }));
  return moves;
}

function instanceMoves(turn: Turn): Move[] {
  const { role, stage } = turn.me;
  if (role === undefined) return startMoves(turn);
  switch (stage) {
    case "store":
    case "finish":
    case "second call":
    case "write checkpoint":
      return batchMoves(turn);
    case "send":
    case "acknowledge":
    case "acknowledge alone":
    case "remove from outbox":
      return deliverMoves(turn);
    default:
      return role === "healer" ? healerMoves(turn) : reconcileMoves(turn);
  }
}

/** An idle instance may begin anything. */
function startMoves(turn: Turn): Move[] {
  // Two idle instances are alike, so only one of them begins.
  if (turn.by === 1 && turn.state.instances[0].role === undefined) return [];
  const starts = { trigger: receiveMoves, healer: healerMoves, sweep: sweepMoves, reconciliation: reconcileMoves };
  return turn.world.roles.filter((role) => !isOff(role, turn)).flatMap((role) => starts[role](turn));
}

function isOff(role: Role, { broken }: Turn): boolean {
  return broken !== undefined && OFF.get(broken) === role;
}

const OFF = new Map<Variant, Role>([
  ["nobody sweeps the outbox", "sweep"],
  ["nobody heals", "healer"],
  ["nobody reconciles", "reconciliation"],
]);
