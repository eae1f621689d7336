/** One way in which the world may go on. */
export interface ModelMove<State> {
  readonly step: string;
  /** The instance; undefined: nobody's step. */
  readonly by: 0 | 1 | undefined;
  /** The event or the numbers that it is about, for a person. */
  readonly of: string;
  /** What became of a call; `done`: it was answered. */
  readonly how: string;
  readonly isFault: boolean;
  readonly next: State;
}

/** A specification: states, steps and laws. */
export interface Model<State, Move extends ModelMove<State> = ModelMove<State>> {
  readonly name: string;
  readonly first: State;
  /** A state as a short text: the same for two states that differ in the order of the instances only. */
  keyOf(state: State): { readonly key: string; readonly isSwapped: boolean };
  stateOf(key: string): State;
  movesOf(state: State): readonly Move[];
  /** The first law that a step breaks, or the state that it leads to. */
  brokenLaw(before: State, move: Move): string | undefined;
  /** Without it, nobody asks whether a good end can be reached. */
  isGood?(state: State): boolean;
}

export const GOOD_END = "the good end stays within reach";

export interface Exploration {
  readonly world: string;
  readonly states: number;
  readonly transitions: number;
  /** Steps of the longest of the shortest ways to a state. */
  readonly depth: number;
  readonly seconds: number;
  /** The steps and faults that occurred. */
  readonly taken: ReadonlySet<string>;
  readonly violation: Violation | undefined;
}

export interface Violation {
  readonly law: string;
  /** A shortest way to it, one line for each step. */
  readonly steps: readonly string[];
}

const PROGRESS_EVERY = 100_000;

/** Whole numbers, as many as come. */
function numberList() {
  let numbers = new Int32Array(1_024);
  let length = 0;
  return {
    push(number: number): void {
      if (length === numbers.length) {
        const more = new Int32Array(2 * length);
        more.set(numbers);
        numbers = more;
      }
      numbers[length++] = number;
    },
    at: (index: number): number => numbers[index] ?? 0,
    length: (): number => length,
  };
}

/**
 * Visits every state of a model, nearest first, and checks every law on every step. Then it checks that from every state
 * the good end can be reached without a further fault.
 */
export function explore<State, Move extends ModelMove<State>>(
  model: Model<State, Move>,
  onProgress?: (states: number) => void,
): Exploration {
  const began = Date.now();
  const { key: firstKey } = model.keyOf(model.first);
  const keys = [firstKey];
  const ids = new Map([[firstKey, 0]]);
  const [parents, depths, from, to] = [numberList(), numberList(), numberList(), numberList()];
  parents.push(-1);
  depths.push(0);
  const taken = new Set<string>();
  let transitions = 0;
  const result = (violation: Violation | undefined): Exploration => ({
    world: model.name,
    states: keys.length,
    transitions,
    depth: depths.at(keys.length - 1),
    seconds: (Date.now() - began) / 1_000,
    taken,
    violation,
  });
  const wayTo = (id: number): string[] => {
    const way: string[] = [];
    for (let at = id; at >= 0; at = parents.at(at)) way.unshift(keys[at] ?? "");
    return way;
  };
  for (let id = 0; id < keys.length; id += 1) {
    const state = model.stateOf(keys[id] ?? "");
    for (const move of model.movesOf(state)) {
      transitions += 1;
      taken.add(move.step);
      const law = model.brokenLaw(state, move);
      const { key } = model.keyOf(move.next);
      if (law !== undefined) return result({ law, steps: told(model, [...wayTo(id), key]) });
      let next = ids.get(key);
      if (next === undefined) {
        next = keys.push(key) - 1;
        ids.set(key, next);
        parents.push(id);
        depths.push(depths.at(id) + 1);
        if (keys.length % PROGRESS_EVERY === 0) onProgress?.(keys.length);
      }
      if (move.isFault || next === id) continue;
      from.push(id);
      to.push(next);
    }
  }
  const { isGood } = model;
  if (isGood === undefined) return result(undefined);
  const good = keys.map((key) => isGood(model.stateOf(key)));
  const stuck = reaching(good, from, to).findIndex((canReach) => canReach === 0);
  if (stuck < 0) return result(undefined);
  const steps = [...told(model, wayTo(stuck)), "from here, nothing but another fault leads to the good end"];
  return result({ law: GOOD_END, steps });
}

type Numbers = ReturnType<typeof numberList>;

/** From which states a good one can be reached, as 1. */
function reaching(good: readonly boolean[], from: Numbers, to: Numbers): Uint8Array {
  const count = good.length;
  const edges = from.length();
  const starts = new Int32Array(count + 1);
  for (let edge = 0; edge < edges; edge += 1) starts[to.at(edge) + 1] = (starts[to.at(edge) + 1] ?? 0) + 1;
  for (let id = 0; id < count; id += 1) starts[id + 1] = (starts[id + 1] ?? 0) + (starts[id] ?? 0);
  const filled = starts.slice();
  const sources = new Int32Array(edges);
  for (let edge = 0; edge < edges; edge += 1) {
    const target = to.at(edge);
    const place = filled[target] ?? 0;
    sources[place] = from.at(edge);
    filled[target] = place + 1;
  }
  const reached = Uint8Array.from(good, Number);
  const queue = [...good.keys()].filter((id) => good[id]);
  for (let id = queue.pop(); id !== undefined; id = queue.pop())
    for (let edge = starts[id] ?? 0; edge < (starts[id + 1] ?? 0); edge += 1) {
      const source = sources[edge] ?? 0;
      if (reached[source] === 1) continue;
      reached[source] = 1;
      queue.push(source);
    }
  return reached;
}

/** A way as lines. The instances keep their names, though a key does not say which is which. */
function told<State, Move extends ModelMove<State>>(model: Model<State, Move>, way: readonly string[]): string[] {
  let isSwapped = false;
  return way.slice(1).map((key, index) => {
    const state = model.stateOf(way[index] ?? "");
    const move = model.movesOf(state).find(({ next }) => model.keyOf(next).key === key);
    if (move === undefined) throw new Error("a step of the way is not a step of the model");
    const line = lineOf(move, isSwapped);
    if (model.keyOf(move.next).isSwapped) isSwapped = !isSwapped;
    return line;
  });
}

function lineOf({ by, step, of, how }: ModelMove<unknown>, isSwapped: boolean): string {
  const who = by === undefined ? "" : `${(by === 1) === isSwapped ? "A" : "B"} `;
  const what = of === "" ? step : `${step} (${of})`;
  return `${who}${what}${how === "done" ? "" : `: ${how}`}`;
}
