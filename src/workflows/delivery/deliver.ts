import { valueText } from "../../core/value-text.ts";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import { doEach, DOWN_AFTER } from "../../core/do-each.ts";
import type { QueuedRow } from "../../core/incident/outbox.ts";
import { afterFailure, type RowFailure } from "../../core/incident/row-failure.ts";
import type { SendingTime } from "../../core/incident/sinks.ts";
import { isOfADependency } from "../../errors.ts";
import type { Sink } from "./sink.ts";

/** Plain figures, for a log record. */
export interface Delivered {
  readonly forwarded: number;
  /** Rows that are not sent again until a person releases them: the sink refuses them, or they failed alone for a day. */
  readonly refused: number;
  /** Rows that failed while the sink took others; each waits alone, and is sent again. */
  readonly failed: number;
  /** Why it ended early. The rest is still in the outbox. */
  readonly stopped?: string;
}

export interface Delivery {
  readonly figures: Delivered;
  /** Other errors, such as a row that could not be marked. All other rows are done; the caller fails. */
  readonly errors: readonly unknown[];
}

/** Requests at a time; few enough for a webhook that accepts a few messages a second. */
const LANES = 4;
/** An endpoint that has accepted something in this pass counts as down after this many failures: bad rows may be neighbors. */
const DOWN_AGAIN_AFTER = 10;
/** A pack with a row at fault is sent again in this many parts. */
const PARTS = 8;

/** One pass over some rows of one sink. */
interface Pass {
  readonly sink: Sink;
  readonly until: number;
  readonly timeoutMs: number;
  readonly before: ReadonlyMap<IncidentRow, RowFailure | undefined>;
  readonly figures: { forwarded: number; refused: number; failed: number };
  readonly failures: { readonly row: IncidentRow; readonly reason: string }[];
  readonly errors: unknown[];
  hasAccepted: boolean;
  /** Rows that failed alone since the last acceptance. */
  failedInARow: number;
  /** Accepted rows could not be marked, so anything sent now would be sent again. */
  cannotMark: boolean;
}

/**
 * Sends rows of the outbox to a sink. A row leaves the outbox only after the sink accepted it, so it arrives at least once.
 *
 * Other rows show what a failure means. A pack that fails is sent again as a few single rows and some smaller packs, until
 * the row at fault is alone. If the sink accepts others, the row is at fault: it waits alone, and counts as refused after
 * a day (`afterFailure`). If several different rows fail and none is accepted, the endpoint counts as down: the rest stays
 * in the outbox, and no failure counts.
 */
export async function deliver(
  rows: readonly QueuedRow[],
  sink: Sink,
  { milliseconds, timeoutMs }: SendingTime,
): Promise<Delivery> {
  const pass: Pass = {
    sink,
    until: sink.watch.now() + milliseconds,
    timeoutMs,
    before: new Map(rows.map(({ row, failure }) => [row, failure])),
    figures: { forwarded: 0, refused: 0, failed: 0 },
    failures: [],
    errors: [],
    hasAccepted: false,
    failedInARow: 0,
    cannotMark: false,
  };
  const queue = packsOf(rows, sink);
  await inLanes(queue, {
    lanes: LANES,
    goesOn: () => reasonToStop(pass) === undefined,
    work: (pack) => settle(pack, queue, pass),
  });
  const { errors, doubted } = await judgeAll(pass);
  await sink.watch.note();
  const stopped = queue.length > 0 || pass.cannotMark ? reasonToStop(pass) : doubted;
  return {
    figures: { ...pass.figures, ...(stopped !== undefined && { stopped }) },
    errors: [...pass.errors, ...errors],
  };
}

/** A row that has failed alone is sent alone, since it would make a pack fail. */
function packsOf(rows: readonly QueuedRow[], sink: Sink): IncidentRow[][] {
  const fresh = rows.filter((queued) => !isFailing(queued)).map(({ row }) => row);
  return [...sink.packsOf(fresh), ...rows.filter(isFailing).map(({ row }) => [row])];
}

/** Whether a row is known to fail while the sink accepts other rows. */
export function isFailing({ failure }: QueuedRow): boolean {
  return failure !== undefined && failure.counted > 0;
}

function reasonToStop({ sink, until, failures, failedInARow, ...pass }: Pass): string | undefined {
  if (pass.cannotMark) return "the outbox cannot be written";
  if (failedInARow >= (pass.hasAccepted ? DOWN_AGAIN_AFTER : DOWN_AFTER)) return failures.at(-1)?.reason;
  return sink.watch.now() > until ? "out of time" : undefined;
}

