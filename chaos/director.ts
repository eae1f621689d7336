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

/** When the sender of a request is killed. `late`: the request is carried out long after its sender died. */
type KillMoment = "before" | "after" | "late";

export interface Kill {
  readonly victim: "worker" | "host";
  readonly moment: KillMoment;
}

export interface ArrivedRequest {
  /** The host that sent it. */
  readonly slot: number;
  readonly operation: Operation;
  /** The same for all attempts of one call. */
  readonly callId: string;
}

export interface DirectorOptions {
  readonly seed: string;
  /** Average number of requests of one operation between two faults. */
  readonly requestsPerFault: Readonly<Record<Operation, number>>;
  /** Average number of requests between two kills. */
  readonly requestsPerKill: number;
  /** This host is never killed, so that it also lives through long waits such as time-outs. */
  readonly sparedSlot: number;
  /** Names of cells that earlier rounds reached; the others come first. */
  readonly happened: ReadonlySet<string>;
}

/** Average values. */
const REQUESTS_PER_LIE = 8;
/** Faults on transactions, of one kind. */
const LIES_IN_A_ROW = 8;

/** Share of kills while only cells are missing: a killed host never gets to the rare operations. */
const REST_KILLS_ONE_IN = 4;

/** Most calls to remember for which every attempt fails. */
const REMEMBERED_CALLS = 10_000;

/**
 * Decides what goes wrong. Each decision is drawn from the seed and applies to the n-th request of its kind, not to a
 * time: the same seed gives the same faults and kills in the same order. The system decides which request is the n-th.
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

  /** Every other request of an operation with missing cells. */
  function rest(operation: Operation): Fault | undefined {
    const [cell] = left(operation);
    if (cell === undefined || !isRequired(cell) || kills.between(0, 1) === 0) return undefined;
    return record({ ...cell, everyTry: false });
  }

  /** Repeats the same lie for a while: a batch that ends well because a lie was believed is not delivered again. */
  function lie(operation: Operation): Fault | undefined {
    const kind = LIES[Math.floor(lieCount / LIES_IN_A_ROW) % LIES.length];
    if (kind === undefined || !isLie({ operation, kind, effect: "before" })) return undefined;
    if (lieDraw.between(1, REQUESTS_PER_LIE) > 1) return undefined;
    if (operation === "transaction") lieCount += 1;
    return record({ operation, kind, effect: "before", everyTry: false });
  }

  return {
    /** The fault for the request, if any. Called once per request. */
    faultFor({ operation, callId }: ArrivedRequest): Fault | undefined {
      if (operation !== "hub") requests += 1; // an idle hub connection also sends
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

    /** Whether the request's sender is killed, and when. Called once per request. */
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

    /** Starts faults and kills; none happen before. */
    becomeStormy(): void {
      mood = "storm";
    },
    /** Ends all faults and kills. */
    becomeCalm(): void {
      mood = "calm";
    },
    /** Allows only kills and missing cells from now on. */
    onlyTheRest(): void {
      mood = "rest";
    },
    /**
     * Allows only a few lies from now on. In a storm the same batch soon fails for another reason and is delivered
     * again, which repairs the effect of a lie by chance.
     */
    onlyLies(): void {
      mood = "lies";
    },
    /** Each several times, on transactions. */
    hasToldAllLies: () => lieCount >= LIES.length * LIES_IN_A_ROW,
    faultCount: () => faultCount,
    /** For the HTTP services. */
    requestCount: () => requests,
    /** Requests of one operation, or of all, since a new cell was last reached. */
    requestsSinceNewCell: (operation?: Operation): number =>
      operation === undefined
        ? [...sinceNewCell.values()].reduce((total, count) => total + count, 0)
        : (sinceNewCell.get(operation) ?? 0),
    /** How often each cell was reached, by name. */
    faults: (): ReadonlyMap<string, number> => faults,
  };
}

export type Director = ReturnType<typeof director>;

/** The cells of one operation in a random order, each once before any repeats, with random gaps between them. */
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
