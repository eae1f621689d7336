import { doEach, rotated } from "../../core/do-each.ts";
import { onlyTenantOf, type Tenants } from "../../core/event/tenants.ts";
import type { StoredIncident, StoreOutcome } from "../../core/incident/incident-row.ts";
import type { ReadyRule, ReadyWindow } from "../../core/incident/ready-rule.ts";
import { hasWindow, type WindowRule } from "../../core/incident/rule.ts";
import { planHash } from "../../core/ledger/evaluations.ts";
import { WINDOW_DELAY_SECONDS } from "../../core/timing.ts";
import { valueText } from "../../core/value-text.ts";
import { instantBefore, type Instants, ticksOf } from "../../core/window/instants.ts";
import { type DueRow, windowKey, type WindowName, type WindowRecord } from "../../core/window/kept-record.ts";
import { windowIncidents } from "../../core/window/window-incidents.ts";
import type { DetectDependencies } from "../detection/detect-batch.ts";
import { EvaluationLimitError } from "../../kql/run/evaluation.ts";
import { ticksFromUnixMilliseconds } from "../../kql/run/time.ts";

/** Instants that are evaluated before their incidents are stored and the cursor moves. */
const INSTANTS_AT_ONCE = 50;

export interface WindowDependencies {
  readonly rules: readonly ReadyRule[];
  readonly allowedTenantIds: ReadonlySet<string>;
  readonly tenantNames?: Tenants | undefined;
  readonly kept: {
    due(): Promise<readonly DueRow[]>;
    settle(rows: readonly DueRow[]): Promise<void>;
    owe(window: WindowName, instants: Instants): Promise<void>;
    cursors(): Promise<readonly { readonly window: WindowName; readonly next: bigint }[]>;
    begin(window: WindowName, next: bigint): Promise<bigint>;
    advance(window: WindowName, next: bigint): Promise<void>;
    read(
      window: WindowName,
      range: { readonly after: bigint; readonly through: bigint },
    ): Promise<readonly WindowRecord[]>;
    forget(window: WindowName, through: bigint): Promise<number>;
    end(window: WindowName): Promise<void>;
  };
  readonly incidents: { addAll(incidents: readonly StoredIncident[]): Promise<readonly StoreOutcome[]> };
  readonly deadLetters: DetectDependencies["deadLetters"];
  /** Takes new evidence into an incident that is stored. @returns whether there was any */
  readonly revise: (incident: StoredIncident) => Promise<boolean>;
  now(): Date;
}

export interface WindowLimits {
  /** No instant is begun from this time on, in milliseconds since 1970; the next run goes on. */
  readonly until: number;
  /** How long the hub keeps an event: one may be read again for so long. */
  readonly retentionMs: number;
  /** Which window is the first, so that those that fail again and again hold up no others. Any number from 0. */
  readonly firstTurn: number;
}

/** Plain figures, for a log record. */
interface WindowFigures {
  /** Windows that were evaluated at least once. */
  readonly windows: number;
  readonly instants: number;
  /** Incidents that were stored, found again, and found again with more evidence. */
  readonly stored: number;
  readonly known: number;
  readonly revised: number;
  /** Kept records that no window can hold any more, and that were removed. */
  readonly forgotten: number;
  /** Windows that are left to the next run, for lack of time. */
  readonly left: number;
}

/** An instant that could not be evaluated, and is not tried again. */
interface FailedInstant {
  readonly ruleId: string;
  readonly tenant: string;
  readonly instant: bigint;
  readonly reason: string;
}

export interface WindowRun {
  readonly figures: WindowFigures;
  readonly failed: readonly FailedInstant[];
  /** Errors of windows. All others are done; the caller fails. */
  readonly errors: readonly unknown[];
}

/** A window that this app runs, and what is to be done. */
interface Task {
  readonly rule: WindowRule;
  readonly ready: ReadyWindow;
  readonly window: WindowName;
  /** The next instant that was never evaluated. */
  readonly next: bigint;
  readonly due: readonly DueRow[];
}

/**
 * Evaluates every rule with a window at each of its scheduled instants, over the records that it keeps, and stores what it
 * finds. No instant is skipped; none is evaluated until some minutes after it. An instant that was evaluated is evaluated
 * again if a record arrives later that is in its window.
 */
