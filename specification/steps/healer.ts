import { begun, rangeText } from "./batch.ts";
import { below, bit, boundsOf, firstRange, indexesOf, lowest, rangeBits } from "../ledger-rows.ts";
import { callMoves, type Move, type Turn } from "./moves.ts";
import { type Bits, IDLE, type Instance } from "../state.ts";
import { write } from "../writes.ts";

/** The steps of the ledger's timer: `checkLedger`, `partitionHealer` and `healChunk`. */
export function healerMoves(turn: Turn): Move[] {
  const { me, state } = turn;
  const read = (step: Move["step"], answered: Instance): Move[] =>
    callMoves(turn, { step, of: "", answered, failed: [IDLE] });
  switch (me.stage) {
    case "idle":
      return read("asks which hub it is", { ...IDLE, role: "healer", stage: "read ledger", hub: state.hub });
    case "read ledger":
      return read("reads the ledger", { ...me, stage: "ask hub", runs: state.runs, lost: state.lost });
    case "ask hub":
      return read("asks which numbers the hub has", assessed(turn));
    case "write larger rows":
    case "remove smaller rows":
      return compactMoves(turn);
    case "note loss":
      return lossMoves(turn);
    case "read again":
      return readMoves(turn);
    case "close numbers": {
      if (state.rulesNoted === 0 && turn.broken !== "the healer notes no rules before it closes numbers")
        return callMoves(turn, {
          step: "notes the rules that evaluate",
          of: "",
          write: write("rules"),
          answered: me,
          failed: [IDLE],
        });
      const run = firstRange(me.close);
      const hub = turn.layout.places[lowest(me.held)]?.hub ?? 0;
      return callMoves(turn, {
        step: "notes numbers that were read again",
        of: rangeText(run),
        write: write("run", turn.layout.run(run, hub)),
        answered: closed(turn, { ...me, close: me.close & ~rangeBits(run.first, run.last) }),
        failed: [IDLE],
      });
    }
    case "ask hub again":
      return read("asks again which numbers the hub has", holesOf(turn, state.oldest));
    case "settle holes":
      return me.gone > 0 ? lossMoves(turn) : holeMoves(turn);
    default:
      throw new Error(`the healer has no stage ${me.stage}`);
  }
}

/** What `assessLedger` and `workOf` make of the ledger as it was read and of the hub as it is. */
function assessed({ me, state, layout, broken }: Turn): Instance {
  const found = layout.assess(me.runs, me.lost, me.hub, boundsOf(state));
  const { unfinished, newRuns: runs, newLost: lost, oldRuns, oldLost } = found;
  const gone = unfinished & below(state.oldest);
  const work = unfinished & ~gone;
  return compacted({ ...me, runs, lost, oldRuns, oldLost, gone, work, oldest: state.oldest }, broken);
}

/** Goes on to the stage that has something to do: larger rows, smaller rows, losses, events. */
function compacted(me: Instance, broken: Turn["broken"]): Instance {
  const [isWriting, isRemoving] = [(me.runs | me.lost) > 0, (me.oldRuns | me.oldLost) > 0];
  const isReversed = broken === "smaller rows are removed before the larger is written";
  if (isWriting && !(isReversed && isRemoving)) return { ...me, stage: "write larger rows" };
  if (isRemoving) return { ...me, stage: "remove smaller rows" };
  if (me.gone > 0) return { ...me, stage: "note loss" };
  return nextChunk(me);
}

function nextChunk({ work, hub, oldest }: Instance): Instance {
  if (work === 0) return IDLE;
  return { ...IDLE, role: "healer", stage: "read again", hub, work, oldest, ...firstRange(work) };
}

/** One row after the other is written. Then rows are removed, many at a time, so in any order. */
function compactMoves(turn: Turn): Move[] {
  const { me, layout, broken } = turn;
  const answered = (change: Partial<Instance>): Instance => compacted({ ...me, ...change }, broken);
  if (me.stage === "write larger rows") {
    const [run, loss] = [lowest(me.runs), lowest(me.lost)];
    return callMoves(turn, {
      step: "writes a larger row",
      of: rangeText((me.runs > 0 ? layout.rangeOfRun(run) : layout.rangeOfLoss(loss)) ?? me),
      write: me.runs > 0 ? write("run", run) : write("loss", loss),
      answered: answered(me.runs > 0 ? { runs: me.runs & ~bit(run) } : { lost: me.lost & ~bit(loss) }),
      failed: [IDLE],
    });
  }
  const step = "removes a smaller row";
  const runs = indexesOf(me.oldRuns).flatMap((run) =>
    callMoves(turn, {
      step,
      of: rangeText(layout.rangeOfRun(run) ?? me),
      write: write("no run", run),
      answered: answered({ oldRuns: me.oldRuns & ~bit(run) }),
      failed: [IDLE],
    }),
  );
  const losses = indexesOf(me.oldLost).flatMap((loss) =>
    callMoves(turn, {
      step,
      of: rangeText(layout.rangeOfLoss(loss) ?? me),
      write: write("no loss", loss),
      answered: answered({ oldLost: me.oldLost & ~bit(loss) }),
      failed: [IDLE],
    }),
  );
  return [...runs, ...losses];
}

