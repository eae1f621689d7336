import { GOOD_END, type Model, type ModelMove } from "../explore.ts";

export interface WindowWorld {
  readonly name: string;
  /** For each event, the instants whose windows hold it. The earliest instant is 0. */
  readonly events: readonly Instants[];
  readonly instants: number;
  /** A call gets no answer, with or without effect, or a worker dies before it. */
  readonly failures: number;
  /** Due rows of one event: an event that is delivered again owes again. More would only be more of the same. */
  readonly mostRows: number;
}

/** From the first to the last, both included. */
type Instants = readonly [first: number, last: number];

export const WINDOW_WORLDS = {
  small: {
    name: "windows: two events, two instants, a failure",
    events: [
      [0, 1],
      [1, 1],
    ],
    instants: 2,
    failures: 1,
    mostRows: 1,
  },
  full: {
    name: "windows: two events, two instants, two failures",
    events: [
      [0, 1],
      [1, 1],
    ],
    instants: 2,
    failures: 2,
    mostRows: 2,
  },
} as const satisfies Readonly<Record<string, WindowWorld>>;

type Stage =
  | "idle"
  | "keep"
  | "owe"
  | "finish"
  | "read due"
  | "read cursor"
  | "begin"
  | "read kept"
  | "store"
  | "advance"
  | "settle";

const WRITES: readonly Stage[] = ["keep", "owe", "finish"];
const EVALUATES: readonly Stage[] = ["read due", "read cursor", "begin", "read kept", "store", "advance", "settle"];

interface Worker {
  readonly stage: Stage;
  /** Of a batch: its event. */
  readonly event: number;
  /** Of an evaluation: the due rows, the cursor and the kept events that it read, and how many instants were due. */
  readonly due: readonly number[];
  readonly cursor: number;
  readonly kept: readonly number[];
  readonly now: number;
}

interface State {
  /** How many instants are over, and five minutes with them. */
  readonly now: number;
  readonly kept: readonly number[];
  /** The events of the due rows, one for each row. */
  readonly due: readonly number[];
  /** The next instant that was never evaluated; NO_CURSOR before the first evaluation. */
  readonly cursor: number;
  readonly finished: readonly number[];
  /** For each instant, the events that its evaluations saw, each as a text. */
  readonly seen: readonly (readonly string[])[];
  readonly failures: number;
  readonly workers: readonly [Worker, Worker];
}

const NO_CURSOR = -1;
const IDLE: Worker = { stage: "idle", event: 0, due: [], cursor: NO_CURSOR, kept: [], now: 0 };

const OWED = "what is finished is evaluated, or owed";
const FORWARD = "a cursor never goes back";

/** Broken variants, each with the law that it must break. */
export const WINDOW_VARIANTS = {
  "an event is finished before its window is owed": OWED,
  "a window is owed before its records are kept": OWED,
  "due rows are removed before the reads": OWED,
  "due rows that came meanwhile are removed": OWED,
  "kept records are read before due rows": OWED,
  "the cursor moves before findings are stored": OWED,
  "an instant is skipped": OWED,
  "a late record owes nothing": OWED,
  "a cursor begins at an instant to come": OWED,
  "a cursor is written without a look at it": FORWARD,
  "due rows are never removed": GOOD_END,
} as const satisfies Readonly<Record<string, string>>;
export type WindowVariant = keyof typeof WINDOW_VARIANTS;

/** The functions that the steps stand for. */
export const WINDOW_FUNCTIONS = [
  "src/azure/windows/kept-table.ts#keptTable.keep",
  "src/azure/windows/kept-table.ts#keptTable.owe",
  "src/azure/windows/kept-table.ts#keptTable.due",
  "src/azure/windows/kept-table.ts#keptTable.settle",
  "src/azure/windows/kept-table.ts#keptTable.cursors",
  "src/azure/windows/kept-table.ts#keptTable.begin",
  "src/azure/windows/kept-table.ts#keptTable.advance",
  "src/azure/windows/kept-table.ts#keptTable.read",
  "src/workflows/windows/run-windows.ts#runWindows",
] as const;

