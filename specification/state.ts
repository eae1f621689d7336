import { type Role, STAGES, type Stage } from "./steps/step-names.ts";

/** A set of small numbers as bits: events, sequence numbers or rows. */
export type Bits = number;

export type Kind = "match" | "other" | "garbage" | "hole";

/** What a world consists of. Faults are the numbers of times that each may happen. */
export interface World {
  readonly name: string;
  /** For each hub, its sequence numbers from 0. A second hub is the first one, deleted and created again. */
  readonly hubs: readonly (readonly Kind[])[];
  /** Whether the events arrive one after the other, at any time. Otherwise they are in the hub from the beginning. */
  readonly isArriving: boolean;
  readonly roles: readonly Role[];
  readonly faults: Faults;
}

export interface Faults {
  /** A process dies, whatever it is doing. */
  readonly crashes: number;
  /** A call gets no answer: without effect, with its effect, or with its effect at any later time. */
  readonly failures: number;
  /** Retention drops the oldest event. */
  readonly drops: number;
  /** The host's checkpoint moves, back or forward over events that nobody finished. */
  readonly jumps: number;
  /** The hub is deleted and created again. */
  readonly recreations: number;
  /** A row of the outbox is deleted by hand. */
  readonly damages: number;
}

/** What one instance knows. All of it is gone when the process dies. */
export interface Instance {
  readonly role: Role | undefined;
  readonly stage: Stage;
  /** The hub that the healer has asked for, or that the batch is of. */
  readonly hub: number;
  /** Events that it has read. */
  readonly held: Bits;
  /** Events that the present stage has still to work on. */
  readonly open: Bits;
  /** Events that are left to the healer. */
  readonly left: Bits;
  /** Incidents that it has still to send. */
  readonly unsent: Bits;
  /** Rows of the ledger as it read them, and then those that it still has to write. */
  readonly runs: Bits;
  readonly lost: Bits;
  /** Rows of the ledger that it still has to remove. */
  readonly oldRuns: Bits;
  readonly oldLost: Bits;
  /** Sequence numbers to read again. */
  readonly work: Bits;
  /** Sequence numbers to note as lost, and as finished. */
  readonly gone: Bits;
  readonly close: Bits;
  /** The oldest number that the hub had when it was asked last. */
  readonly oldest: number;
  /** The chunk that is read again. For the trigger, `last` is the last number of its batch. */
  readonly first: number;
  readonly last: number;
  /** The hub has no event of the chunk below this number but those that were read. */
  readonly readBelow: number;
}

export const IDLE: Instance = {
  role: undefined,
  stage: "idle",
  hub: 0,
  held: 0,
  open: 0,
  left: 0,
  unsent: 0,
  runs: 0,
  lost: 0,
  oldRuns: 0,
  oldLost: 0,
  work: 0,
  gone: 0,
  close: 0,
  oldest: 0,
  first: 0,
  last: 0,
  readBelow: 0,
};

/** The services, the faults that are left, and the two instances. Events are counted across the hubs. */
export interface State extends Faults {
  readonly hub: number;
  /** The numbers below this have reached the hub. */
  readonly next: number;
  /** Numbers below this have left the hub. */
  readonly oldest: number;
  readonly checkpoint: number;
  readonly incidents: Bits;
  readonly outbox: Bits;
  readonly acknowledged: Bits;
  readonly letters: Bits;
  readonly arrived: Bits;
  readonly runs: Bits;
  readonly lost: Bits;
  /** Events that a line of the log calls lost. */
  readonly reported: Bits;
  /** Whether the rules that evaluate are noted. */
  readonly rulesNoted: number;
  /** Events that the host skipped, or that an invocation left to the healer. */
  readonly excused: Bits;
  /** A write that was sent and will still take effect; 0: none. */
  readonly late: number;
  readonly instances: readonly [Instance, Instance];
}

