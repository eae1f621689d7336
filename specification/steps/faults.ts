import { bit, indexesOf, rangeBits } from "../ledger-rows.ts";
import { type Move, type Specification, withInstance } from "./moves.ts";
import { firstNext, IDLE, type State } from "../state.ts";
import type { StepName } from "./step-names.ts";
import { written } from "../writes.ts";

/** What may happen to instances and services at any moment, as often as the world allows. */
export function faultMoves({ world, layout, broken }: Specification, state: State): Move[] {
  const moves: Move[] = [];
  const add = (step: StepName, next: State, how: Partial<Move> = {}): void =>
    void moves.push({ step, by: undefined, of: "", how: "done", isFault: true, next, ...how });
  const size = state.next;
  if (size < layout.sizeOf(state.hub))
    add("an event reaches the hub", { ...state, next: size + 1 }, { isFault: false });
  if (state.late > 0) add("a late write takes effect", { ...written(state, state.late), late: 0 }, { isFault: false });
  if (state.crashes > 0)
    for (const by of [0, 1] as const)
      if (state.instances[by].role !== undefined)
        add("dies", withInstance({ ...state, crashes: state.crashes - 1 }, by, IDLE), { by });
  if (state.drops > 0 && state.oldest < size)
    add("retention drops the oldest event", { ...state, drops: state.drops - 1, oldest: state.oldest + 1 });
  if (state.jumps > 0)
    for (let next = 0; next <= size; next += 1) {
      if (next === state.checkpoint) continue;
      const skipped = next > state.checkpoint ? rangeBits(state.checkpoint, next - 1) << layout.offsetOf(state.hub) : 0;
      const excused = state.excused | skipped;
      add(
        "the checkpoint jumps",
        { ...state, jumps: state.jumps - 1, checkpoint: next, excused },
        { of: `to ${next}` },
      );
    }
  // That takes longer than it takes the healer to read the ledger once it knows the hub.
  const isRead = state.instances.every(({ stage }) => stage !== "read ledger");
  const mayRecreate = isRead || broken === "a hub is created again between two calls of the healer";
  if (state.recreations > 0 && state.hub + 1 < layout.hubs && mayRecreate)
    add("the hub is created again", {
      ...state,
      recreations: state.recreations - 1,
      hub: state.hub + 1,
      next: firstNext(world, state.hub + 1),
      oldest: 0,
      checkpoint: 0,
    });
  if (state.damages > 0)
    for (const event of indexesOf(state.outbox))
      add(
        "an outbox row is deleted by hand",
        { ...state, damages: state.damages - 1, outbox: state.outbox & ~bit(event) },
        { of: layout.nameOf(event) },
      );
  return moves;
}