/** The specification of kept records, due rows and cursors: two instances store events and evaluate a window. */
export function windows(world: WindowWorld, broken?: WindowVariant): Model<State> {
  return {
    name: world.name,
    first: {
      now: 0,
      kept: [],
      due: [],
      cursor: NO_CURSOR,
      finished: [],
      seen: Array.from({ length: world.instants }, () => []),
      failures: world.failures,
      workers: [IDLE, IDLE],
    },
    keyOf(state) {
      const [one, other] = state.workers;
      const [key, swapped] = [JSON.stringify(state), JSON.stringify({ ...state, workers: [other, one] })];
      return key <= swapped ? { key, isSwapped: false } : { key: swapped, isSwapped: true };
    },
    stateOf: (key) => JSON.parse(key),
    movesOf: (state) => [
      ...passage(state, world),
      ...([0, 1] as const).flatMap((by) => movesOf({ state, by, world, broken })),
    ],
    brokenLaw(before, { next }) {
      if (next.cursor < before.cursor) return FORWARD;
      return isOwedOrEvaluated(next, world) ? undefined : OWED;
    },
    isGood: ({ now, due, finished, workers }) =>
      now === world.instants &&
      finished.length === world.events.length &&
      due.length === 0 &&
      workers.every(({ stage }) => stage === "idle"),
  };
}

/** For each instant that is over: an evaluation saw all finished events of its window, or one is still to come. */
function isOwedOrEvaluated({ now, finished, seen, due, cursor }: State, { events }: WindowWorld): boolean {
  const isIn = (event: number, instant: number): boolean => {
    const [first = 0, last = 0] = events[event] ?? [];
    return first <= instant && instant <= last;
  };
  return Array.from({ length: now }, (_, instant) => instant).every((instant) => {
    const wanted = finished.filter((event) => isIn(event, instant));
    if (wanted.length === 0 || due.some((event) => isIn(event, instant))) return true;
    if (cursor !== NO_CURSOR && cursor <= instant) return true;
    return (seen[instant] ?? []).some((saw) => wanted.every((event) => saw.includes(String(event))));
  });
}

interface Turn {
  readonly state: State;
  readonly by: 0 | 1;
  readonly world: WindowWorld;
  readonly broken: WindowVariant | undefined;
}

function passage(state: State, { instants }: WindowWorld): ModelMove<State>[] {
  if (state.now === instants) return [];
  const next = { ...state, now: state.now + 1 };
  return [{ step: "an instant is over", by: undefined, of: String(state.now), how: "done", isFault: false, next }];
}

function movesOf(turn: Turn): ModelMove<State>[] {
  const { state, by, world } = turn;
  const me = state.workers[by];
  if (me.stage !== "idle") return callMoves(turn);
  const open = world.events.map((_, event) => event).filter((event) => !state.finished.includes(event));
  const starts = [
    ...open.map((event): Worker => ({ ...IDLE, stage: orderOf(WRITES, turn)[0] ?? "keep", event })),
    { ...IDLE, stage: orderOf(EVALUATES, turn)[0] ?? "read due" },
  ];
  return starts.map((started) => ({
    step: started.stage === "read due" || started.stage === "read kept" ? "begins to evaluate" : "gets an event",
    by,
    of: EVALUATES.includes(started.stage) ? "" : String(started.event),
    how: "done",
    isFault: false,
    next: withWorker(state, by, started),
  }));
}

/** The stages in the order of the code, or in that of a broken variant. */
function orderOf(stages: readonly Stage[], { broken }: Turn): readonly Stage[] {
  if (stages === WRITES) {
    if (broken === "an event is finished before its window is owed") return ["keep", "finish", "owe"];
    return broken === "a window is owed before its records are kept" ? ["owe", "keep", "finish"] : stages;
  }
  switch (broken) {
    case "due rows are removed before the reads":
      return ["read due", "read cursor", "begin", "settle", "read kept", "store", "advance"];
    case "kept records are read before due rows":
      return ["read kept", "read due", "read cursor", "begin", "store", "advance", "settle"];
    case "the cursor moves before findings are stored":
      return ["read due", "read cursor", "begin", "read kept", "advance", "store", "settle"];
    default:
      return stages;
  }
}

