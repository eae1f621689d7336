import { allMoves } from "./steps/all-moves.ts";
import { brokenLaw, type Claim, GOOD_END, isGood, type Law, refutes } from "./laws.ts";
import { layoutOf } from "./ledger-rows.ts";
import type { Move, Specification } from "./steps/moves.ts";
import { firstState, keyOf, type State, stateOf, type World } from "./state.ts";
import type { StepName } from "./steps/step-names.ts";
import type { Variant } from "./variants.ts";

export interface Exploration {
  readonly world: string;
  readonly states: number;
  readonly transitions: number;
  /** Steps of the longest of the shortest ways to a state. */
  readonly depth: number;
  readonly seconds: number;
  /** The steps and faults that occurred. */
  readonly taken: readonly StepName[];
  readonly violation: Violation | undefined;
}

export interface Violation {
  readonly law: Law | Claim;
  /** A shortest way to it, one line for each step. */
  readonly steps: readonly string[];
}

interface Options {
  readonly broken?: Variant | undefined;
  /** Something that is not promised, to look for instead of the laws. */
  readonly claim?: Claim | undefined;
  onProgress?(states: number): void;
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
 * Visits every state of a world, nearest first, and checks every law on every step. Then it checks that from every state
 * the good end can be reached without a further fault.
 */
export function explore(world: World, { broken, claim, onProgress }: Options = {}): Exploration {
  const began = Date.now();
  const specification: Specification = {
    world,
    layout: layoutOf(world, broken === "rows of an earlier hub count"),
    broken,
  };
  const { key: firstKey } = keyOf(firstState(world));
  const keys = [firstKey];
  const ids = new Map([[firstKey, 0]]);
  const [parents, depths, from, to] = [numberList(), numberList(), numberList(), numberList()];
  parents.push(-1);
  depths.push(0);
  const taken = new Set<StepName>();
  let transitions = 0;
  const result = (violation: Violation | undefined): Exploration => ({
    world: world.name,
    states: keys.length,
    transitions,
    depth: depths.at(keys.length - 1),
    seconds: (Date.now() - began) / 1_000,
    taken: [...taken],
    violation,
  });
  const wayTo = (id: number): string[] => {
    const way: string[] = [];
    for (let at = id; at >= 0; at = parents.at(at)) way.unshift(keys[at] ?? "");
    return way;
  };
  for (let id = 0; id < keys.length; id += 1) {
    const state = stateOf(keys[id] ?? "");
    for (const move of allMoves(specification, state)) {
      transitions += 1;
      taken.add(move.step);
      const law = brokenIn(state, { move, specification }, claim);
      if (law !== undefined) return result({ law, steps: told(specification, [...wayTo(id), keyOf(move.next).key]) });
      const { key } = keyOf(move.next);
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
  if (claim !== undefined) return result(undefined);
  const good = keys.map((key) => isGood(stateOf(key), specification));
  const stuck = reaching(good, from, to).findIndex((canReach) => canReach === 0);
  if (stuck < 0) return result(undefined);
  const steps = [...told(specification, wayTo(stuck)), "from here, nothing but another fault leads to the good end"];
  return result({ law: GOOD_END, steps });
}

function brokenIn(state: State, taken: { readonly move: Move; readonly specification: Specification }, claim?: Claim) {
  if (claim === undefined) return brokenLaw(state, taken.move, taken.specification);
  return refutes(claim, state, taken) ? claim : undefined;
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
function told(specification: Specification, way: readonly string[]): string[] {
  let isSwapped = false;
  return way.slice(1).map((key, index) => {
    const state = stateOf(way[index] ?? "");
    const move = allMoves(specification, state).find(({ next }) => keyOf(next).key === key);
    if (move === undefined) throw new Error("a step of the way is not a step of the specification");
    const line = lineOf(move, isSwapped);
    if (keyOf(move.next).isSwapped) isSwapped = !isSwapped;
    return line;
  });
}

function lineOf({ by, step, of, how }: Move, isSwapped: boolean): string {
  const who = by === undefined ? "" : `${(by === 1) === isSwapped ? "A" : "B"} `;
  const what = of === "" ? step : `${step} (${of})`;
  return `${who}${what}${how === "done" ? "" : `: ${how}`}`;
}
