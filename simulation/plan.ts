import { chance, type Chance } from "../local/samples/chance.ts";

/** A service that can be disturbed. */
const SERVICES = ["table", "hub", "blobs", "ingestion", "webhook"] as const;
export type Service = (typeof SERVICES)[number];

/**
 * What an event holds: records that match a rule, one that matches none, or bytes that are no JSON. `repeated`: one record
 * twice. `twins`: two records with one id.
 */
const CONTENTS = ["match", "two matches", "no match", "garbage", "repeated", "twins"] as const;
/** `poison`: between two records that match, one that kills every worker that evaluates it. */
export type Content = (typeof CONTENTS)[number] | "poison";

/** What an incident is given to. */
const KEEPERS = ["sinks", "table"] as const;
type Keeper = (typeof KEEPERS)[number];

/** Something that happens to the app from outside. */
export type Happening = { readonly at: number } & (
  | { readonly kind: "send"; readonly partition: number; readonly contents: readonly Content[] }
  /** All calls to a service fail: `down` without effect, `mute` with an effect but without an answer. */
  | { readonly kind: "outage"; readonly service: Service; readonly how: "down" | "mute"; readonly milliseconds: number }
  /** The process dies, whatever it is doing. A new one starts after some time. */
  | { readonly kind: "crash"; readonly instance: number; readonly backAfter: number }
  /** The platform stops an instance or starts another one. */
  | { readonly kind: "scale"; readonly instances: number }
  /** The clock of the app's machines is moved. */
  | { readonly kind: "clock"; readonly by: number }
  /** The hub drops the oldest events of a partition, as at the end of retention. */
  | { readonly kind: "drop"; readonly partition: number; readonly events: number }
  /** Somebody deletes the hub and creates it again. */
  | { readonly kind: "recreate" }
  /** For the first incident of this event each sink answers 400, or the table does, from now on. */
  | { readonly kind: "refuse"; readonly event: number; readonly by: Keeper }
  /** For the first incident of this event each sink answers 500, or the table does, until the items are mended, too. */
  | { readonly kind: "fail"; readonly event: number; readonly by: Keeper }
  /** An analyst changes one of the stored incidents. */
  | { readonly kind: "triage"; readonly incident: number }
  /** Somebody deletes one of the rows that wait for Log Analytics. */
  | { readonly kind: "delete"; readonly row: number }
  /** The host writes a checkpoint for a batch that failed, or an old owner writes its earlier one. */
  | { readonly kind: "checkpoint"; readonly partition: number; readonly by: number }
);

/** A world as data. The same plan gives the same run. */
export interface Plan {
  readonly seed: number;
  readonly partitions: number;
  readonly instances: number;
  readonly hasWebhook: boolean;
  /** Of 1,000 calls, how many fail in some way, and how many are slow, up to longer than any time limit. */
  readonly faults: number;
  readonly slow: number;
  /** Rows that the table gives at a time. */
  readonly pageSize: number;
  /** What fails alone does so for more than a day, until the app gives it up and the hub drops it. */
  readonly isLong: boolean;
  /** In milliseconds from the start, in the order of their times. */
  readonly happenings: readonly Happening[];
}

const MINUTE = 60_000;
const LONGEST_JUMP = 720 * MINUTE;
/** One of the timers runs at each multiple of it. */
const TIMERS_EVERY_MS = MINUTE / 2;
/** How long things happen; then everything is mended. */
export const DISTURBED_MS = 8 * MINUTE;

/** The world of a seed. */
export function planOf(seed: number): Plan {
  const draw = chance(`world ${seed}`);
  const partitions = draw.between(1, 3);
  const isLong = draw.between(1, 25) === 1;
  const isUndisturbed = draw.between(1, 8) === 1;
  const sends = [
    ...several(draw, 4, 14, () => send(draw, partitions)),
    ...rarely(draw, 6, () => ({
      ...send(draw, partitions),
      contents: several(draw, 20, 30, () => "two matches" as const),
    })),
  ];
  const happenings: Happening[] = [
    ...sends,
    ...rarely(draw, 3, () => item(draw, "refuse")),
    ...several(draw, 0, 3, (): Happening => ({ at: time(draw), kind: "triage", incident: draw.between(0, 99) })),
    ...(isUndisturbed ? [] : disturbances(draw, { partitions, sends, isLong })),
  ];
  return {
    seed,
    partitions,
    instances: draw.between(1, 3),
    hasWebhook: draw.between(0, 2) === 0,
    faults: isUndisturbed ? 0 : draw.pick([0, 0, 5, 20, 80, 200]),
    slow: isUndisturbed ? 0 : draw.pick([0, 5, 20]),
    pageSize: draw.pick([3, 20, 1_000]),
    isLong,
    happenings: happenings.toSorted((one, other) => one.at - other.at),
  };
}

