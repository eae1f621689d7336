/** A batch of two events of one record each. One kills the worker that processes it; the other is its neighbour. */
export const EVENTS = ["killer", "neighbour"] as const;
export type Event = (typeof EVENTS)[number];
export type Key = `${"event" | "body" | "record"} ${Event}`;

export interface Mark {
  readonly owner: 0 | 1 | "dead";
  readonly deaths: number;
  readonly isTogether: boolean;
  readonly isQuarantined: boolean;
}

export type Marks = Readonly<Partial<Record<Key, Mark>>>;

export type Stage =
  | "idle"
  | "mark together"
  | "store together"
  | "unmark together"
  | "mark event"
  | "store event"
  | "mark body"
  | "read body"
  | "unmark body"
  | "mark record"
  | "store record"
  | "unmark record"
  | "unmark suspect"
  | "bury"
  | "quarantine"
  | "unmark event"
  | "finish";

export interface Worker {
  readonly stage: Stage;
  /** Events that it has still to process alone, the present one first. */
  readonly left: readonly Event[];
  /** Events of which a body or record was in quarantine when it began. */
  readonly known: readonly Event[];
  readonly hasFailed: boolean;
  /** What it puts aside. */
  readonly suspect: "body" | "record";
}

export interface State {
  readonly stored: readonly Event[];
  readonly letters: readonly Event[];
  readonly marks: Marks;
  /** An invocation has finished the batch. Until then the host delivers it again. */
  readonly isDone: boolean;
  readonly crashes: number;
  readonly failures: number;
  readonly workers: readonly [Worker, Worker];
}

export const IDLE: Worker = { stage: "idle", left: [], known: [], hasFailed: false, suspect: "body" };

export function isQuarantined(marks: Marks, event: Event): boolean {
  return marks[`body ${event}`]?.isQuarantined === true || marks[`record ${event}`]?.isQuarantined === true;
}

export function changed(marks: Marks, change: (mark: Mark, key: string) => Mark | undefined): Marks {
  const entries = Object.entries(marks).map(([key, mark]): [string, Mark | undefined] => [key, change(mark, key)]);
  return Object.fromEntries(entries.filter(([, mark]) => mark !== undefined));
}

/** Marks are sorted, so that equal states have equal texts. */
export function withMark(marks: Marks, key: Key, mark: Mark): Marks {
  const entries = Object.entries({ ...marks, [key]: mark });
  return Object.fromEntries(entries.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}
