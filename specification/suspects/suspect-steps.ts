import type { ModelMove } from "../explore.ts";
import {
  changed,
  type Event,
  EVENTS,
  IDLE,
  isQuarantined,
  type Key,
  type Mark,
  type Stage,
  type State,
  withMark,
  type Worker,
} from "./marks.ts";
import type { SuspectVariant, SuspectWorld } from "./suspects.ts";

interface Turn {
  readonly state: State;
  readonly by: 0 | 1;
  readonly world: SuspectWorld;
  readonly broken: SuspectVariant | undefined;
}

interface Call {
  readonly step: string;
  /** The services after the call. */
  readonly after?: State;
  readonly answered: Worker;
  readonly failed: Worker;
}

const meIn = ({ state, by }: Turn): Worker => state.workers[by];

function withWorker(state: State, by: 0 | 1, me: Worker): State {
  return { ...state, workers: by === 0 ? [me, state.workers[1]] : [state.workers[0], me] };
}

/** Every way in which a worker may go on. */
export function suspectMoves(turn: Turn): ModelMove<State>[] {
  const { state, by } = turn;
  const moves = stageMoves(turn);
  if (state.crashes === 0 || meIn(turn).stage === "idle") return moves;
  const next = { ...dead(turn), crashes: state.crashes - 1 };
  return [...moves, { step: "dies of something else", by, of: "", how: "done", isFault: true, next }];
}

/** A worker is dead, and its marks stay. */
function dead({ state, by, broken }: Turn): State {
  const leaves = broken !== "marks are removed before the work";
  const marks = changed(state.marks, (mark) => {
    if (mark.owner !== by || mark.isQuarantined) return mark;
    return leaves ? { ...mark, owner: "dead" } : undefined;
  });
  return withWorker({ ...state, marks }, by, IDLE);
}

function callMoves({ state, by }: Turn, { step, after = state, answered, failed }: Call): ModelMove<State>[] {
  const of = state.workers[by].left[0] ?? "";
  const done = { step, by, of, how: "done", isFault: false, next: withWorker(after, by, answered) };
  if (state.failures === 0) return [done];
  const failures = state.failures - 1;
  const lost = { ...done, how: "fails without effect", isFault: true };
  const late = { ...done, how: "fails after its effect", isFault: true };
  return [
    done,
    { ...lost, next: withWorker({ ...state, failures }, by, failed) },
    { ...late, next: withWorker({ ...after, failures }, by, failed) },
  ];
}

/** Goes on with the next event that is processed alone. */
function nextOf(me: Worker, left: readonly Event[]): Worker {
  if (left.length > 0) return { ...me, stage: "mark event", left };
  return me.hasFailed ? IDLE : { ...IDLE, stage: "finish" };
}

function stageMoves(turn: Turn): ModelMove<State>[] {
  const { state, by, world, broken } = turn;
  const me = meIn(turn);
  const [event = "killer", ...others] = me.left;
  const to = (stage: Stage, more: Partial<Worker> = {}): Worker => ({ ...me, ...more, stage });
  const hasFailed = broken !== "a failed event counts as done";
  const unmarked: Worker = nextOf({ ...me, hasFailed }, others);
  const kills = (what: "body" | "record"): boolean =>
    event === "killer" && !me.known.includes(event) && world.kills === what;
  switch (me.stage) {
    case "idle":
      return state.isDone ? [] : startMoves(turn);
    case "mark together":
      return togetherMoves(turn);
    case "store together":
      return me.known.includes("killer")
        ? storeMoves(turn, EVENTS, { answered: to("unmark together"), failed: to("unmark together", { left: EVENTS }) })
        : deathMoves(turn);
    case "unmark together": {
      const marks = changed(state.marks, (mark, key) =>
        key.startsWith("event ") && mark.owner === by ? undefined : mark,
      );
      const failed = nextOf(me, EVENTS);
      return callMoves(turn, {
        step: "removes both marks",
        after: { ...state, marks },
        answered: nextOf(me, me.left),
        failed,
      });
    }
    case "mark event":
      return markMoves(turn, `event ${event}`, unmarked);
    case "store event":
      if (kills("body") || kills("record")) return deathMoves(turn);
      return storeMoves(turn, [event], { answered: to("unmark event"), failed: to("unmark event", { hasFailed }) });
    case "mark body":
      return markMoves(turn, `body ${event}`, to("unmark event", { hasFailed }));
    case "read body":
      return kills("body")
        ? deathMoves(turn)
        : stageMoves({ ...turn, state: withWorker(state, by, to("unmark body")) });
    case "unmark body":
      return unmarkMoves(turn, `body ${event}`, to("mark record"));
    case "mark record":
      return markMoves(turn, `record ${event}`, to("unmark event", { hasFailed }));
    case "store record":
      if (kills("record")) return deathMoves(turn);
      return storeMoves(turn, [event], { answered: to("unmark record"), failed: to("unmark record", { hasFailed }) });
    case "unmark record":
      return unmarkMoves(turn, `record ${event}`, to("unmark event"));
    case "unmark suspect":
      return unmarkMoves(turn, `${me.suspect} ${event}`, asideOf(turn));
    case "bury":
    case "quarantine":
      return asideMoves(turn);
    case "unmark event":
      return unmarkMoves(turn, `event ${event}`, nextOf(me, others));
    default:
      return callMoves(turn, {
        step: "finishes the batch",
        after: { ...state, isDone: true },
        answered: IDLE,
        failed: IDLE,
      });
  }
}

