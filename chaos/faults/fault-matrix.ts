/** The operations that requests ask of a service: the rows of the matrix. */
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
 * The kinds of faults: the columns of the matrix. Numbers are statuses; `429+1` includes the seconds of `Retry-After`.
 *
 * `late`: the connection breaks, and the request is carried out later, in parallel to the client's next step.
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

/** Whether the service carries out the request although the client gets a fault. */
type Effect = "before" | "after";

/** One field of the matrix. */
export interface Cell {
  readonly operation: Operation;
  readonly kind: FaultKind;
  readonly effect: Effect;
}

/** A cell to apply to the first attempt of a call or to every attempt. */
export interface Fault extends Cell {
  readonly everyTry: boolean;
}

const READS: ReadonlySet<Operation> = new Set(["list", "token"]);

/** After these faults the client makes no second attempt, or only after it gave up. */
const ONCE: ReadonlySet<FaultKind> = new Set(["hang", "429+3600", "late"]);

/**
 * All possible cells. Excluded: reads have no effect before or after; half an answer needs an answer; late requests
 * take effect afterwards by nature; the hub's AMQP connections can only be cut.
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

/** Faults that can report a false state. */
export const LIES: readonly FaultKind[] = ["409", "empty 202", "HTML 200", "206", "404", "412"];
const LIED_ABOUT: ReadonlySet<Operation> = new Set(["transaction", "insert", "blob put", "ingest"]);

/** Whether a proxy without knowledge answers that something is done, exists or is gone. */
export function isLie({ operation, kind, effect }: Cell): boolean {
  return effect === "before" && LIES.includes(kind) && LIED_ABOUT.has(operation);
}

/** Whether a fault of that kind can hit every attempt of one call. */
export function canRepeat({ kind, operation }: Cell): boolean {
  return operation !== "hub" && !ONCE.has(kind);
}

/**
 * Whether a run is complete only if the cell was reached. Not for `token`: an app requests one token per start, so each
 * further cell costs a start.
 */
export function isRequired({ operation }: Cell): boolean {
  return operation !== "token";
}

export function nameOfCell({ operation, kind, effect }: Cell): string {
  return `${operation}, ${kind}, ${effect} it took effect`;
}
