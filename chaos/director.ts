import { chance, type Chance } from "../local/samples/chance.ts";
import {
  canRepeat,
  CELLS,
  isLie,
  isRequired,
  LIES,
  nameOfCell,
  type Cell,
  type Fault,
  type Operation,
} from "./faults/fault-matrix.ts";

/** When in the life of a request its sender is killed. `late`: the request is carried out when its sender is long dead. */
type KillMoment = "before" | "after" | "late";

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
  /** Cells that happened in earlier rounds, by name: the others come first. */
  readonly happened: ReadonlySet<string>;
}

/** On average. */
const REQUESTS_PER_LIE = 8;
/** About transactions, of one kind. */
const LIES_IN_A_ROW = 8;

/** Of the kills, while only cells are wanting: what is killed before it comes to the rare operations shows none. */
const REST_KILLS_ONE_IN = 4;

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
  let mood: "calm" | "storm" | "rest" | "lies" = "calm";
  const lieDraw = chance(`${options.seed} lies`);
  let lieCount = 0;
  let faultCount = 0;

  let requests = 0;
  const sinceNewCell = new Map<Operation, number>();

  function record(fault: Fault): Fault {
    const name = nameOfCell(fault);
    if (!faults.has(name)) sinceNewCell.clear();
    faults.set(name, (faults.get(name) ?? 0) + 1);
    faultCount += 1;
    return fault;
  }

  const left = (operation: Operation): Cell[] =>
    cellsOf(operation).filter((cell) => !faults.has(nameOfCell(cell)) && !options.happened.has(nameOfCell(cell)));

  /** Every other request of an operation of which cells are left. */
  function rest(operation: Operation): Fault | undefined {
    const [cell] = left(operation);
    if (cell === undefined || !isRequired(cell) || kills.between(0, 1) === 0) return undefined;
    return record({ ...cell, everyTry: false });
  }

  /** The same lie for a while: a batch that ends well because it was believed is not delivered again for another. */
  function lie(operation: Operation): Fault | undefined {
    const kind = LIES[Math.floor(lieCount / LIES_IN_A_ROW) % LIES.length];
    if (kind === undefined || !isLie({ operation, kind, effect: "before" })) return undefined;
    if (lieDraw.between(1, REQUESTS_PER_LIE) > 1) return undefined;
    if (operation === "transaction") lieCount += 1;
    return record({ operation, kind, effect: "before", everyTry: false });
  }

  return {
    /** What goes wrong with the request, if anything. Asked once for each. */
    faultFor({ operation, callId }: ArrivedRequest): Fault | undefined {
      if (operation !== "hub") requests += 1; // a connection that lies idle speaks, too
      sinceNewCell.set(operation, (sinceNewCell.get(operation) ?? 0) + 1);
      if (mood === "calm") return undefined;
      if (mood === "rest") return rest(operation);
      if (mood === "lies") return lie(operation);
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
      if (mood === "calm" || mood === "lies") return undefined;
      if (mood === "rest" && kills.between(1, REST_KILLS_ONE_IN) > 1) return undefined;
      untilKill -= 1;
      if (untilKill > 0 || slot === options.sparedSlot) return undefined;
      untilKill = kills.between(1, 2 * options.requestsPerKill);
      return {
        victim: kills.pick(["worker", "worker", "worker", "host"] as const),
        moment: kills.pick(["before", "after", "late"] as const),
      };
    },

    /** From now on things go wrong; until then nothing does. */
    becomeStormy(): void {
      mood = "storm";
    },
    /** From now on everything goes well. */
    becomeCalm(): void {
      mood = "calm";
    },
    /** From now on nothing goes wrong but kills and the cells that have not happened yet. */
    onlyTheRest(): void {
      mood = "rest";
    },
    /**
     * From now on nothing goes wrong but lies, and few of them: in a storm the same batch soon fails of something else,
     * is delivered again, and what a lie was believed about comes right by chance.
     */
    onlyLies(): void {
      mood = "lies";
    },
    /** Each several times, about transactions. */
    hasToldAllLies: () => lieCount >= LIES.length * LIES_IN_A_ROW,
    faultCount: () => faultCount,
    /** Of the services over HTTP. */
    requestCount: () => requests,
    /** Requests of one operation, or of all, since a cell last happened for the first time. */
    requestsSinceNewCell: (operation?: Operation): number =>
      operation === undefined
        ? [...sinceNewCell.values()].reduce((total, count) => total + count, 0)
        : (sinceNewCell.get(operation) ?? 0),
    /** How often each cell happened, by its name. */
    faults: (): ReadonlyMap<string, number> => faults,
  };
}

export type Director = ReturnType<typeof director>;

/** The cells of one operation in a drawn order, each once before any comes again, with drawn gaps between them. */
function deckOf(operation: Operation, { seed, requestsPerFault, happened }: DirectorOptions) {
  const draw = chance(`${seed} faults ${operation}`);
  const cells = cellsOf(operation);
  const isNew = (cell: Cell) => !happened.has(nameOfCell(cell));
  const every = requestsPerFault[operation];
  const gap = () => draw.between(1, 2 * every - 1);
  let deck = [
    ...shuffled(
      cells.filter((cell) => !isNew(cell)),
      draw,
    ),
    ...shuffled(cells.filter(isNew), draw),
  ];
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

function cellsOf(operation: Operation): Cell[] {
  return CELLS.filter((cell) => cell.operation === operation);
}

export function shuffled<T>(items: readonly T[], draw: Chance): T[] {
  const left = [...items];
  const drawn: T[] = [];
  while (left.length > 0) drawn.push(...left.splice(draw.between(0, left.length - 1), 1));
  return drawn;
}
