import { refusal, type Refusal } from "./refusal.ts";
import type { PartitionLog } from "./partition-log.ts";

/** Where a receiver wants to begin, as the selector filter of its link says it. */
export type StartPosition =
  | { readonly kind: "earliest" }
  | { readonly kind: "latest" }
  | {
      readonly kind: "offset" | "sequence-number" | "enqueued-time";
      readonly value: number;
      readonly inclusive: boolean;
    };

const SELECTOR =
  /^\s*amqp\.annotation\.x-opt-(offset|sequence-number|enqueued-time)\s*(>=|>)\s*(?:'(-?\d+|@latest)'|(-?\d+))\s*$/;

/**
 * Reads `amqp.annotation.x-opt-NAME > 'VALUE'` (or `>=`). Without a filter a receiver begins at the oldest event;
 * '-1' is before the first event, '@latest' after the last.
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
 * The number of the first event to deliver. A position beyond the last event is refused, as the service does it: that is
 * how a checkpoint of a hub that was deleted and made again shows.
 */
export function resolveStart(position: StartPosition, log: PartitionLog): number | Refusal {
  switch (position.kind) {
    case "earliest":
      return log.first;
    case "latest":
      return log.last + 1;
    case "sequence-number":
      return position.value > log.last
        ? beyondEnd("sequence number", position.value, log.last)
        : Math.max(log.first, position.inclusive ? position.value : position.value + 1);
    case "offset":
      return position.value > log.lastOffset
        ? beyondEnd("offset", position.value, log.lastOffset)
        : log.firstWhere(reaches(position, "offset"));
    case "enqueued-time":
      return log.firstWhere(reaches(position, "enqueuedAt"));
  }
}

function reaches<Key extends string>(position: { readonly value: number; readonly inclusive: boolean }, key: Key) {
  return (event: Readonly<Record<Key, number>>): boolean =>
    position.inclusive ? event[key] >= position.value : event[key] > position.value;
}

function beyondEnd(what: string, supplied: number, last: number): Refusal {
  return refusal(
    "com.microsoft:argument-error",
    `The supplied ${what} '${supplied}' is invalid. The last ${what} in the system is '${last}'`,
  );
}
