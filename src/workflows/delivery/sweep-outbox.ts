import { doEach } from "../../core/do-each.ts";
import type { PendingPage, QueuedRow } from "../../core/incident/outbox.ts";
import { deliver, type Delivered, isFailing } from "./deliver.ts";
import { type OutboxState, outboxState } from "./outbox-state.ts";
import { type BySink, forEachSink, type Sink } from "./sink.ts";

export interface SweepDependencies {
  readonly sinks: readonly Sink[];
  /** Rules whose rows may wait; each has a partition of its own. */
  ruleIds(how?: { readonly fresh: boolean }): Promise<readonly string[]>;
}

/** The figures of the sweep, and of the rows that wait after it if the table could be read. */
export interface Swept extends Delivered, Partial<Omit<OutboxState, "refused">> {}

export interface Sweep<Figures> {
  readonly figures: Figures;
  /** Errors beside the sending. All else is done; the caller fails. */
  readonly errors: readonly unknown[];
}

/**
 * Sends the rows that invocations left in the outbox: after a crash, while the endpoint was down, or because the rows
 * failed.
 *
 * @param queuedBefore only rows queued before this time: younger ones are still with the invocation that made them
 */
export async function sweepOutbox(deps: SweepDependencies, queuedBefore: Date): Promise<Sweep<BySink<Swept>>> {
  const ruleIds = await deps.ruleIds({ fresh: true });
  return forEachSink(deps.sinks, (sink) => sweepSink(sink, ruleIds, queuedBefore));
}

/** Sweeps the outbox of one sink, in rounds of one page of every rule, so that no rule waits for another's rows. */
export async function sweepSink(sink: Sink, ruleIds: readonly string[], queuedBefore: Date): Promise<Sweep<Swept>> {
  const { watch, limits } = sink;
  const until = watch.now() + limits.sweep.milliseconds;
  const errors: unknown[] = [];
  const failing: QueuedRow[] = [];
  let total: Delivered = { forwarded: 0, refused: 0, failed: 0 };

  async function send(rows: readonly QueuedRow[]): Promise<void> {
    const time = { ...limits.sweep, milliseconds: until - watch.now() };
    const delivery = await deliver(rows, readingCurrent(sink), time);
    total = sumOf(total, delivery.figures);
    errors.push(...delivery.errors);
  }

  for (let open = ruleIds; open.length > 0 && total.stopped === undefined;) {
    const which = { limit: sink.pageSize, queuedBefore, dueAt: new Date(watch.now()) };
    const read = await readRound(open, which, sink);
    const rows = inTurn(read.pages);
    errors.push(...read.errors);
    failing.push(...rows.filter(isFailing));
    await send(rows.filter((queued) => !isFailing(queued)));
    open = read.open;
  }
  // Last, because rows that are known to fail prove nothing about the endpoint and must not hold up others. One of them is
  // sent even if the endpoint seems down: what failed may have been a row at fault, and this one may be taken.
  await send(total.stopped === undefined ? failing : failing.slice(0, 1));
  const { state, errors: unread } = await stateAfter(sink, ruleIds);
  return { figures: { ...total, ...state }, errors: [...errors, ...unread] };
}

function sumOf(one: Delivered, { forwarded, refused, failed, stopped = one.stopped }: Delivered): Delivered {
  return {
    forwarded: one.forwarded + forwarded,
    refused: one.refused + refused,
    failed: one.failed + failed,
    ...(stopped !== undefined && { stopped }),
  };
}

/** Reads a page of each rule, behind its previous page. @returns also the rules that have more */
async function readRound(ruleIds: readonly string[], which: PendingPage, { outbox, readFrom }: Sink) {
  const pages: QueuedRow[][] = [];
  const open: string[] = [];
  const { errors } = await doEach(ruleIds, async (ruleId) => {
    const { rows, next } = await outbox.pending(ruleId, { ...which, after: readFrom.get(ruleId) });
    pages.push(rows);
    if (next === undefined) readFrom.delete(ruleId);
    else readFrom.set(ruleId, next);
    if (next !== undefined) open.push(ruleId);
  });
  return { pages, open, errors };
}

/**
 * One row of each page in turn, so that no rule waits for another. Rows that never failed come first, then those that
 * failed longest ago, so that failing rows hide no others even if nothing is accepted.
 */
function inTurn(pages: readonly QueuedRow[][]): QueuedRow[] {
  const longest = Math.max(0, ...pages.map((page) => page.length));
  const turns = Array.from({ length: longest }, (_, turn) => pages.flatMap((page) => page.slice(turn, turn + 1)));
  return turns.flat().toSorted((one, other) => (one.failure?.failedAt ?? 0) - (other.failure?.failedAt ?? 0));
}

/** The sink itself; or, if its outbox has only ids, a sink that reads each incident before it sends it. */
function readingCurrent(sink: Sink): Sink {
  const { current } = sink;
  if (current === undefined) return sink;
  return {
    ...sink,
    async send(pack, timeoutMs) {
      const rows = await Promise.all(pack.map((queued) => current(queued)));
      const found = rows.filter((row) => row !== undefined);
      return found.length === 0 ? { outcome: "gone" } : sink.send(found, timeoutMs);
    },
  };
}

async function stateAfter({ outbox, watch }: Sink, ruleIds: readonly string[]) {
  let state: Omit<OutboxState, "refused" | "untaken"> | undefined;
  const { errors } = await doEach([outbox], async () => {
    const { refused: _inAll, untaken: _named, ...waiting } = await outboxState({ outbox, ruleIds, now: watch.now() });
    state = waiting;
  });
  return { state, errors };
}
