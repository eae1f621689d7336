import { valueText } from "../../../src/core/value-text.ts";
import type { IncidentRow } from "../../../src/core/incident/incident-row.ts";
import { isDue, type RowFailure } from "../../../src/core/incident/row-failure.ts";
import type { SendOutcome } from "../../../src/core/incident/sinks.ts";
import { DependencyError } from "../../../src/errors.ts";
import type { Sink } from "../../../src/workflows/delivery/sink.ts";
import { type Acceptances, sinkWatch } from "../../../src/workflows/delivery/sink-watch.ts";

export const START = Date.parse("2026-03-04T09:14:00Z");

export const rowOf = (id: string, ruleId = "a", queuedAt = START - 3_600_000): IncidentRow => ({
  RuleId: ruleId,
  IncidentId: id,
  Revision: 1,
  TimeGenerated: new Date(queuedAt).toISOString(),
});
export const idOf = (row: IncidentRow): string => valueText(row["IncidentId"]);

/** The answer for each single row. A pack gets the answer of its first row that is not accepted. */
export type Answer = "accepted" | "refused" | "fails" | "breaks";

export interface MemorySinkOptions extends Partial<Pick<Sink, "packsOf" | "pageSize" | "current" | "limits">> {
  readonly answerTo?: (id: string) => Answer;
  /** Latest acceptance that another instance has noted. */
  readonly acceptedElsewhere?: () => number | undefined;
  /** How long a request takes. */
  readonly requestMs?: (ids: readonly string[]) => number;
}

/** A sink and its outbox in memory, with their own clock. `journal` lists the sent packs in order. */
export function memorySink(rows: readonly IncidentRow[], options: MemorySinkOptions = {}) {
  const clock = { now: START };
  const outbox = new Map<string, { row: IncidentRow; failure?: RowFailure; refused?: string }>(
    rows.map((row) => [idOf(row), { row }]),
  );
  const journal: string[] = [];
  const noted: number[] = [];
  const answerTo = { current: options.answerTo ?? (() => "accepted" as const) };
  const acceptances: Acceptances = {
    latest: () => Promise.resolve(options.acceptedElsewhere?.()),
    note: (_sink, at) => Promise.resolve(void noted.push(at)),
  };
  const broken = new Set<string>();

  function change(row: IncidentRow, effect: (entry: { row: IncidentRow }) => void): Promise<void> {
    const entry = outbox.get(idOf(row));
    if (broken.has(idOf(row))) return Promise.reject(new DependencyError("Table Storage", `cannot mark ${idOf(row)}`));
    if (entry !== undefined) effect(entry);
    return Promise.resolve();
  }

  async function send(pack: readonly IncidentRow[]): Promise<SendOutcome> {
    const ids = pack.map(idOf);
    journal.push(ids.join());
    await Promise.resolve();
    clock.now += options.requestMs?.(ids) ?? 0;
    const answers = new Set(ids.map((id) => answerTo.current(id)));
    if (answers.has("breaks")) throw new TypeError("not a function");
    if (answers.has("fails")) throw new DependencyError("Receiver", "answered 500");
    return answers.has("refused") ? { outcome: "refused", reason: "answered 400" } : { outcome: "accepted" };
  }

  const sink: Sink = {
    name: "memory",
    title: "Memory",
    takes: "every revision",
    packsOf: options.packsOf ?? ((some) => (some.length === 0 ? [] : [[...some]])),
    send,
    ...(options.current && { current: options.current }),
    watch: sinkWatch("memory", { acceptances, pauseMs: 10_000, now: () => clock.now }),
    limits: options.limits ?? {
      invocation: { milliseconds: 10_000, timeoutMs: 5_000 },
      sweep: { milliseconds: 60_000, timeoutMs: 5_000 },
    },
    firstBackOffMs: 60_000,
    pageSize: options.pageSize ?? 500,
    readFrom: new Map(),
    outbox: {
      accounts: () => Promise.resolve({ incidents: 0, waiting: 0, acknowledged: 0, unaccounted: [] }),
      requeue: () => Promise.resolve("accounted for"),
      pending(ruleId, { limit, queuedBefore, dueAt, after = "" }) {
        const due = [...outbox.values()]
          .filter(({ row, refused }) => row["RuleId"] === ruleId && refused === undefined && idOf(row) > after)
          .filter(({ row }) => Date.parse(valueText(row["TimeGenerated"])) < queuedBefore.getTime())
          .filter(({ failure }) => failure === undefined || isDue(failure, dueAt.getTime()))
          .toSorted((one, other) => (idOf(one.row) < idOf(other.row) ? -1 : 1));
        const page = due.slice(0, limit).map(({ row, failure }) => ({ row, failure }));
        const last = page.at(-1);
        return Promise.resolve({ rows: page, next: last && due.length > limit ? idOf(last.row) : undefined });
      },
      markForwarded: (row) => change(row, () => outbox.delete(idOf(row))),
      markRefused: (row, refused) => change(row, (entry) => Object.assign(entry, { refused })),
      markFailed: (row, failure) => change(row, (entry) => Object.assign(entry, { failure })),
      waiting(ruleId, limit = Infinity) {
        const all = [...outbox.values()]
          .filter(({ row }) => row["RuleId"] === ruleId)
          .toSorted((one, other) => (idOf(one.row) < idOf(other.row) ? -1 : 1))
          .slice(0, limit);
        const pending = all.filter(({ refused }) => refused === undefined);
        return Promise.resolve({
          pending: pending.length,
          failing: pending.filter(({ failure }) => (failure?.counted ?? 0) > 0).length,
          refused: all.length - pending.length,
          untaken: [],
          oldest: pending.map(({ row }) => valueText(row["TimeGenerated"])).toSorted()[0],
        });
      },
    },
  };
  return {
    sink,
    clock,
    outbox,
    journal,
    noted,
    answerTo,
    /** Rows that cannot be marked. */
    broken,
    waiting: () => [...outbox.keys()].toSorted(),
    refused: () =>
      Object.fromEntries([...outbox].flatMap(([id, { refused }]) => (refused === undefined ? [] : [[id, refused]]))),
    failure: (id: string) => outbox.get(id)?.failure,
  };
}
