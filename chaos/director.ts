import { chance, type Chance } from "../local/samples/chance.ts";
import { canRepeat, CELLS, nameOfCell, type Cell, type Fault, type Operation } from "./fault-matrix.ts";

/** When in the life of a request its sender is killed. `late`: the request is carried out when its sender is long dead. */
export type KillMoment = "before" | "after" | "late";

export interface Kill {
  readonly victim: "worker" | "host";
  readonly moment: KillMoment;
}

export interface ArrivedRequest {
  /** Which of the hosts sent it. */
  readonly slot: number;
  readonly operation: Operation;
  /** The same for all tries of one call. */
  readonly callId: string;
}

export interface DirectorOptions {
  readonly seed: string;
  /** Requests of one operation from one fault to the next, on average. */
  readonly requestsPerFault: Readonly<Record<Operation, number>>;
  /** Requests from one kill to the next, on average. */
  readonly requestsPerKill: number;
  /** This host is never killed: so that what takes long, a time-out, is lived through as well. */
  readonly sparedSlot: number;
}

/** Calls that a fault befalls at each try, at most remembered. */
const REMEMBERED_CALLS = 10_000;

/**
 * Decides what goes wrong. Every decision is drawn from the seed and falls on the n-th request of its kind, not on a
 * time: the same seed gives the same faults and kills in the same order. Which request is the n-th is the system's own.
 */
export function director(options: DirectorOptions) {
  const decks = new Map<Operation, ReturnType<typeof deckOf>>();
  const sticky = new Map<string, Fault>();
  const faults = new Map<string, number>();
  const kills = chance(`${options.seed} kills`);
  let untilKill = kills.between(1, 2 * options.requestsPerKill);
  let calm = false;
  let faultCount = 0;

  function record(fault: Fault): Fault {
    const name = nameOfCell(fault);
    faults.set(name, (faults.get(name) ?? 0) + 1);
    faultCount += 1;
    return fault;
  }

  return {
    /** What goes wrong with the request, if anything. Asked once for each. */
    faultFor({ operation, callId }: ArrivedRequest): Fault | undefined {
      if (calm) return undefined;
      const again = sticky.get(callId);
      if (again !== undefined && again.operation === operation) return record(again);
      const deck = decks.get(operation) ?? deckOf(operation, options);
      decks.set(operation, deck);
      const fault = deck.next();
      if (fault === undefined) return undefined;
      if (fault.everyTry && callId !== "") {
        if (sticky.size > REMEMBERED_CALLS) sticky.clear();
        sticky.set(callId, fault);
      }
      return record(fault);
    },

    /** Whether the sender of the request is killed, and when. Asked once for each. */
    killFor({ slot }: ArrivedRequest): Kill | undefined {
      if (calm) return undefined;
      untilKill -= 1;
      if (untilKill > 0 || slot === options.sparedSlot) return undefined;
      untilKill = kills.between(1, 2 * options.requestsPerKill);
      return {
        victim: kills.pick(["worker", "worker", "worker", "host"] as const),
        moment: kills.pick(["before", "after", "late"] as const),
      };
    },

    /** From now on everything goes well. */
    becomeCalm(): void {
      calm = true;
    },
    isCalm: () => calm,
    faultCount: () => faultCount,
    /** How often each cell happened, by its name. */
    faults: (): ReadonlyMap<string, number> => faults,
  };
}

export type Director = ReturnType<typeof director>;

/** The cells of one operation in a drawn order, each once before any comes again, with drawn gaps between them. */
function deckOf(operation: Operation, { seed, requestsPerFault }: DirectorOptions) {
  const draw = chance(`${seed} faults ${operation}`);
  const cells = CELLS.filter((cell) => cell.operation === operation);
  const every = requestsPerFault[operation];
  const gap = () => draw.between(1, 2 * every - 1);
  let deck: Cell[] = [];
  let untilNext = gap();
  return {
    next(): Fault | undefined {
      untilNext -= 1;
      if (untilNext > 0) return undefined;
      untilNext = gap();
      if (deck.length === 0) deck = shuffled(cells, draw);
      const cell = deck.pop();
      if (cell === undefined) return undefined;
      const everyTry = draw.between(0, 2) === 0;
      return { ...cell, everyTry: everyTry && canRepeat(cell) };
    },
  };
}

export function shuffled<T>(items: readonly T[], draw: Chance): T[] {
  const left = [...items];
  const drawn: T[] = [];
  while (left.length > 0) drawn.push(...left.splice(draw.between(0, left.length - 1), 1));
  return drawn;
}
