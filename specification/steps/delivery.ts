import { failedBatch, settled } from "./batch.ts";
import { bit, has, lowest } from "../ledger-rows.ts";
import { callMoves, type Move, type Turn } from "./moves.ts";
import { IDLE, type Instance } from "../state.ts";
import { write } from "../writes.ts";

/** The steps of `deliver`: for new incidents, and for those that the sweep found. */
export function deliverMoves(turn: Turn): Move[] {
  const { me, state, broken } = turn;
  const event = lowest(me.unsent);
  const done = settled(turn, { ...me, stage: "send", unsent: me.unsent & ~bit(event) });
  // A row that cannot be marked fails the invocation in the end; the sweep goes on with the next row.
  const unmarked = [me.role === "sweep" ? done : failedBatch(turn)];
  const isReversed = broken === "an incident is acknowledged before it is sent";
  if (me.stage === "send" && !(isReversed && !has(state.acknowledged, event)))
    return callMoves(turn, {
      step: "sends an incident",
      of: turn.layout.nameOf(event),
      write: write("sent", event),
      answered: isReversed ? done : { ...me, stage: "acknowledge" },
      failed: [done],
    });
  if (me.stage === "remove from outbox")
    return callMoves(turn, {
      step: "removes a row from the outbox in a call of its own",
      of: turn.layout.nameOf(event),
      write: write("no outbox row", event),
      answered: { ...me, stage: "acknowledge alone" },
      failed: unmarked,
    });
  const sent: Instance = isReversed ? { ...me, stage: "send" } : done;
  if (me.stage === "acknowledge alone")
    return callMoves(turn, {
      step: "writes an acknowledgement alone",
      of: turn.layout.nameOf(event),
      write: write("acknowledgement", event),
      answered: sent,
      failed: unmarked,
    });
  if (broken === "the outbox row and the acknowledgement are two calls")
    return deliverMoves({ ...turn, me: { ...me, stage: "remove from outbox" } });
  return callMoves(turn, {
    step: "moves a row from the outbox to the acknowledgements",
    of: turn.layout.nameOf(event),
    write: write("outbox row to acknowledgement", event),
    // Without the outbox row, the transaction does nothing.
    answered: has(state.outbox, event) ? sent : { ...me, stage: "acknowledge alone" },
    failed: unmarked,
  });
}

/** The sweep reads the outbox. However young a row is, it may be read. */
export function sweepMoves(turn: Turn): Move[] {
  const { outbox } = turn.state;
  if (outbox === 0) return [];
  const answered: Instance = { ...IDLE, role: "sweep", stage: "send", unsent: outbox };
  return callMoves(turn, { step: "reads the outbox", of: "", answered, failed: [] });
}

/** The steps of `reconcile`: accounts of all incidents first, and then another look at each that is missing. */
export function reconcileMoves(turn: Turn): Move[] {
  const { me, state, broken } = turn;
  const isCareless = broken === "reconciliation reads acknowledgements first and does not look again";
  const read = (step: Move["step"], answered: Instance): Move[] =>
    callMoves(turn, { step, of: "", answered, failed: [IDLE] });
  const start = { ...IDLE, role: "reconciliation", open: state.incidents } as const;
  const looking = (open: number): Instance =>
    open === 0 ? IDLE : { ...me, open, stage: isCareless ? "queue again" : "look for outbox row" };
  if (me.stage === "idle") {
    if (state.incidents === 0) return [];
    const stage = isCareless ? "look up acknowledgements" : "look up outbox";
    return read("reads the incidents", { ...start, stage });
  }
  if (me.stage === "look up outbox") {
    const open = me.open & ~state.outbox;
    const next: Instance = { ...me, open, stage: "look up acknowledgements" };
    return read("reads which incidents wait", isCareless ? looking(open) : next);
  }
  if (me.stage === "look up acknowledgements") {
    const open = me.open & ~state.acknowledged;
    const next: Instance = { ...me, open, stage: "look up outbox" };
    return read("reads which incidents are acknowledged", isCareless ? next : looking(open));
  }
  const event = lowest(me.open);
  const rest = looking(me.open & ~bit(event));
  const look = (step: Move["step"], found: boolean, stage: Instance["stage"]): Move[] =>
    callMoves(turn, { step, of: turn.layout.nameOf(event), answered: found ? rest : { ...me, stage }, failed: [rest] });
  if (me.stage === "look for outbox row")
    return look("looks for the outbox row", has(state.outbox, event), "look for acknowledgement");
  if (me.stage === "look for acknowledgement")
    return look("looks for the acknowledgement", has(state.acknowledged, event), "queue again");
  return callMoves(turn, {
    step: "queues an incident again",
    of: turn.layout.nameOf(event),
    write: write("outbox row", event),
    answered: rest,
    failed: [rest],
  });
}
