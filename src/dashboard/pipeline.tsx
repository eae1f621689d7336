import type { VNode } from "preact";
import { SINKS } from "../core/incident/sinks.ts";
import type { Health } from "./api.ts";
import { Dialog } from "./dialog.tsx";
import { ago, count } from "./format.ts";
import { Inert } from "./detail/inert.tsx";
import { Silence } from "./silence.tsx";
import type { Polled } from "./use-polled.ts";

interface HealthState {
  readonly tone: "ok" | "warn" | "bad" | "idle";
  readonly words: string;
}

/** The pipeline's state in a few words. */
export function healthState({ value, error, isLoading }: Polled<Health>): HealthState {
  if (isLoading) return { tone: "idle", words: "Pipeline …" };
  if (value === undefined || error !== undefined) return { tone: "bad", words: "Pipeline: no answer" };
  if (value.status !== "ok") return { tone: "bad", words: `Pipeline ${value.status}` };
  const [pending, refused] = [rowsOf(value, "pending"), rowsOf(value, "refused")];
  if (refused > 0) return { tone: "warn", words: `${count(refused, "row")} refused` };
  if (pending > 0) return { tone: "ok", words: `Pipeline ok · ${pending} to forward` };
  return { tone: "ok", words: "Pipeline ok" };
}

/** Rows of all sinks together. */
function rowsOf({ sinks }: Health, state: "pending" | "refused"): number {
  const counts = isObject(sinks) ? Object.values(sinks).map((sink) => (isObject(sink) ? sink[state] : 0)) : [];
  return counts.reduce<number>((sum, rows) => sum + (typeof rows === "number" ? rows : 0), 0);
}

interface PipelineProps {
  readonly health: Polled<Health>;
  readonly now: number;
  onClose(): void;
}

export function PipelineDialog({ health, now, onClose }: PipelineProps): VNode {
  const { tone, words } = healthState(health);
  const problems = health.value?.["problems"];
  return (
    <Dialog title="Pipeline health" onClose={onClose}>
      <p class="health-line">
        <span class={`dot is-${tone}`} aria-hidden="true" /> {words}
        {health.at > 0 && <span class="soft"> · asked {ago(health.at, Math.max(now, health.at))}</span>}
      </p>
      {health.error !== undefined && <p class="banner is-bad">{health.error.message}</p>}
      {Array.isArray(problems) && (
        <ul class="problems">
          {problems.map((problem) => (
            <li>
              <Inert text={String(problem)} />
            </li>
          ))}
        </ul>
      )}
      <dl class="facts">
        {figuresOf(health.value ?? {}).map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>
              <Inert text={value} />
            </dd>
          </>
        ))}
      </dl>
      {health.value?.silence !== undefined && <Silence proof={health.value.silence} />}
      <p class="soft">
        The same as JSON: <a href="pipeline">/api/pipeline</a>
      </p>
    </Dialog>
  );
}

const NAMES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    SINKS.flatMap(({ name, title }) => [
      [`sinks.${name}.pending`, `Rows waiting for ${title}`],
      [`sinks.${name}.failing`, `Rows that fail at ${title}, and are sent again`],
      [`sinks.${name}.refused`, `Rows that ${title} refused`],
    ]),
  ),
  version: "Version",
};
const SHOWN_ELSEWHERE = new Set(["status", "problems", "silence"]);

/** Every figure that health holds, however deep, by its path; rules, operations and log categories by their names. */
function figuresOf(value: unknown, path = ""): [string, string][] {
  if (SHOWN_ELSEWHERE.has(path) || value === null || value === undefined) return [];
  if (path === "rules" && Array.isArray(value)) {
    return value.filter(isObject).map((rule) => ["Rule", `${scalarText(rule["name"])} ${scalarText(rule["version"])}`]);
  }
  if (path === "unmatchedOperations" && Array.isArray(value)) {
    return value
      .filter(isObject)
      .map((seen) => [
        "Operation that no rule matched",
        `${scalarText(seen["operation"])}, last seen ${scalarText(seen["lastSeenAt"])}`,
      ]);
  }
  if (path === "categories" && Array.isArray(value)) {
    return value.filter(isObject).map((seen) => [`Log category ${scalarText(seen["category"])}`, arrivalText(seen)]);
  }
  if (Array.isArray(value)) return value.flatMap((member, index) => figuresOf(member, `${path} ${index}`));
  if (isObject(value)) {
    return Object.entries(value).flatMap(([name, member]) => figuresOf(member, path === "" ? name : `${path}.${name}`));
  }
  return [[NAMES[path] ?? path.replaceAll(".", " · "), scalarText(value)]];
}

function arrivalText({
  tenantId,
  lastSeenAt,
  silentMinutes,
  allowedMinutes,
  isSilent,
}: Record<string, unknown>): string {
  const last = lastSeenAt === undefined ? "none has arrived yet" : `last arrived ${scalarText(lastSeenAt)}`;
  const silence = `${isSilent === true ? "too long silent: " : "silent for "}${scalarText(silentMinutes)} of ${scalarText(allowedMinutes)} allowed minutes`;
  return `${last}, ${silence}; tenant ${scalarText(tenantId)}`;
}

function scalarText(value: unknown): string {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
