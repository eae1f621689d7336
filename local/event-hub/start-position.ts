import { refusal, type Refusal } from "./refusal.ts";
import type { PartitionLog } from "./partition-log.ts";

/** Where a receiver begins, according to the selector filter of its link. */
export type StartPosition =
  | { readonly kind: "earliest" }
  | { readonly kind: "latest" }
  | {
      readonly kind: "offset" | "sequence-number" | "enqueued-time";
      readonly value: number;
      readonly inclusive: boolean;
    };

const SELECTOR =
  /^\s*amqp\.annotation\.x-opt-(offset|sequence-number|enqueued-time)\s*(>=|>)\s*(?:'(-?\d+|@latest)'|(-?\d+|@latest))\s*$/;

/**
 * Reads `amqp.annotation.x-opt-NAME > 'VALUE'` (or `>=`). Without a filter a receiver begins at the oldest event; '-1'
 * is before the first event, '@latest' after the last. The .NET client omits the quotation marks.
 */
export function parseSelector(selector: string | undefined): StartPosition | Refusal {
  if (selector === undefined) return { kind: "earliest" };
  const [, name, operator, quoted, bare] = SELECTOR.exec(selector) ?? [];
  const text = quoted ?? bare;
  const kind = name === "offset" || name === "sequence-number" || name === "enqueued-time" ? name : undefined;
  if (kind === undefined || text === undefined) {
    return refusal("com.microsoft:argument-error", `The filter '${selector}' is not a start position.`);
  }
  if (text === "@latest") return { kind: "latest" };
  const value = Number(text);
  if (!Number.isSafeInteger(value)) {
    return refusal("com.microsoft:argument-error", `The value '${text}' in the filter '${selector}' is out of range.`);
  }
  if (kind !== "enqueued-time" && value < 0) return { kind: "earliest" };
  return { kind, value, inclusive: operator === ">=" };
}

/**
 * The number of the first event to deliver. A position beyond the last event is refused, as by the service: this
 * happens to checkpoints of a hub that was deleted and recreated.
 */
export function resolveStart(position: StartPosition, log: PartitionLog): number | Refusal {
  if (position.kind === "earliest") return log.first;
  if (position.kind === "latest") return log.last + 1;
  const { kind, value, inclusive } = position;
  if (kind === "sequence-number") {
    if (value > log.last) return beyondEnd("sequence number", value, log.last);
    return Math.max(log.first, inclusive ? value : value + 1);
  }
  if (kind === "offset") {
    if (value > log.lastOffset) return beyondEnd("offset", value, log.lastOffset);
    return log.firstWhere(({ offset }) => (inclusive ? offset >= value : offset > value));
  }
  return log.firstWhere(({ enqueuedAt }) => (inclusive ? enqueuedAt >= value : enqueuedAt > value));
}

function beyondEnd(what: string, supplied: number, last: number): Refusal {
  return refusal(
    "com.microsoft:argument-error",
    `The supplied ${what} '${supplied}' is invalid. The last ${what} in the system is '${last}'`,
  );
}
