import { GOOD_END, type Model } from "../explore.ts";
import { changed, EVENTS, IDLE, isQuarantined, type Mark, type State } from "./marks.ts";
import { suspectMoves } from "./suspect-steps.ts";

export interface SuspectWorld {
  readonly name: string;
  /** Reading the body kills, or processing the record does. */
  readonly kills: "body" | "record";
  /** A process dies of something else. */
  readonly crashes: number;
  /** A call gets no answer, with or without effect. */
  readonly failures: number;
}

/** In larger worlds, the neighbour may go to quarantine: too many workers die of something else while they process it. */
export const SUSPECT_WORLDS = {
  record: { name: "suspects: a record kills, and two crashes", kills: "record", crashes: 2, failures: 0 },
  body: { name: "suspects: a body kills, and two crashes", kills: "body", crashes: 2, failures: 0 },
  failures: { name: "suspects: a record kills, a crash and a failure", kills: "record", crashes: 1, failures: 1 },
} as const satisfies Readonly<Record<string, SuspectWorld>>;

const LAWS = {
  "quarantine means dead letter": ({ marks, letters }) =>
    EVENTS.every((event) => !isQuarantined(marks, event) || letters.includes(event)),
  "a neighbour is not quarantined": ({ marks }) => !isQuarantined(marks, "neighbour"),
  "done means stored": ({ isDone, stored, letters }) =>
    !isDone || (stored.includes("neighbour") && letters.includes("killer")),
} satisfies Readonly<Record<string, (state: State) => boolean>>;

/** Broken variants, each with the law that it must break. */
export const SUSPECT_VARIANTS = {
  "a record is quarantined before it is a dead letter": "quarantine means dead letter",
  "one death is enough for quarantine": "a neighbour is not quarantined",
  "a mark of a worker that lives counts as a death": "a neighbour is not quarantined",
  "a failed event counts as done": "done means stored",
  "marks are removed before the work": GOOD_END,
} as const satisfies Readonly<Record<string, keyof typeof LAWS | typeof GOOD_END>>;
export type SuspectVariant = keyof typeof SUSPECT_VARIANTS;

/** The functions that the steps stand for. */
export const SUSPECT_FUNCTIONS = [
  "src/azure/ledger/suspect-table.ts#suspectTable.known",
  "src/azure/ledger/suspect-table.ts#suspectTable.beginTogether",
  "src/azure/ledger/suspect-table.ts#suspectTable.endTogether",
  "src/azure/ledger/suspect-table.ts#suspectTable.begin",
  "src/azure/ledger/suspect-table.ts#suspectTable.end",
  "src/azure/ledger/suspect-table.ts#suspectTable.quarantine",
  "src/workflows/detection/detect-guarded.ts#detectGuarded",
] as const;

/** The specification of `detectGuarded` and of the suspect marks. */
export function suspects(world: SuspectWorld, broken?: SuspectVariant): Model<State> {
  return {
    name: world.name,
    first: {
      stored: [],
      letters: [],
      marks: {},
      isDone: false,
      crashes: world.crashes,
      failures: world.failures,
      workers: [IDLE, IDLE],
    },
    keyOf(state) {
      const [key, other] = [JSON.stringify(state), JSON.stringify(swapped(state))];
      return key <= other ? { key, isSwapped: false } : { key: other, isSwapped: true };
    },
    stateOf: (key) => JSON.parse(key),
    movesOf: (state) => ([0, 1] as const).flatMap((by) => suspectMoves({ state, by, world, broken })),
    brokenLaw: (_, { next }) => Object.entries(LAWS).find(([, holds]) => !holds(next))?.[0],
    isGood: ({ isDone, workers }) => isDone && workers.every(({ stage }) => stage === "idle"),
  };
}

/** The same state with the other order of the workers. */
function swapped({ workers: [one, other], ...state }: State): State {
  const ownerOf = ({ owner }: Mark): Mark["owner"] => (owner === "dead" ? owner : owner === 0 ? 1 : 0);
  const marks = changed(state.marks, (mark) => ({ ...mark, owner: ownerOf(mark) }));
  return { ...state, marks, workers: [other, one] };
}
