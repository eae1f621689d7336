import { GOOD_END } from "./explore.ts";
import { below } from "./ledger-rows.ts";
import type { Move, Specification } from "./steps/moves.ts";
import type { State } from "./state.ts";

type OfState = (state: State, specification: Specification) => boolean;
type OfStep = (before: State, move: Move, specification: Specification) => boolean;

/** What must hold in every state. */
const ALWAYS = {
  "finished means stored": (state, { layout }) => {
    const finished = layout.finished(state.runs, state.hub) & below(layout.sizeOf(state.hub));
    return ((finished << layout.offsetOf(state.hub)) & ~stored(state, layout)) === 0;
  },
  "finished means evaluated by noted rules": ({ runs, hub, rulesNoted }, { layout }) =>
    rulesNoted === 1 || layout.finished(runs, hub) === 0,
  "lost means gone from the hub": (state, { layout }) => {
    const lost = layout.lost(state.lost, state.hub) & ~below(state.oldest);
    return ((lost << layout.offsetOf(state.hub)) & ~layout.holes) === 0;
  },
  "a loss is reported": (state, { layout }) =>
    ((layout.lost(state.lost, state.hub) << layout.offsetOf(state.hub)) & ~state.reported) === 0,
  "an incident waits or is acknowledged": ({ incidents, outbox, acknowledged, damages }, { world }) =>
    damages < world.faults.damages || (incidents & ~(outbox | acknowledged)) === 0,
  "a waiting or acknowledged row has its incident": ({ incidents, outbox, acknowledged }) =>
    ((outbox | acknowledged) & ~incidents) === 0,
  "an acknowledged incident does not wait": ({ outbox, acknowledged, damages }, { world }) =>
    damages < world.faults.damages || (outbox & acknowledged) === 0,
  "acknowledged means arrived": ({ acknowledged, arrived }) => (acknowledged & ~arrived) === 0,
  "behind the checkpoint all is stored": (state, { layout }) => {
    const passed = below(state.checkpoint) & ~below(state.oldest);
    return ((passed << layout.offsetOf(state.hub)) & ~(stored(state, layout) | state.excused)) === 0;
  },
} satisfies Readonly<Record<string, OfState>>;

/** What must hold of every step. */
const STEPWISE = {
  "the ledger forgets nothing": (before, { next }, { layout }) => {
    if (before.hub !== next.hub) return true;
    const [had, has] = [before, next].map(({ runs, lost, hub }) => layout.finished(runs, hub) | layout.lost(lost, hub));
    return ((had ?? 0) & ~(has ?? 0)) === 0;
  },
  "only a deleted row is queued again": (before, { step }, { world }) =>
    step !== "queues an incident again" || before.damages < world.faults.damages,
} satisfies Readonly<Record<string, OfStep>>;

/** What pimwatch does not promise. The checker shows how each comes about. */
const NOT_PROMISED = {
  "a sink gets each incident once": ({ arrived }, { step, how, next }) =>
    step !== "sends an incident" || how !== "done" || next.arrived !== arrived,
  "an event that is reported as lost is not stored": (_, { next }, { layout }) =>
    ((layout.lost(next.lost, next.hub) << layout.offsetOf(next.hub)) & next.incidents) === 0,
} satisfies Readonly<Record<string, OfStep>>;

export type Law = keyof typeof ALWAYS | keyof typeof STEPWISE | typeof GOOD_END;
export type Claim = keyof typeof NOT_PROMISED;
const LAWS_OF_STATES: [Law, OfState][] = entriesOf(ALWAYS);
const LAWS_OF_STEPS: [Law, OfStep][] = entriesOf(STEPWISE);
export const LAWS: readonly Law[] = [...LAWS_OF_STATES, ...LAWS_OF_STEPS].map(([law]) => law).concat(GOOD_END);
export const CLAIMS = entriesOf(NOT_PROMISED).map(([claim]) => claim);

function entriesOf<Name extends string, Check>(checks: Readonly<Record<Name, Check>>): [Name, Check][] {
  const names = Object.keys(checks).filter((name): name is Name => name in checks);
  return names.map((name) => [name, checks[name]]);
}

/** The first law that a step breaks, or the state that it leads to. */
export function brokenLaw(before: State, move: Move, specification: Specification): Law | undefined {
  for (const [law, holds] of LAWS_OF_STEPS) if (!holds(before, move, specification)) return law;
  for (const [law, holds] of LAWS_OF_STATES) if (!holds(move.next, specification)) return law;
  return undefined;
}

/** Whether a step shows that something is rightly not promised. */
export function refutes(claim: Claim, before: State, { move, specification }: Taken): boolean {
  return !NOT_PROMISED[claim](before, move, specification);
}

interface Taken {
  readonly move: Move;
  readonly specification: Specification;
}

/** Events whose incident or dead letter is stored, or that need none. */
function stored({ incidents, letters }: State, { matches, garbage }: Specification["layout"]): number {
  return incidents | letters | ~(matches | garbage);
}

/** Everything is stored or reported as lost, everything stored was sent, and the ledger is closed. */
export function isGood(state: State, { layout }: Specification): boolean {
  const { hub, incidents, outbox, acknowledged, arrived, reported, instances } = state;
  if (outbox !== 0 || incidents !== (acknowledged & arrived) || instances.some(({ role }) => role !== undefined))
    return false;
  const offset = layout.offsetOf(hub);
  const lost = layout.lost(state.lost, hub);
  if (state.next < layout.sizeOf(hub)) return false;
  const all = below(state.next);
  const closed = layout.finished(state.runs, hub) | lost;
  // Events of an earlier hub that is gone are nobody's loss.
  const unstored = (all << offset) & ~stored(state, layout);
  return (all & ~closed) === 0 && (unstored & ~((lost << offset) & reported)) === 0;
}
