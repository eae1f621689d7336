import { bit, firstRange, has, lowest, rangeBits } from "../ledger-rows.ts";
import { type Call, callMoves, type Move, type Turn, withInstance } from "./moves.ts";
import { IDLE, type Instance } from "../state.ts";
import { checkpointOf, write } from "../writes.ts";

/** Begins to handle the events that an instance holds, as `handleEvents` does. */
export function begun(turn: Turn, me: Instance): Instance {
  const { matches, garbage } = turn.layout;
  const toStore = { ...me, stage: "store", open: me.held & (matches | garbage), left: 0, unsent: 0 } as const;
  if (turn.broken === "the checkpoint is written before the events are stored" && me.role === "trigger")
    return { ...toStore, stage: "write checkpoint" };
  return turn.broken === "events count as finished before they are stored"
    ? settled(turn, { ...me, stage: "finish", open: me.held, left: 0, unsent: 0 })
    : settled(turn, toStore);
}

/** Goes on to the stage that has something to do. */
export function settled(turn: Turn, me: Instance): Instance {
  const { broken, layout, state } = turn;
  const isReversed = broken === "events count as finished before they are stored";
  if (me.stage === "store" && me.open === 0) {
    if (isReversed) return settled(turn, { ...me, stage: "send" });
    const left = broken === "events that are left to the healer count as finished" ? 0 : me.left;
    return settled(turn, { ...me, stage: "finish", open: me.held & ~left });
  }
  if (me.stage === "finish" && me.open === 0) {
    if (broken === "rules are noted after the events that they evaluated" && state.rulesNoted === 0) return me;
    return isReversed
      ? settled(turn, { ...me, stage: "store", open: me.held & (layout.matches | layout.garbage) })
      : settled(turn, { ...me, stage: "send" });
  }
  if (me.stage !== "send" || me.unsent > 0) return me;
  if (me.role === "trigger")
    return broken === "the checkpoint is written before the events are stored"
      ? IDLE
      : { ...IDLE, role: "trigger", stage: "write checkpoint", hub: me.hub, last: me.last };
  if (me.role !== "healer") return IDLE;
  const close = me.held >> layout.offsetOf(layout.places[lowest(me.held)]?.hub ?? 0);
  return { ...me, stage: "close numbers", open: 0, left: 0, unsent: 0, close };
}

/** Where an instance goes on when the invocation has failed: the host delivers the same batch again. */
export function failedBatch(turn: Turn): Instance {
  return turn.me.role === "trigger" ? begun(turn, turn.me) : IDLE;
}

/** The steps of `handleEvents`, for trigger and healer. */
export function batchMoves(turn: Turn): Move[] {
  const { me } = turn;
  if (me.stage === "store") return storeMoves(turn);
  if (me.stage === "finish") return finishMoves(turn);
  if (me.stage === "second call") {
    const event = lowest(me.open);
    const answered = settled(turn, {
      ...me,
      stage: "store",
      open: me.open & ~bit(event),
      unsent: me.unsent | bit(event),
    });
    const [, second] = storeCalls(turn.broken);
    const step = "stores the other of the two in a call of its own";
    const of = turn.layout.nameOf(event);
    return callMoves(turn, { step, of, write: write(second, event), answered, failed: [failedBatch(turn)] });
  }
  const isEarly = turn.broken === "the checkpoint is written before the events are stored";
  const { matches, garbage } = turn.layout;
  const answered: Instance = isEarly
    ? settled(turn, { ...me, stage: "store", open: me.held & (matches | garbage) })
    : IDLE;
  return callMoves(turn, {
    step: "writes the checkpoint",
    of: `next is ${me.last + 1}`,
    write: write("checkpoint", checkpointOf(me.hub, me.last + 1)),
    answered,
    failed: [answered],
  });
}

