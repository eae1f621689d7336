import type { Model } from "./explore.ts";
import { brokenLaw, type Claim, isGood, refutes } from "./laws.ts";
import { layoutOf } from "./ledger-rows.ts";
import { firstState, keyOf, type State, stateOf, type World } from "./state.ts";
import { allMoves } from "./steps/all-moves.ts";
import type { Move } from "./steps/moves.ts";
import type { Variant } from "./variants.ts";

/** The specification of ledger, outbox and healing in a world. */
export function pipeline(world: World, broken?: Variant): Model<State, Move> {
  const specification = { world, layout: layoutOf(world, broken === "rows of an earlier hub count"), broken };
  return {
    name: world.name,
    first: firstState(world),
    keyOf,
    stateOf,
    movesOf: (state) => allMoves(specification, state),
    brokenLaw: (before, move) => brokenLaw(before, move, specification),
    isGood: (state) => isGood(state, specification),
  };
}

/** The same, to look for a step that shows that something is rightly not promised. */
export function unpromised(world: World, claim: Claim): Model<State, Move> {
  const { isGood: _end, ...model } = pipeline(world);
  const specification = { world, layout: layoutOf(world), broken: undefined };
  return {
    ...model,
    brokenLaw: (before, move) => (refutes(claim, before, { move, specification }) ? claim : undefined),
  };
}