/** Reads the marks. Events without a mark are processed together, each other event alone. */
function startMoves(turn: Turn): ModelMove<State>[] {
  const { marks } = turn.state;
  const known = EVENTS.filter((event) => isQuarantined(marks, event));
  const isAnyMarked = EVENTS.some((event) => marks[`event ${event}`] !== undefined);
  const together: Worker = { ...IDLE, stage: "mark together", known };
  return callMoves(turn, {
    step: "reads the marks",
    answered: isAnyMarked ? nextOf({ ...IDLE, known }, EVENTS) : together,
    failed: { ...together, known: [] },
  });
}

function togetherMoves(turn: Turn): ModelMove<State>[] {
  const { state, by } = turn;
  const me = meIn(turn);
  const step = "marks both events together";
  if (EVENTS.some((event) => state.marks[`event ${event}`] !== undefined))
    return callMoves(turn, { step, answered: nextOf(me, EVENTS), failed: IDLE });
  const mark: Mark = { owner: by, deaths: 0, isTogether: true, isQuarantined: false };
  const marks = EVENTS.reduce((all, event) => withMark(all, `event ${event}`, mark), state.marks);
  return callMoves(turn, {
    step,
    after: { ...state, marks },
    answered: { ...me, stage: "store together" },
    failed: IDLE,
  });
}

function deathMoves(turn: Turn): ModelMove<State>[] {
  return [{ step: "dies of the killer", by: turn.by, of: "", how: "done", isFault: false, next: dead(turn) }];
}

/** Stores an incident, or a dead letter if a record is known to be in quarantine. */
function storeMoves(turn: Turn, events: readonly Event[], workers: Pick<Call, "answered" | "failed">) {
  const { state } = turn;
  const isLetter = (event: Event): boolean => event === "killer" || meIn(turn).known.includes(event);
  const stored = EVENTS.filter((event) => state.stored.includes(event) || (events.includes(event) && !isLetter(event)));
  const letters = EVENTS.filter(
    (event) => state.letters.includes(event) || (events.includes(event) && isLetter(event)),
  );
  return callMoves(turn, { step: "stores what it found", after: { ...state, stored, letters }, ...workers });
}

const DEATHS_TO_QUARANTINE = 2;

/** Marks something alone. The mark of a dead worker is taken over, and counts as a death if that had marked it alone. */
function markMoves(turn: Turn, key: Key, failed: Worker): ModelMove<State>[] {
  const { state, by, broken } = turn;
  const me = meIn(turn);
  const step = `marks the ${key.split(" ", 1).join()}`;
  const present = state.marks[key];
  const suspect: Worker["suspect"] = me.stage === "mark record" ? "record" : "body";
  if (present?.isQuarantined === true)
    return callMoves(turn, { step, answered: { ...asideOf(turn), suspect }, failed });
  const { owner = by, deaths: before = 0, isTogether = false } = present ?? {};
  // A worker that does something else now had the mark long ago: it is older than any work takes.
  const isLive = owner !== "dead" && owner !== by && state.workers[owner].stage !== "idle";
  if (isLive && broken !== "a mark of a worker that lives counts as a death")
    return callMoves(turn, { step, answered: failed, failed });
  const deaths = before + (owner === by || isTogether ? 0 : 1);
  const marks = withMark(state.marks, key, { owner: by, deaths, isTogether: false, isQuarantined: false });
  const answered: Worker = { ...me, stage: stageBehind(me.stage, deaths, broken), suspect };
  return callMoves(turn, { step, after: { ...state, marks }, answered, failed });
}

function stageBehind(stage: Stage, deaths: number, broken: Turn["broken"]): Stage {
  if (stage === "mark event") return deaths === 0 ? "store event" : "mark body";
  if (deaths >= (broken === "one death is enough for quarantine" ? 1 : DEATHS_TO_QUARANTINE)) return "unmark suspect";
  return stage === "mark body" ? "read body" : "store record";
}

function unmarkMoves(turn: Turn, key: Key, answered: Worker): ModelMove<State>[] {
  const { state, broken } = turn;
  const me = meIn(turn);
  const hasFailed = broken !== "a failed event counts as done";
  const failed: Worker =
    me.stage === "unmark event"
      ? nextOf({ ...me, hasFailed }, me.left.slice(1))
      : { ...me, stage: "unmark event", hasFailed };
  const marks = changed(state.marks, (mark, other) => (other === key ? undefined : mark));
  return callMoves(turn, {
    step: `unmarks the ${key.split(" ", 1).join()}`,
    after: { ...state, marks },
    answered,
    failed,
  });
}

function asideOf(turn: Turn): Worker {
  const isReversed = turn.broken === "a record is quarantined before it is a dead letter";
  return { ...meIn(turn), stage: isReversed ? "quarantine" : "bury" };
}

/** First the dead letter, then the quarantine. */
function asideMoves(turn: Turn): ModelMove<State>[] {
  const { state, by, broken } = turn;
  const me = meIn(turn);
  const [event = "killer"] = me.left;
  const isReversed = broken === "a record is quarantined before it is a dead letter";
  const failed: Worker = { ...me, stage: "unmark event", hasFailed: broken !== "a failed event counts as done" };
  if (me.stage === "bury") {
    const letters = EVENTS.filter((one) => one === event || state.letters.includes(one));
    const answered: Worker = { ...me, stage: isReversed ? "unmark event" : "quarantine" };
    return callMoves(turn, { step: "stores a dead letter", after: { ...state, letters }, answered, failed });
  }
  const mark: Mark = { owner: by, deaths: 0, isTogether: false, isQuarantined: true };
  const marks = withMark(state.marks, `${me.suspect} ${event}`, mark);
  const answered: Worker = { ...me, stage: isReversed ? "bury" : "unmark event" };
  return callMoves(turn, { step: `quarantines the ${me.suspect}`, after: { ...state, marks }, answered, failed });
}
