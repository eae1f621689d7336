import type { PartitionStatus } from "../core/partition-ledger.ts";
import { PimwatchError } from "../errors.ts";
import { type OutboxAgeDependencies, outboxAgeSeconds } from "./outbox-age.ts";

export interface HealthDependencies extends OutboxAgeDependencies {
  readonly incidents: { outboxSize(ruleId: string): Promise<{ pending: number; refused: number }> };
  /** A second sink, where it is set up. */
  readonly webhook?:
    { readonly outbox: { outboxSize(ruleId: string): Promise<{ pending: number; refused: number }> } } | undefined;
  readonly deadLetters: { count(limit: number): Promise<number> };
  readonly ledger: { statuses(): Promise<readonly PartitionStatus[]> };
}

export interface PipelineHealth {
  /** `failing`: events may not be stored now. `degraded`: they are, and somebody has to look. */
  readonly status: "ok" | "degraded" | "failing";
  readonly problems: readonly string[];
  readonly outbox?: { readonly pending: number; readonly refused: number; readonly oldestSeconds: number };
  readonly webhook?: { readonly pending: number; readonly refused: number };
  /** Counted no further than COUNTED. */
  readonly deadLetters?: number;
  readonly hub?: HubHealth;
}

export interface HubHealth {
  /** When the last event reached the hub. */
  readonly lastEventAt: string | undefined;
  readonly silentMinutes: number | undefined;
  readonly lag: number;
  readonly gapEvents: number;
  readonly lostEvents: number;
  readonly oldestUnfinishedSeconds: number;
  /** Share of the hub's retention that the oldest unfinished event has used up. */
  readonly headroomUsed: number;
  readonly checkedSecondsAgo: number;
  readonly partitions: readonly { readonly id: string; readonly lag: number; readonly gapEvents: number }[];
}

const COUNTED = 1_000;
/** The timer runs every minute, and one run may last four. */
const LEDGER_LATE_SECONDS = 600;
const OUTBOX_LATE_SECONDS = 900;
/** More than one sweep leaves behind. */
const WEBHOOK_BEHIND = 100;
const HEADROOM_ALERT = 0.5;

/** Asks everything that the app depends on how it is. Never rejects for a dependency that does not answer. */
export async function pipelineHealth(
  deps: HealthDependencies,
  { retentionHours }: { readonly retentionHours: number },
): Promise<PipelineHealth> {
  const failing: string[] = [];
  const degraded: string[] = [];
  const ask = async <T>(what: string, problems: string[], question: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await question();
    } catch (error) {
      if (!isOfADependency(error)) throw error;
      problems.push(`${what} does not answer`); // not its message: this page is open to anyone
      return undefined;
    }
  };
  const now = deps.now().getTime();
  const [outbox, webhook, deadLetters, findings] = await Promise.all([
    ask("the incident table", failing, () => outboxOf(deps)),
    ask("the incident table", [], () => webhookOf(deps)),
    ask("the container of dead letters", failing, () => deps.deadLetters.count(COUNTED)),
    ask("the ledger table", degraded, () => deps.ledger.statuses()),
  ]);
  const hub = findings && hubHealth(findings, now, retentionHours * 3_600_000);
  if (outbox !== undefined && outbox.refused > 0) degraded.push(`${outbox.refused} row(s) refused by Log Analytics`);
  if (outbox !== undefined && outbox.oldestSeconds > OUTBOX_LATE_SECONDS)
    degraded.push(`incidents have waited to be forwarded for ${outbox.oldestSeconds} s`);
  if (webhook !== undefined && webhook.refused > 0)
    degraded.push(`${webhook.refused} incident(s) refused by the webhook`);
  if (webhook !== undefined && webhook.pending > WEBHOOK_BEHIND)
    degraded.push(`${webhook.pending} incidents wait for the webhook`);
  if (hub !== undefined) degraded.push(...hubProblems(hub));
  return {
    status: failing.length > 0 ? "failing" : degraded.length > 0 ? "degraded" : "ok",
    problems: [...failing.toSorted(), ...degraded],
    ...(outbox && { outbox }),
    ...(webhook && { webhook }),
    ...(deadLetters !== undefined && { deadLetters }),
    ...(hub && { hub }),
  };
}

function isOfADependency(error: unknown): boolean {
  return error instanceof PimwatchError || (error instanceof Error && error.name === "RestError");
}

async function outboxOf(deps: HealthDependencies) {
  const { ruleIds, incidents } = deps;
  const total = { pending: 0, refused: 0 };
  for (const ruleId of await ruleIds()) {
    const { pending, refused } = await incidents.outboxSize(ruleId);
    total.pending += pending;
    total.refused += refused;
  }
  return { ...total, oldestSeconds: total.pending > 0 ? await outboxAgeSeconds(deps) : 0 };
}

async function webhookOf({ ruleIds, webhook }: HealthDependencies) {
  if (webhook === undefined) return undefined;
  const sizes = await Promise.all((await ruleIds()).map((ruleId) => webhook.outbox.outboxSize(ruleId)));
  const sum = (name: "pending" | "refused"): number => sizes.reduce((total, size) => total + size[name], 0);
  return { pending: sum("pending"), refused: sum("refused") };
}

/** Of all partitions together; undefined before the timer's first run. */
function hubHealth(found: readonly PartitionStatus[], now: number, retentionMs: number): HubHealth | undefined {
  if (found.length === 0) return undefined;
  const sum = (figure: (partition: PartitionStatus) => number) => found.reduce((total, one) => total + figure(one), 0);
  // ISO 8601 in UTC sorts as text.
  const lastEventAt = found
    .flatMap(({ lastEnqueuedAt }) => lastEnqueuedAt ?? [])
    .toSorted()
    .at(-1);
  const [oldest] = found.flatMap(({ oldestUnfinishedAt }) => oldestUnfinishedAt ?? []).toSorted();
  const [checked] = found.map(({ checkedAt }) => checkedAt).toSorted();
  const oldestUnfinishedSeconds = secondsSince(oldest, now) ?? 0;
  const silent = secondsSince(lastEventAt, now);
  return {
    lastEventAt,
    silentMinutes: silent === undefined ? undefined : Math.floor(silent / 60),
    lag: sum(({ lag }) => lag),
    gapEvents: sum(({ gapEvents }) => gapEvents),
    lostEvents: sum(({ lostEvents }) => lostEvents),
    oldestUnfinishedSeconds,
    headroomUsed: Number(((oldestUnfinishedSeconds * 1_000) / retentionMs).toFixed(3)),
    checkedSecondsAgo: secondsSince(checked, now) ?? 0,
    partitions: found.map(({ partitionId: id, lag, gapEvents }) => ({ id, lag, gapEvents })),
  };
}

function hubProblems({ lostEvents, headroomUsed, checkedSecondsAgo, gapEvents }: HubHealth): string[] {
  return [
    lostEvents > 0 && `${lostEvents} event(s) left the hub before they were stored`,
    headroomUsed >= HEADROOM_ALERT &&
      `the oldest event that is not stored has used up ${Math.round(headroomUsed * 100)} % of the hub's retention`,
    checkedSecondsAgo > LEDGER_LATE_SECONDS && `the ledger was not checked for ${checkedSecondsAgo} s`,
    gapEvents > 0 && `${gapEvents} event(s) that were passed over wait to be read again`,
  ].filter((problem) => problem !== false);
}

function secondsSince(time: string | undefined, now: number): number | undefined {
  const at = time === undefined ? NaN : Date.parse(time);
  return Number.isNaN(at) ? undefined : Math.max(0, Math.round((now - at) / 1_000));
}