export async function runWindows(deps: WindowDependencies, limits: WindowLimits): Promise<WindowRun> {
  const run: Run = {
    deps,
    limits,
    figures: { windows: 0, instants: 0, stored: 0, known: 0, revised: 0, forgotten: 0, left: 0 },
    failed: [],
    errors: [],
    now: ticksFromUnixMilliseconds(deps.now().getTime()),
  };
  // Due rows first: whatever is read afterwards has the records that they are about.
  const due = new Map<string, DueRow[]>();
  for (const row of await deps.kept.due()) {
    const key = windowKey(row.window);
    due.set(key, [...(due.get(key) ?? []), row]);
  }
  const cursors = new Map((await deps.kept.cursors()).map((cursor) => [windowKey(cursor.window), cursor]));
  const keys = [...new Set([...due.keys(), ...cursors.keys()])];
  const { errors } = await doEach(rotated(keys, limits.firstTurn), async (key) => {
    const rows = due.get(key) ?? [];
    const cursor = cursors.get(key);
    const window = cursor?.window ?? rows[0]?.window;
    if (window === undefined) return;
    const found = deps.rules.find(({ rule }) => rule.id === window.ruleId && planHash(rule) === window.plan);
    if (found?.window === undefined || !hasWindow(found.rule))
      return forgetOther({ window, due: rows, next: cursor?.next }, run);
    const ready = found.window;
    const next = cursor?.next ?? (await deps.kept.begin(window, firstOf(rows, ready, run.now)));
    await runWindow({ rule: found.rule, ready, window, next, due: rows }, run);
  });
  return { figures: run.figures, failed: run.failed, errors: [...run.errors, ...errors] };
}

interface Run {
  readonly deps: WindowDependencies;
  readonly limits: WindowLimits;
  readonly figures: { -readonly [Figure in keyof WindowFigures]: number };
  readonly failed: FailedInstant[];
  readonly errors: unknown[];
  /** In ticks. */
  readonly now: bigint;
}

async function runWindow(task: Task, run: Run): Promise<void> {
  const { window, due, next, ready } = task;
  const { kept, now } = run.deps;
  const instants = instantsToRun(task, run.now);
  let done = 0;
  while (done < instants.length && now().getTime() < run.limits.until) {
    const some = instants.slice(done, done + INSTANTS_AT_ONCE);
    await runInstants(some, task, run);
    const last = some.at(-1) ?? next;
    if (last >= next) await kept.advance(window, last + ticksOf(ready.schedule.frequencySeconds));
    done += some.length;
  }
  const left = instants.slice(done);
  if (left.length > 0) run.figures.left += 1;
  if (left.length > 0 && done === 0) return;
  if (instants.length > 0) run.figures.windows += 1;
  const owed = left.filter((instant) => instant < next);
  if (owed.length > 0) await kept.owe(window, { first: leastOf(owed), last: owed.at(-1) ?? next });
  await kept.settle(due);
  if (done > 0) run.figures.forgotten += await kept.forget(window, oldest(run, ready.schedule.periodSeconds));
}

/** Where a new cursor begins: at the first instant that is owed, but at none to come, which others may owe before it. */
function firstOf(due: readonly DueRow[], { schedule }: ReadyWindow, now: bigint): bigint {
  return leastOf([...due.map(({ first }) => first), latestOf(schedule, now) + ticksOf(schedule.frequencySeconds)]);
}

/** The latest instant that may be evaluated. */
function latestOf(schedule: ReadyWindow["schedule"], now: bigint): bigint {
  return instantBefore(now - ticksOf(WINDOW_DELAY_SECONDS), schedule);
}

/** Those that are owed, and those that were never evaluated, in order. */
function instantsToRun({ due, next, ready }: Task, now: bigint): bigint[] {
  const { schedule } = ready;
  const step = ticksOf(schedule.frequencySeconds);
  const instants = new Set<bigint>();
  for (const { first, last } of due)
    for (let instant = first; instant <= last && instant < next; instant += step) instants.add(instant);
  const latest = latestOf(schedule, now);
  for (let instant = next; instant <= latest; instant += step) instants.add(instant);
  return [...instants].toSorted((one, other) => Number(one - other));
}