interface Sent extends Pick<Plan, "partitions" | "isLong"> {
  readonly sends: readonly { readonly at: number }[];
}

function disturbances(draw: Chance, { partitions, sends, isLong }: Sent): Happening[] {
  /** Soon after an event was sent, when the app is at it, or at any time. */
  const moment = (): number => (draw.between(0, 1) === 0 ? time(draw) : draw.pick(sends).at + draw.between(0, 2_500));
  const partition = (): number => draw.between(0, partitions - 1);
  return [
    ...several(draw, 0, 3, () => outage(draw, moment())),
    ...several(draw, 0, 3, () => crash(draw, moment())),
    ...several(draw, 0, 2, (): Happening => ({ at: time(draw), kind: "scale", instances: draw.between(1, 3) })),
    // A clock that was ahead would make the app wait for longer than a day.
    ...(isLong ? [] : rarely(draw, 3, () => clockJump(draw))),
    ...rarely(draw, 5, (): Happening => ({
      at: time(draw),
      kind: "drop",
      partition: partition(),
      events: draw.between(1, 6),
    })),
    ...rarely(draw, 8, (): Happening => ({ at: time(draw), kind: "recreate" })),
    ...rarely(draw, 4, () => ({ ...send(draw, partitions), contents: ["match", "poison", "match"] as const })),
    ...several(draw, 0, isLong ? 4 : draw.pick([0, 0, 2]), () => item(draw, "fail")),
    ...rarely(draw, 4, (): Happening => ({ at: time(draw), kind: "delete", row: draw.between(0, 99) })),
    ...rarely(draw, 3, (): Happening => ({
      at: time(draw),
      kind: "checkpoint",
      partition: partition(),
      by: draw.between(-5, 5),
    })),
  ];
}

/** Often just before a timer runs, so that its run meets what the app does then. */
function time(draw: Chance): number {
  const at = draw.between(0, DISTURBED_MS - MINUTE);
  return draw.between(1, 4) === 1 ? Math.ceil((at + 1) / TIMERS_EVERY_MS) * TIMERS_EVERY_MS - draw.between(0, 300) : at;
}

function several<T>(draw: Chance, low: number, high: number, make: () => T): T[] {
  return Array.from({ length: draw.between(low, high) }, make);
}

/** One of them in one of so many worlds. */
function rarely<T>(draw: Chance, worlds: number, make: () => T): T[] {
  return draw.between(1, worlds) === 1 ? [make()] : [];
}

function send(draw: Chance, partitions: number) {
  const contents = several(draw, 1, 4, () => draw.pick(["match", "match", "match", ...CONTENTS] as const));
  return { at: time(draw), kind: "send", partition: draw.between(0, partitions - 1), contents } as const;
}

function item(draw: Chance, kind: "refuse" | "fail"): Happening {
  return { at: 0, kind, event: draw.between(0, 20), by: draw.pick(KEEPERS) };
}

function outage(draw: Chance, at: number): Happening {
  const milliseconds = draw.pick([2_000, 20_000, 90_000, 240_000]);
  return {
    at,
    kind: "outage",
    service: draw.pick(SERVICES),
    how: draw.pick(["down", "down", "mute"]),
    milliseconds,
  };
}

function clockJump(draw: Chance): Happening {
  return { at: time(draw), kind: "clock", by: draw.between(-LONGEST_JUMP, LONGEST_JUMP) };
}

function crash(draw: Chance, at: number): Happening {
  return {
    at,
    kind: "crash",
    instance: draw.between(0, 2),
    backAfter: draw.pick([1_000, 15_000, 120_000]),
  };
}

/** Whether an event is sent that kills every worker. */
export function hasPoison({ happenings }: Plan): boolean {
  return happenings.some((one) => one.kind === "send" && one.contents.includes("poison"));
}

/** Whether the clock of the app's machines is moved. */
export function hasClockJump({ happenings }: Plan): boolean {
  return happenings.some(({ kind }) => kind === "clock");
}

/** Whether nothing is disturbed: events are sent, and people work. */
export function isCalm(plan: Plan): boolean {
  const isHarmless = ({ kind }: Happening): boolean => kind === "send" || kind === "triage" || kind === "refuse";
  return plan.faults === 0 && plan.slow === 0 && plan.happenings.every(isHarmless) && !hasPoison(plan);
}
