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
  /** Few events, and little that disturbs them. */
  readonly isSmall: boolean;
  /** What fails alone does so for more than a day, until the app gives it up and the hub drops it. */
  readonly isLong: boolean;
  /** How long things happen, in milliseconds; then everything is mended. */
  readonly disturbedMs: number;
  /** In milliseconds from the start, in the order of their times. */
  readonly happenings: readonly Happening[];
}

const MINUTE = 60_000;
const LONGEST_JUMP = 720 * MINUTE;
/** One of the timers runs at each multiple of it. */
const TIMERS_EVERY_MS = MINUTE / 2;
/** After the last happening, before everything is mended. */
const LAST_MS = MINUTE;
/** At most so many incidents fail alone. What that leads to takes most of an hour, and many calls. */
const FAILING = [0, 0, 2];
const FAILING_IN_SMALL = [0, 0, 0, 0, 0, 0, 0, 1];

/**
 * The world of a seed. Most are small, so that there can be very many of them: some events, and little that disturbs them.
 * Of the others, some last for more than a day.
 */
export function planOf(seed: number): Plan {
  const draw = chance(`world ${seed}`);
  const isSmall = draw.between(1, 6) > 1;
  const isLong = !isSmall && draw.between(1, 10) === 1;
  const isUndisturbed = draw.between(1, 8) === 1;
  const disturbedMs = (isSmall ? draw.between(2, 4) : 8) * MINUTE;
  const partitions = isSmall ? draw.between(1, 2) : draw.between(1, 3);
  const sketch = { draw, isSmall, isLong, disturbedMs, partitions };
  const sends = [
    ...several(draw, isSmall ? 1 : 4, isSmall ? 4 : 14, () => send(sketch)),
    ...rarely(draw, isSmall ? 60 : 6, () => ({
      ...send(sketch),
      contents: several(draw, 20, 30, () => "two matches" as const),
    })),
  ];
  const happenings: Happening[] = [
    ...sends,
    ...rarely(draw, 3, () => item(sketch, "refuse")),
    ...several(draw, 0, isSmall ? 1 : 3, (): Happening => ({
      at: time(sketch),
      kind: "triage",
      incident: draw.between(0, 99),
    })),
    ...(isUndisturbed ? [] : disturbances(sketch, sends)),
  ];
  return {
    seed,
    partitions,
    instances: draw.between(1, isSmall ? 2 : 3),
    hasWebhook: draw.between(0, 2) === 0,
    faults: isUndisturbed ? 0 : draw.pick([0, 0, 5, 20, 80, 200]),
    slow: isUndisturbed ? 0 : draw.pick([0, 5, 20]),
    pageSize: draw.pick([3, 20, 1_000]),
    isSmall,
    isLong,
    disturbedMs,
    happenings: happenings.toSorted((one, other) => one.at - other.at),
  };
}

/** What a world is drawn by. */
interface Sketch extends Pick<Plan, "partitions" | "isSmall" | "isLong" | "disturbedMs"> {
  readonly draw: Chance;
}

type Send = ReturnType<typeof send>;

function disturbances(sketch: Sketch, sends: readonly Send[]): Happening[] {
  const { draw, isSmall, isLong, partitions } = sketch;
  const most = isSmall ? 1 : 3;
  /** In a small world, each is as rare as makes it a third of what a large one has. */
  const sometimes = (worlds: number, make: () => Happening): Happening[] =>
    rarely(draw, isSmall ? 3 * worlds : worlds, make);
  /** Soon after an event was sent, when the app is at it, or at any time. */
  const moment = (): number => (draw.between(0, 1) === 0 ? time(sketch) : draw.pick(sends).at + draw.between(0, 2_500));
  const partition = (): number => draw.between(0, partitions - 1);
  return [
    ...several(draw, 0, most, () => outage(draw, moment())),
    ...several(draw, 0, most, () => crash(draw, moment())),
    ...several(draw, 0, isSmall ? 1 : 2, (): Happening => ({
      at: time(sketch),
      kind: "scale",
      instances: draw.between(1, 3),
    })),
    // A clock that was ahead would make the app wait for longer than a day.
    ...(isLong ? [] : sometimes(3, () => clockJump(sketch))),
    ...sometimes(5, () => drop(draw, draw.pick(sends))),
    ...sometimes(8, () => ({ at: time(sketch), kind: "recreate" })),
    ...sometimes(4, () => ({ ...send(sketch), contents: ["match", "poison", "match"] })),
    ...several(draw, 0, isLong ? 4 : draw.pick(isSmall ? FAILING_IN_SMALL : FAILING), () => item(sketch, "fail")),
    ...sometimes(4, () => ({ at: time(sketch), kind: "delete", row: draw.between(0, 99) })),
    ...sometimes(3, () => ({ at: time(sketch), kind: "checkpoint", partition: partition(), by: draw.between(-5, 5) })),
  ];
}

/** Often just before a timer runs, so that its run meets what the app does then. */
function time({ draw, disturbedMs }: Sketch): number {
  const at = draw.between(0, disturbedMs - LAST_MS);
  return draw.between(1, 4) === 1 ? Math.ceil((at + 1) / TIMERS_EVERY_MS) * TIMERS_EVERY_MS - draw.between(0, 300) : at;
}

function several<T>(draw: Chance, low: number, high: number, make: () => T): T[] {
  return Array.from({ length: draw.between(low, high) }, make);
}

/** One of them in one of so many worlds. */
function rarely<T>(draw: Chance, worlds: number, make: () => T): T[] {
  return draw.between(1, worlds) === 1 ? [make()] : [];
}

function send(sketch: Sketch) {
  const { draw, partitions } = sketch;
  const contents = several(draw, 1, 4, () => draw.pick(["match", "match", "match", ...CONTENTS] as const));
  return { at: time(sketch), kind: "send", partition: draw.between(0, partitions - 1), contents } as const;
}

function item({ draw, isSmall }: Sketch, kind: "refuse" | "fail"): Happening {
  return { at: 0, kind, event: draw.between(0, isSmall ? 5 : 20), by: draw.pick(KEEPERS) };
}

/** Soon after an event was sent, of its partition: often before the app has read it. */
function drop(draw: Chance, { at, partition }: Send): Happening {
  return { at: at + draw.between(0, 1_500), kind: "drop", partition, events: draw.pick([1, 6, 100]) };
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

function clockJump(sketch: Sketch): Happening {
  return { at: time(sketch), kind: "clock", by: sketch.draw.between(-LONGEST_JUMP, LONGEST_JUMP) };
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
