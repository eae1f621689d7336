/** What a request asks of a service: the rows of the matrix. */
export const OPERATIONS = [
  "transaction",
  "insert",
  "list",
  "update",
  "delete",
  "blob put",
  "ingest",
  "token",
  "hub",
] as const;
export type Operation = (typeof OPERATIONS)[number];

/**
 * What goes wrong: the columns of the matrix. Numbers are statuses; `429+1` names the seconds of `Retry-After`.
 *
 * `late`: the connection breaks and the request is carried out a while afterwards, beside what the client does next.
 */
export const FAULT_KINDS = [
  "401",
  "403",
  "404",
  "408",
  "409",
  "412",
  "413",
  "429",
  "429+1",
  "429+3600",
  "500",
  "503",
  "507",
  "reset",
  "late",
  "hang",
  "truncated",
  "empty 202",
  "HTML 200",
  "206",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Whether the service carries the request out although the client is told something else. */
type Effect = "before" | "after";

/** One field of the matrix. */
export interface Cell {
  readonly operation: Operation;
  readonly kind: FaultKind;
  readonly effect: Effect;
}

/** A cell that happens, to the first try of a call or to every try of it. */
export interface Fault extends Cell {
  readonly everyTry: boolean;
}

const READS: ReadonlySet<Operation> = new Set(["list", "token"]);

/** After these no second try is made, or only after the client has given up. */
const ONCE: ReadonlySet<FaultKind> = new Set(["hang", "429+3600", "late"]);

/**
 * Every cell that can happen. Left out: a read has no effect to come before or after; half of an answer needs an
 * answer; what happens late happens afterwards by its nature; the hub speaks AMQP, whose connections can be cut.
 */
export const CELLS: readonly Cell[] = OPERATIONS.flatMap((operation) =>
  FAULT_KINDS.flatMap((kind) => cells(operation, kind)),
);

function cells(operation: Operation, kind: FaultKind): Cell[] {
  const effects = effectsOf(operation, kind);
  return effects.map((effect) => ({ operation, kind, effect }));
}

function effectsOf(operation: Operation, kind: FaultKind): readonly Effect[] {
  if (operation === "hub") return kind === "reset" || kind === "truncated" ? ["before", "after"] : [];
  if (kind === "truncated") return ["after"];
  if (READS.has(operation)) return kind === "late" ? [] : ["before"];
  return kind === "late" ? ["after"] : ["before", "after"];
}

/** Kinds that can say that something is so that is not. */
export const LIES: readonly FaultKind[] = ["409", "empty 202", "HTML 200", "206", "404", "412"];
const LIED_ABOUT: ReadonlySet<Operation> = new Set(["transaction", "insert", "blob put", "ingest"]);

/** Whether somebody who knows nothing of it says that something is done, is there already or is gone. */
export function isLie({ operation, kind, effect }: Cell): boolean {
  return effect === "before" && LIES.includes(kind) && LIED_ABOUT.has(operation);
}

/** Whether a fault of that kind can be told to every try of one call. */
export function canRepeat({ kind, operation }: Cell): boolean {
  return operation !== "hub" && !ONCE.has(kind);
}

/**
 * Whether a run is only complete when the cell happened. Not for `token`: an app asks for one once in its life, so that
 * each further cell costs a life.
 */
export function isRequired({ operation }: Cell): boolean {
  return operation !== "token";
}

export function nameOfCell({ operation, kind, effect }: Cell): string {
  return `${operation}, ${kind}, ${effect} it took effect`;
}