/** One call: it is answered, or gets no answer with or without its effect, and then the worker gives up. */
function callMoves(turn: Turn): ModelMove<State>[] {
  const { state, by } = turn;
  const me = state.workers[by];
  const stages = orderOf(WRITES.includes(me.stage) ? WRITES : EVALUATES, turn);
  const stage = stages[stages.indexOf(me.stage) + 1];
  const { after, answered } = effectOf(turn);
  const of = WRITES.includes(me.stage) ? String(me.event) : "";
  const done = { step: me.stage, by, of, how: "done", isFault: false };
  const answer = { ...done, next: withWorker(after, by, stage === undefined ? IDLE : { ...answered, stage }) };
  if (state.failures === 0) return [answer];
  const failures = state.failures - 1;
  return [
    answer,
    { ...done, how: "fails without effect", isFault: true, next: withWorker({ ...state, failures }, by, IDLE) },
    { ...done, how: "fails after its effect", isFault: true, next: withWorker({ ...after, failures }, by, IDLE) },
  ];
}

function withWorker(state: State, by: 0 | 1, me: Worker): State {
  return { ...state, workers: by === 0 ? [me, state.workers[1]] : [state.workers[0], me] };
}

/** What the call changes, and what the worker knows from its answer. */
function effectOf(turn: Turn): { readonly after: State; readonly answered: Worker } {
  const { state, by, world, broken } = turn;
  const me = state.workers[by];
  switch (me.stage) {
    case "keep":
      return { after: { ...state, kept: sorted(new Set([...state.kept, me.event])) }, answered: me };
    case "owe": {
      const isFull = state.due.filter((event) => event === me.event).length === world.mostRows;
      return { after: isFull ? state : { ...state, due: sorted([...state.due, me.event]) }, answered: me };
    }
    case "finish":
      return { after: { ...state, finished: sorted(new Set([...state.finished, me.event])) }, answered: me };
    case "read due":
      return { after: state, answered: { ...me, due: state.due, now: state.now } };
    case "read cursor":
      return { after: state, answered: { ...me, cursor: state.cursor } };
    case "begin": {
      if (me.cursor !== NO_CURSOR) return { after: state, answered: me };
      const isNew = state.cursor === NO_CURSOR;
      const cursor = isNew ? startOf(turn) : state.cursor;
      return { after: { ...state, cursor }, answered: { ...me, cursor } };
    }
    case "read kept":
      return { after: state, answered: { ...me, kept: state.kept } };
    case "store":
      return { after: stored(turn), answered: me };
    case "advance": {
      const next = nextOf(turn);
      const isBehind = broken === "a cursor is written without a look at it" || state.cursor < next;
      return { after: next !== NO_CURSOR && isBehind ? { ...state, cursor: next } : state, answered: me };
    }
    default:
      return { after: settled(turn), answered: me };
  }
}

/** The next instant for an evaluation that has read due rows and cursor. A new cursor begins at no instant to come. */
function startOf({ state, by, world, broken }: Turn): number {
  const { due, cursor, now } = state.workers[by];
  if (cursor !== NO_CURSOR || due.length === 0) return cursor;
  const first = Math.min(...due.map((event) => world.events[event]?.[0] ?? 0));
  return broken === "a cursor begins at an instant to come" ? first : Math.min(first, now);
}

function nextOf(turn: Turn): number {
  const start = startOf(turn);
  const { now } = turn.state.workers[turn.by];
  const skipped = turn.broken === "an instant is skipped" && start !== NO_CURSOR && start < now ? 1 : 0;
  return start === NO_CURSOR ? NO_CURSOR : Math.max(start, now) + skipped;
}

function stored(turn: Turn): State {
  const { state, by, world, broken } = turn;
  const { due, kept, now } = state.workers[by];
  const start = startOf(turn);
  const owed = (instant: number): boolean =>
    broken !== "a late record owes nothing" &&
    due.some((event) => (world.events[event]?.[0] ?? 0) <= instant && instant <= (world.events[event]?.[1] ?? 0));
  const seen = state.seen.map((saw, instant) => {
    const isRun = instant < now && start !== NO_CURSOR && (instant >= start || owed(instant));
    return isRun ? [...new Set([...saw, kept.join("")])].toSorted() : saw;
  });
  return { ...state, seen };
}

function settled({ state, by, broken }: Turn): State {
  if (broken === "due rows are never removed") return state;
  if (broken === "due rows that came meanwhile are removed") return { ...state, due: [] };
  const due = [...state.due];
  for (const event of state.workers[by].due) {
    const place = due.indexOf(event);
    if (place >= 0) due.splice(place, 1);
  }
  return { ...state, due };
}

function sorted(numbers: Iterable<number>): number[] {
  return [...numbers].toSorted((one, other) => one - other);
}