/** Losses are reported in the log, and then noted. */
function lossMoves(turn: Turn): Move[] {
  const { me, layout, broken } = turn;
  const range = firstRange(me.gone);
  const rest = { ...me, gone: me.gone & ~rangeBits(range.first, range.last) };
  const reported = rangeBits(range.first, range.last) << layout.offsetOf(me.hub);
  const moves = callMoves(turn, {
    step: "reports and notes a loss",
    of: rangeText(range),
    write: write("loss", layout.loss(range, me.hub)),
    reports: reported,
    answered: me.stage === "note loss" ? compacted(rest, broken) : settledHoles(rest),
    failed: [IDLE],
  });
  if (broken !== "a loss is noted before it is reported") return moves;
  return moves.map((move) =>
    move.isFault ? { ...move, next: { ...move.next, reported: turn.state.reported } } : move,
  );
}

/** Reads a chunk again. A hub that is slow returns only the beginning of it. */
function readMoves(turn: Turn): Move[] {
  const { me, state, layout } = turn;
  const offset = layout.offsetOf(state.hub);
  const all = layout
    .heldBy(state)
    .map((event) => event - offset)
    .filter((number) => number >= me.first);
  const wanted = all.filter((number) => number <= me.last);
  const isAnyBehind = all.length > wanted.length;
  const after = (numbers: readonly number[], readBelow: number): Instance => {
    const held = numbers.reduce((bits, number) => bits | bit(number + offset), 0);
    const next = { ...me, held, readBelow };
    return held === 0 ? closed(turn, next) : begun(turn, next);
  };
  const step = "reads events again";
  const whole = after(wanted, isAnyBehind ? me.last + 1 : (wanted.at(-1) ?? me.first - 1) + 1);
  const moves = callMoves(turn, { step, of: rangeText(me), answered: whole, failed: [IDLE] });
  if (state.failures === 0) return moves;
  const parts = wanted.map((_, count) => after(wanted.slice(0, count), (wanted[count - 1] ?? me.first - 1) + 1));
  return [
    ...moves,
    ...parts.flatMap((answered) => callMoves(turn, { step, of: rangeText(me), answered, failed: [answered] }).slice(1)),
  ];
}

/** After the events of a chunk are noted: numbers of it that the hub did not return are holes, lost, or not read. */
function closed(turn: Turn, me: Instance): Instance {
  if (me.close > 0) return { ...me, stage: "close numbers" };
  if (unreadOf(turn, me) === 0) return settledHoles({ ...me, stage: "settle holes" });
  return turn.broken === "the hub is not asked again after reading"
    ? holesOf({ ...turn, me }, me.oldest)
    : { ...me, stage: "ask hub again" };
}

/** The numbers of a chunk that the hub did not return. */
function unreadOf({ layout }: Turn, { held, first, last }: Instance): Bits {
  const offset = held === 0 ? 0 : layout.offsetOf(layout.places[lowest(held)]?.hub ?? 0);
  return rangeBits(first, last) & ~(held >> offset);
}

function holesOf(turn: Turn, oldest: number): Instance {
  const { me, broken } = turn;
  const unread = unreadOf(turn, me);
  const isAllLost = broken === "numbers that were not read again count as lost";
  const gone = isAllLost ? unread : unread & below(oldest);
  const isAllClosed = broken === "numbers that were not read again count as holes";
  const close = unread & ~gone & (isAllClosed ? -1 : below(me.readBelow));
  return settledHoles({ ...me, stage: "settle holes", oldest, gone, close });
}

function holeMoves(turn: Turn): Move[] {
  const { me, layout } = turn;
  const range = firstRange(me.close);
  return callMoves(turn, {
    step: "notes a hole as finished",
    of: rangeText(range),
    write: write("run", layout.run(range, me.hub, true)),
    answered: settledHoles({ ...me, close: me.close & ~rangeBits(range.first, range.last) }),
    failed: [IDLE],
  });
}

/** When a chunk is settled, the rest of it is read next. A chunk of which the hub returned nothing is left to the next run. */
function settledHoles(me: Instance): Instance {
  if ((me.gone | me.close) > 0) return me;
  const through = Math.max(me.readBelow - 1, Math.min(me.oldest - 1, me.last));
  const rest = through >= me.first && through < me.last ? rangeBits(through + 1, me.last) : 0;
  return nextChunk({ ...me, work: (me.work & ~rangeBits(me.first, me.last)) | rest });
}