/** The number that the next event of a new hub gets, once those that are there from the beginning are counted. */
export function firstNext({ hubs, isArriving }: World, hub: number): number {
  return isArriving ? 0 : (hubs[hub]?.length ?? 0);
}

export function firstState(world: World): State {
  return {
    hub: 0,
    next: firstNext(world, 0),
    oldest: 0,
    checkpoint: 0,
    incidents: 0,
    outbox: 0,
    acknowledged: 0,
    letters: 0,
    arrived: 0,
    runs: 0,
    lost: 0,
    reported: 0,
    rulesNoted: 0,
    excused: 0,
    late: 0,
    ...world.faults,
    instances: [IDLE, IDLE],
  };
}

const ROLES: readonly (Role | undefined)[] = [undefined, "trigger", "healer", "sweep", "reconciliation"];
const ROLE_CODES = new Map(ROLES.map((role, code) => [role, code]));
const STAGE_CODES = new Map<Stage, number>(STAGES.map((stage, code) => [stage, code]));
const WIDE = 256;

/** A state as a short text: the same for two states that differ in the order of the instances only. */
export function keyOf(state: State): { readonly key: string; readonly isSwapped: boolean } {
  const [one, other] = state.instances.map(instanceKey);
  const isSwapped = (one ?? "") > (other ?? "");
  const services = String.fromCharCode(
    state.hub,
    state.next,
    state.oldest,
    state.checkpoint,
    state.incidents,
    state.outbox,
    state.acknowledged,
    state.letters,
    state.arrived,
    state.runs % WIDE,
    Math.floor(state.runs / WIDE),
    state.lost,
    state.reported,
    state.rulesNoted,
    state.excused,
    state.late % WIDE,
    Math.floor(state.late / WIDE),
    state.crashes,
    state.failures,
    state.drops,
    state.jumps,
    state.recreations,
    state.damages,
  );
  return { key: isSwapped ? services + other + one : services + one + other, isSwapped };
}

function instanceKey(one: Instance): string {
  if (one.role === undefined) return "\0";
  return String.fromCharCode(
    ROLE_CODES.get(one.role) ?? 0,
    STAGE_CODES.get(one.stage) ?? 0,
    one.hub,
    one.held,
    one.open,
    one.left,
    one.unsent,
    one.runs % WIDE,
    Math.floor(one.runs / WIDE),
    one.lost,
    one.oldRuns % WIDE,
    Math.floor(one.oldRuns / WIDE),
    one.oldLost,
    one.work,
    one.gone,
    one.close,
    one.oldest,
    one.first,
    one.last,
    one.readBelow,
  );
}

/** The state that a text stands for. */
export function stateOf(key: string): State {
  let at = 0;
  const next = (): number => key.charCodeAt(at++);
  const nextWide = (): number => next() + WIDE * next();
  const services = {
    hub: next(),
    next: next(),
    oldest: next(),
    checkpoint: next(),
    incidents: next(),
    outbox: next(),
    acknowledged: next(),
    letters: next(),
    arrived: next(),
    runs: nextWide(),
    lost: next(),
    reported: next(),
    rulesNoted: next(),
    excused: next(),
    late: nextWide(),
    crashes: next(),
    failures: next(),
    drops: next(),
    jumps: next(),
    recreations: next(),
    damages: next(),
  };
  const instance = (): Instance => {
    const role = ROLES[next()];
    if (role === undefined) return IDLE;
    return {
      role,
      stage: STAGES[next()] ?? "idle",
      hub: next(),
      held: next(),
      open: next(),
      left: next(),
      unsent: next(),
      runs: nextWide(),
      lost: next(),
      oldRuns: nextWide(),
      oldLost: next(),
      work: next(),
      gone: next(),
      close: next(),
      oldest: next(),
      first: next(),
      last: next(),
      readBelow: next(),
    };
  };
  return { ...services, instances: [instance(), instance()] };
}
