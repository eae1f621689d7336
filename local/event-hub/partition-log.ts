import { storedSize, type EventMessage, type StoredEvent } from "./event-message.ts";

/**
 * One partition: events in order of arrival, numbered from 0 without gaps.
 *
 * Numbers continue after retention dropped events: `first` is the oldest number still held, and `last` stays when the
 * partition becomes empty. `lastOffset` is -1 and `lastEnqueuedAt` undefined until the first event.
 */
export interface PartitionLog {
  readonly id: string;
  readonly first: number;
  readonly last: number;
  readonly lastOffset: number;
  readonly lastEnqueuedAt: number | undefined;
  readonly count: number;
  /** Adds all events of one transfer or none, and wakes the readers once. */
  append(messages: readonly EventMessage[]): void;
  /** The event of that number; the oldest one held if retention dropped it; undefined at the end. */
  read(sequenceNumber: number): StoredEvent | undefined;
  /**
   * The number of the first held event for which `reached` is true (it must stay true from there on), else `last + 1`.
   */
  firstWhere(reached: (event: StoredEvent) => boolean): number;
  /** Drops the events below that number. */
  trim(keepFrom: number): void;
  /** Calls back after each append, until the returned function is called. */
  onAppend(wake: () => void): () => void;
}

/** @param maxEvents retention: drops the oldest events above this count; undefined keeps all */
export function partitionLog(id: string, now: () => number, maxEvents: number | undefined): PartitionLog {
  const readers = new Set<() => void>();
  /** Events from index `head` on are held. Dropped events are cut off only now and then, to avoid quadratic time. */
  let events: StoredEvent[] = [];
  let head = 0;
  let next = 0;
  let nextOffset = 0;
  let lastOffset = -1;
  let lastEnqueuedAt: number | undefined;

  const count = () => events.length - head;
  const first = () => next - count();

  const trim = (keepFrom: number) => {
    head += Math.max(0, Math.min(keepFrom - first(), count()));
    if (head * 2 > events.length) {
      events = events.slice(head);
      head = 0;
    }
  };

  return {
    id,
    get first() {
      return first();
    },
    get last() {
      return next - 1;
    },
    get lastOffset() {
      return lastOffset;
    },
    get lastEnqueuedAt() {
      return lastEnqueuedAt;
    },
    get count() {
      return count();
    },
    append(messages) {
      for (const message of messages) {
        // The clock of a partition never goes back; otherwise a start position by time would skip events.
        const enqueuedAt = Math.max(now(), lastEnqueuedAt ?? 0);
        events.push({ sequenceNumber: next, offset: nextOffset, enqueuedAt, message });
        lastOffset = nextOffset;
        lastEnqueuedAt = enqueuedAt;
        next += 1;
        nextOffset += storedSize(message);
      }
      if (maxEvents !== undefined) trim(next - maxEvents);
      for (const wake of readers) wake();
    },
    read: (sequenceNumber) => events[head + Math.max(0, sequenceNumber - first())],
    firstWhere(reached) {
      let low = head;
      let high = events.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        const event = events[middle];
        if (event !== undefined && reached(event)) high = middle;
        else low = middle + 1;
      }
      return first() + (low - head);
    },
    trim,
    onAppend(wake) {
      readers.add(wake);
      return () => void readers.delete(wake);
    },
  };
}
