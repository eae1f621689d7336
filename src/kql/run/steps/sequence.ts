import { bindExpression, bindRead } from "../bind-expression.ts";
import type { Evaluation } from "../evaluation.ts";
import { priceOfRows } from "../metering.ts";
import type { Expression } from "../../plan.ts";
import type { Row, Value } from "../values.ts";
import { groupKey } from "./grouping.ts";
import type { BindStep } from "./step.ts";

/** A row that meets a predicate. */
interface Candidate {
  readonly row: Row;
  readonly time: bigint;
}

interface Sequence {
  readonly dimensions: readonly Value[];
  readonly times: readonly bigint[];
  readonly rows: Set<Row>;
}

/**
 * Finds sequences of rows with equal dimensions that meet the predicates one after the other, in the order of their first
 * times. No row is two steps of one sequence, and rows of one time follow each other in any order. Sequences with the same
 * times are one.
 */
export const bindSequence: BindStep<"sequence"> = (step, evaluation) => {
  const time = bindRead(step.time, evaluation).compute;
  const [stepWindow, span] = [ticksOf(step.stepWindow, evaluation), ticksOf(step.span, evaluation)];
  const predicates = step.predicates.map((each) => bindExpression(each, evaluation).compute);
  const dimensions = step.dimensions.map((each) => bindRead(each, evaluation));
  const types = dimensions.map(({ type }) => type);
  return (rows) => {
    const groups = new Map<string, { readonly key: readonly Value[]; readonly steps: Candidate[][] }>();
    for (const row of rows) {
      const at = time(row);
      if (typeof at !== "bigint") continue;
      const key = dimensions.map(({ compute }) => compute(row));
      const text = groupKey(key, types);
      const group = groups.get(text) ?? { key, steps: predicates.map(() => []) };
      groups.set(text, group);
      for (const [index, predicate] of predicates.entries())
        if (predicate(row) === true) group.steps[index]?.push({ row, time: at });
    }
    const found: Sequence[] = [];
    for (const { key, steps } of groups.values()) {
      for (const candidates of steps) candidates.sort((left, right) => Number(left.time - right.time));
      const known = new Map<string, Sequence>();
      const extend = (chain: readonly Candidate[]): void => {
        const candidates = steps[chain.length];
        const [first, last] = [chain[0], chain.at(-1)];
        if (candidates === undefined) {
          const times = chain.map((each) => each.time);
          const sequence = known.get(times.join()) ?? { dimensions: key, times, rows: new Set() };
          if (sequence.rows.size === 0) found.push(sequence);
          known.set(times.join(), sequence);
          for (const { row } of chain) sequence.rows.add(row);
          evaluation.checkRows(found.length);
          return;
        }
        for (const candidate of last ? from(candidates, last.time) : candidates) {
          evaluation.chargeWork(priceOfRows(1, chain.length));
          if (last && candidate.time - last.time > stepWindow) break;
          if (first && candidate.time - first.time > span) break;
          if (chain.every(({ row }) => row !== candidate.row)) extend([...chain, candidate]);
        }
      };
      extend([]);
    }
    return found.toSorted(byTimes).map((sequence) => {
      const [first = 0n, last = 0n] = [sequence.times[0], sequence.times.at(-1)];
      const row = [...sequence.dimensions, ...sequence.times, last - first];
      evaluation.window.evidence?.note(row, [...sequence.rows]);
      return row;
    });
  };
};

function ticksOf(constant: Expression, evaluation: Evaluation): bigint {
  const ticks = bindExpression(constant, evaluation).compute([]);
  return typeof ticks === "bigint" ? ticks : 0n;
}

/** The candidates at or after a time. */
function from(candidates: readonly Candidate[], time: bigint): readonly Candidate[] {
  let [low, high] = [0, candidates.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((candidates[middle]?.time ?? time) < time) low = middle + 1;
    else high = middle;
  }
  return candidates.slice(low);
}

function byTimes(left: Sequence, right: Sequence): number {
  for (const [index, time] of left.times.entries()) {
    const order = Number(time - (right.times[index] ?? time));
    if (order !== 0) return order;
  }
  return 0;
}