/** Incidents first, then dead letters. */
function storeMoves(turn: Turn): Move[] {
  const { me, state, layout, broken } = turn;
  const incidents = me.open & layout.matches;
  const event = lowest(incidents === 0 ? me.open : incidents);
  const open = me.open & ~bit(event);
  const leaving = settled(turn, { ...me, open, left: me.left | bit(event) });
  const failed = me.role === "trigger" ? [failedBatch(turn), leaving] : [IDLE];
  const add = (call: Pick<Call, "step" | "write" | "answered">): Move[] => {
    const moves = callMoves(turn, { ...call, of: turn.layout.nameOf(event), failed });
    // An event that is left to the healer is excused: the checkpoint passes it.
    const excused = (one: Move): Move =>
      one.next.instances[turn.by] === leaving && one.isFault
        ? { ...one, next: { ...one.next, excused: one.next.excused | bit(event) } }
        : one;
    return moves.map(excused);
  };
  if (incidents === 0)
    return add({
      step: "stores a dead letter",
      write: write("dead letter", event),
      answered: settled(turn, { ...me, open }),
    });
  const step = "stores an incident with its outbox row";
  const isKnown = has(state.incidents, event);
  if (broken === "a stored incident is stored again")
    return add({
      step,
      write: write("incident and outbox row in any case", event),
      answered: settled(turn, { ...me, open, unsent: me.unsent | bit(event) }),
    });
  const [first, second] = storeCalls(broken);
  if (second !== first)
    return add({
      step,
      write: write(first, event),
      answered: isKnown ? settled(turn, { ...me, open }) : { ...me, stage: "second call" },
    });
  const unsent = isKnown ? me.unsent : me.unsent | bit(event);
  return add({
    step,
    write: write("incident and outbox row", event),
    answered: settled(turn, { ...me, open, unsent }),
  });
}

/** What is written first and second. In all but two broken variants, one call writes both. */
function storeCalls(broken: Turn["broken"]) {
  if (broken === "the incident and its outbox row are two calls") return ["incident alone", "outbox row"] as const;
  if (broken === "the outbox row is written before its incident") return ["outbox row", "incident alone"] as const;
  return ["incident and outbox row", "incident and outbox row"] as const;
}

/** If the ledger cannot be written, the batch goes on: it is stored. */
function finishMoves(turn: Turn): Move[] {
  const { me, state, layout, broken } = turn;
  const failed = [settled({ ...turn, state: { ...state, rulesNoted: 1 } }, { ...me, open: 0 })];
  const isLate = broken === "rules are noted after the events that they evaluated";
  if (state.rulesNoted === 0 && (!isLate || me.open === 0)) {
    const noted = { ...turn, state: { ...state, rulesNoted: 1 } };
    return callMoves(turn, {
      step: "notes the rules that evaluate",
      of: "",
      write: write("rules"),
      answered: settled(noted, me),
      failed,
    });
  }
  // Another instance has noted the rules meanwhile.
  if (me.open === 0) return batchMoves({ ...turn, me: settled(turn, me) });
  const events = firstRange(me.open);
  const { hub = 0 } = layout.places[events.first] ?? {};
  const offset = layout.offsetOf(hub);
  const numbers = { first: events.first - offset, last: events.last - offset };
  return callMoves(turn, {
    step: "notes finished events",
    of: rangeText(numbers),
    write: write("run", layout.run(numbers, hub)),
    answered: settled(turn, { ...me, open: me.open & ~rangeBits(events.first, events.last) }),
    failed,
  });
}

export function rangeText({ first, last }: { readonly first: number; readonly last: number }): string {
  return first === last ? String(first) : `${first}-${last}`;
}

function eventsText({ layout }: Turn, events: readonly number[]): string {
  return events.map(layout.nameOf).join(", ");
}

/** The host delivers events from the checkpoint on, as many as it likes. */
export function receiveMoves(turn: Turn): Move[] {
  const { state, layout } = turn;
  const offset = layout.offsetOf(state.hub);
  const events = layout.heldBy(state).filter((event) => event - offset >= state.checkpoint);
  return events.map((end, index): Move => {
    const held = events.slice(0, index + 1).reduce((bits, event) => bits | bit(event), 0);
    const me: Instance = { ...IDLE, role: "trigger", hub: state.hub, held, last: end - offset };
    const next = withInstance(state, turn.by, begun(turn, me));
    return {
      step: "receives a batch",
      by: turn.by,
      of: eventsText(turn, events.slice(0, index + 1)),
      how: "done",
      isFault: false,
      next,
    };
  });
}