/** Evaluates instants in order, and stores what they find. */
async function runInstants(instants: readonly bigint[], { rule, ready, window }: Task, run: Run): Promise<void> {
  const { deps, figures, failed } = run;
  const { periodSeconds, threshold } = ready.schedule;
  const period = ticksOf(periodSeconds);
  const [first = 0n, last = 0n] = [instants[0], instants.at(-1)];
  const all = await deps.kept.read(window, { after: first - period, through: last });
  const onlyTenant = onlyTenantOf(deps.allowedTenantIds);
  const incidents: FoundIncident[] = [];
  for (const instant of instants) {
    const records = all.filter(({ time }) => time > instant - period && time <= instant);
    figures.instants += 1;
    try {
      const results = ready.evaluate(instant, () => records.map(({ row }) => row));
      if (results.length <= threshold) continue;
      const found = {
        rule,
        tenant: window.tenant,
        onlyTenant,
        tenantNames: deps.tenantNames,
        instant,
        records,
        results,
      };
      for (const incident of windowIncidents(found, deps.now())) incidents.push({ incident, instant });
    } catch (error) {
      if (!(error instanceof EvaluationLimitError)) throw error;
      failed.push({ ruleId: rule.id, tenant: window.tenant, instant, reason: error.message });
    }
  }
  const again = await store(incidents, run);
  // One incident that cannot be stored holds up neither the others nor later instants.
  if (again.length > 0) await deps.kept.owe(window, { first: leastOf(again), last: again.at(-1) ?? last });
}

interface FoundIncident {
  readonly incident: StoredIncident;
  readonly instant: bigint;
}

/** Stores incidents. What fails is in the run's errors. @returns the instants whose incidents could not all be stored, in order */
async function store(found: readonly FoundIncident[], run: Run): Promise<bigint[]> {
  const { deps, figures, errors } = run;
  if (found.length === 0) return [];
  const outcomes = await outcomesOf(found, deps);
  const again: bigint[] = [];
  for (const [index, { incident, instant }] of found.entries()) {
    const outcome = outcomes[index] ?? "known";
    try {
      if (outcome === "added") figures.stored += 1;
      else if (outcome === "known") figures.known += 1;
      else if (outcome === "otherContent") figures[(await deps.revise(incident)) ? "revised" : "known"] += 1;
      else if ("failed" in outcome) throw outcome.failed;
      else await deps.deadLetters.add(letterOf(incident, outcome.refused));
    } catch (error) {
      errors.push(error);
      again.push(instant);
    }
  }
  return again;
}

async function outcomesOf(
  found: readonly FoundIncident[],
  { incidents }: WindowDependencies,
): Promise<readonly StoreOutcome[]> {
  try {
    return await incidents.addAll(found.map(({ incident }) => incident));
  } catch (error) {
    return found.map(() => ({ failed: error }));
  }
}

/** The latest record of an incident that the table never takes. Processed again after a fix, it makes its windows owed. */
function letterOf({ row, record }: StoredIncident, refused: string) {
  const reason = `incident ${valueText(row["IncidentId"])} of rule ${valueText(row["RuleId"])} over several events is refused: ${refused}`;
  const sequenceNumber = row["EventHubSequenceNumber"];
  return {
    bytes: Buffer.from(record),
    reason,
    position: {
      partitionId: valueText(row["EventHubPartitionId"]) || null,
      sequenceNumber: typeof sequenceNumber === "number" ? sequenceNumber : null,
      enqueuedTime: valueText(row["EventHubEnqueuedTime"]) || null,
    },
  };
}

const MOST_LATE_SECONDS = 86_400;
/** Sentinel looks back over at most 14 days. */
const LONGEST_PERIOD_SECONDS = 14 * 86_400;

interface OtherWindow extends Pick<Task, "window" | "due"> {
  readonly next: bigint | undefined;
}

/**
 * A window that this app does not run, since its rule was changed or removed. An instance of another version may still run
 * it. Its cursor goes last, when nothing is left of it and nobody has moved it for as long.
 */
async function forgetOther({ window, due, next }: OtherWindow, run: Run): Promise<void> {
  const { kept } = run.deps;
  const through = oldest(run, LONGEST_PERIOD_SECONDS);
  const old = due.filter(({ last }) => last <= through);
  await kept.settle(old);
  const forgotten = await kept.forget(window, through);
  run.figures.forgotten += forgotten;
  if (forgotten === 0 && old.length === due.length && next !== undefined && next <= through) await kept.end(window);
}

/**
 * The latest time of records that no window of this period needs any more: of one that is owed because of an event that the
 * hub still has, which may be read again and reached the hub a day after its time.
 */
function oldest({ now, limits }: Pick<Run, "now" | "limits">, periodSeconds: number): bigint {
  return now - ticksOf(periodSeconds + Math.ceil(limits.retentionMs / 1_000) + MOST_LATE_SECONDS);
}

function leastOf(instants: readonly bigint[]): bigint {
  return instants.reduce((least, each) => (each < least ? each : least));
}