/** Sends one pack. If it fails, its parts come next in the queue. */
async function settle(pack: readonly IncidentRow[], queue: IncidentRow[][], pass: Pass): Promise<void> {
  const answer = await attempt(pack, pass);
  const [row, ...others] = pack;
  if (answer.outcome === "accepted") {
    pass.sink.watch.accepted();
    pass.hasAccepted = true;
    pass.failedInARow = 0;
    await markForwarded(pack, pass);
  } else if (answer.outcome === "gone") {
    await markForwarded(pack, pass);
  } else if (row === undefined || others.length > 0) {
    queue.unshift(...partsOf(pack));
  } else if (answer.outcome === "refused") {
    await markRefused(row, answer.reason, pass);
  } else {
    fail(row, answer.reason, pass);
  }
}

async function attempt(
  pack: readonly IncidentRow[],
  { sink, timeoutMs, errors }: Pass,
): Promise<Awaited<ReturnType<Sink["send"]>> | { readonly outcome: "failed"; readonly reason: string }> {
  try {
    return await sink.send(pack, timeoutMs);
  } catch (error) {
    if (!isOfADependency(error) && pack.length === 1) errors.push(error); // a bug is not hidden
    return { outcome: "failed", reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Single rows first, enough to tell a row's fault from the endpoint's; then the rest in parts. */
function partsOf(pack: readonly IncidentRow[]): IncidentRow[][] {
  const rest = pack.slice(DOWN_AFTER);
  const size = Math.ceil(rest.length / PARTS);
  const parts: IncidentRow[][] = pack.slice(0, DOWN_AFTER).map((row) => [row]);
  for (let start = 0; start < rest.length; start += size) parts.push(rest.slice(start, start + size));
  return parts;
}

/** Notes that a row failed alone. It is judged at the end of the pass, when more is known about the endpoint. */
function fail(row: IncidentRow, reason: string, pass: Pass): void {
  pass.failures.push({ row, reason });
  pass.failedInARow += 1;
}

/** Decides which failures count against their rows. @returns also the reason of a failure that does not, if any */
async function judgeAll(pass: Pass): Promise<{ errors: readonly unknown[]; doubted: string | undefined }> {
  const { outbox, watch, firstBackOffMs } = pass.sink;
  const at = watch.now();
  let doubted: string | undefined;
  const { errors } = await doEach(pass.failures, async ({ row, reason }) => {
    const before = pass.before.get(row);
    const counts = await watch.hasAcceptedSince(before?.failedAt ?? queuedAt(row));
    const next = afterFailure(before, { at, reason, counts }, firstBackOffMs);
    if (!counts) {
      doubted = reason;
      watch.failed(`${valueText(row["RuleId"])}|${valueText(row["IncidentId"])}|${valueText(row["Revision"])}`, reason);
    }
    if (next.outcome === "refused") return markRefused(row, next.reason, pass);
    pass.figures.failed += counts ? 1 : 0;
    await outbox.markFailed(row, next.failure);
  });
  return { errors, doubted };
}

function queuedAt(row: IncidentRow): number {
  return Date.parse(valueText(row["TimeGenerated"])) || 0;
}

/** A row that cannot be marked holds up no other. If none can be marked, nothing more is sent, since it would be sent again. */
async function markForwarded(pack: readonly IncidentRow[], pass: Pass): Promise<void> {
  const { done, errors } = await doEach(pack, (row) => pass.sink.outbox.markForwarded(row));
  pass.figures.forwarded += done;
  pass.errors.push(...errors);
  if (done + errors.length < pack.length) pass.cannotMark = true;
}

async function markRefused(row: IncidentRow, reason: string, pass: Pass): Promise<void> {
  pass.figures.refused += 1;
  const { errors } = await doEach([row], () => pass.sink.outbox.markRefused(row, reason));
  pass.errors.push(...errors);
}

interface Lanes<T> {
  /** How many items are worked on at a time. */
  readonly lanes: number;
  /** Asked before each start. Work that has begun is always finished. */
  goesOn(): boolean;
  /** May add to the queue, and must not reject. */
  work(next: T): Promise<void>;
}

/** Works through a queue until it is empty or `goesOn` says no. A slow item holds up only its own lane. */
export async function inLanes<T>(queue: T[], { lanes, goesOn, work }: Lanes<T>): Promise<void> {
  const running = new Set<Promise<void>>();
  do {
    for (const next of queue.splice(0, goesOn() ? lanes - running.size : 0)) {
      const run = work(next).finally(() => running.delete(run));
      running.add(run);
    }
    if (running.size > 0) await Promise.race(running);
  } while (running.size > 0 || (queue.length > 0 && goesOn()));
}
