import type { ModelMove } from "../explore.ts";
import type { Layout } from "../ledger-rows.ts";
import type { Instance, State, World } from "../state.ts";
import type { StepName } from "./step-names.ts";
import type { Variant } from "../variants.ts";
import { type Write, written } from "../writes.ts";

export interface Specification {
  readonly world: World;
  readonly layout: Layout;
  readonly broken: Variant | undefined;
}

/** What became of a call. All but `done` are faults. */
type How = "done" | "fails without effect" | "fails after its effect" | "fails, and takes effect later";

export interface Move extends ModelMove<State> {
  readonly step: StepName;
  readonly how: How;
}

/** One instance in a state. */
export interface Turn extends Specification {
  readonly state: State;
  readonly by: 0 | 1;
  readonly me: Instance;
}

export interface Call {
  readonly step: StepName;
  readonly of: string;
  /** Without it, the call only reads. */
  readonly write?: Write;
  /** Bits of `reported` that are set before the call is made. */
  readonly reports?: number;
  /** The instance after the answer. */
  readonly answered: Instance;
  /** The instances that there may be after a failure. */
  readonly failed: readonly Instance[];
}

export function withInstance(state: State, by: 0 | 1, me: Instance): State {
  return { ...state, instances: by === 0 ? [me, state.instances[1]] : [state.instances[0], me] };
}

/** A call that is answered, and each way in which it may fail. */
export function callMoves({ state, by, broken }: Turn, call: Call): Move[] {
  const { step, of, write, reports = 0 } = call;
  const before = reports === 0 ? state : { ...state, reported: state.reported | reports };
  const after = write === undefined ? before : written(before, write);
  const moves: Move[] = [];
  const add = (how: How, services: State, me: Instance): void => {
    const failures = how === "done" ? services.failures : services.failures - 1;
    const next = { ...withInstance(services, by, me), failures };
    moves.push({ step, by, of, how, isFault: how !== "done", next });
  };
  add("done", after, call.answered);
  if (state.failures === 0) return moves;
  for (const me of broken === "a failed call counts as success" ? [call.answered] : call.failed) {
    add("fails without effect", before, me);
    if (write === undefined) continue;
    if (after !== before) add("fails after its effect", after, me);
    if (state.late === 0) add("fails, and takes effect later", { ...before, late: write }, me);
  }
  return moves;
}
