import type { WebhookConfig } from "../../src/config.ts";
import { inTime } from "../../src/azure/calls.ts";
import type { CategorySightings } from "../../src/core/ledger/category-sightings.ts";
import type { PartitionStatus } from "../../src/core/ledger/partition-ledger.ts";
import type { TimerRuns } from "../../src/core/ledger/timer-runs.ts";
import { isRecord } from "../../src/core/event/event-body.ts";
import { CALL_TIMEOUT_MS } from "../../src/core/timing.ts";
import { DependencyError } from "../../src/errors.ts";
import {
  type CategoryHealth,
  categoryHealth,
  type CategoryHealthDependencies,
  silenceText,
  whatToCheck,
} from "../../src/workflows/health/category-health.ts";
import {
  type HubHealthDependencies,
  type HubHealthLimits,
  hubProblems,
} from "../../src/workflows/health/hub-health.ts";
import { examine, failureKind, type Finding } from "./finding.ts";

/** The part of `fetch` that this file uses. */
export type Fetch = (
  url: string,
  request: { method: "GET" | "HEAD"; redirect: "manual"; signal: AbortSignal },
) => Promise<Pick<Response, "status" | "text">>;

type Recorded = HubHealthDependencies & CategoryHealthDependencies;

/** The problems of hub, ledger, timers and log categories, from what the app last recorded about them. */
export async function ledgerFindings(
  open: () => Promise<Recorded>,
  limits: HubHealthLimits & { readonly now: number },
): Promise<Finding[]> {
  const remedy = "Fix the problems above first, then the ledger table, which records what the app has done";
  const subject = {
    check: "ledger and timers",
    settings: [],
    remedies: { unreachable: remedy, refused: remedy, missing: remedy, other: remedy },
  };
  let recorded: Awaited<ReturnType<typeof written>> | undefined;
  const finding = await examine(subject, async () => {
    recorded = await written(await open());
    return { found: "the timers run, and no event is missing, stuck or lost" };
  });
  if (recorded === undefined) return [finding];
  const [statuses, runs, sightings] = recorded;
  const problems = hubProblems(statuses, runs, limits).map(({ what: found, next }): Finding => ({
    ...finding,
    status: "warning",
    found,
    remedy: `${next} If the app is new or does not run, that is the reason`,
  }));
  const categories = categoryFindings(categoryHealth(sightings, statuses, limits.now));
  return [...(problems.length === 0 ? [finding] : problems), ...categories];
}

/** When each expected log category was last seen; a warning if it is silent or never came. */
function categoryFindings(categories: readonly CategoryHealth[]): Finding[] {
  return categories.map((category): Finding => {
    const subject = { check: `log category ${category.category}`, settings: ["EXPECTED_LOG_CATEGORIES"] };
    const { tenantId, lastSeenAt, allowedMinutes, isSilent } = category;
    const remedy = `Check ${whatToCheck(category)}. See docs/runbook.md#category-silent`;
    if (isSilent) return { ...subject, status: "warning", found: silenceText(category, categories), remedy };
    if (lastSeenAt === undefined)
      return {
        ...subject,
        status: "warning",
        found: `the app has read no record of it from tenant ${tenantId} yet`,
        remedy,
      };
    const found = `the last of tenant ${tenantId} arrived at ${lastSeenAt}; it may be silent for ${allowedMinutes} minutes`;
    return { ...subject, status: "ok", found, remedy: "" };
  });
}

/** A table that does not exist yet counts as an empty one. */
async function written({
  ledger,
  timers,
  sightings,
}: Recorded): Promise<readonly [readonly PartitionStatus[], TimerRuns, readonly CategorySightings[]]> {
  try {
    return await Promise.all([ledger.statuses(), timers.runs(), sightings.read()]);
  } catch (error) {
    if (failureKind(error) !== "missing") throw error;
    return [[], { firstAt: undefined, latestAt: {} }, []];
  }
}

/** Checks only that the host answers, since a message would reach people. */
export function webhookFinding({ url }: WebhookConfig, ask: Fetch): Promise<Finding> {
  const remedy = "Check WEBHOOK_URL, and that this network can reach it";
  const subject = {
    check: "webhook",
    settings: ["WEBHOOK_URL"],
    remedies: { unreachable: remedy, refused: remedy, missing: remedy, other: remedy },
  };
  return examine(subject, async () => {
    if (url === undefined)
      return {
        status: "unchecked",
        found: "WEBHOOK_URL is a reference to a Key Vault, which only the platform resolves",
        remedy: "Look at the setting in the Azure portal: its status must be Resolved",
      };
    await answerOf(url, "HEAD", { ask, service: "Webhook" });
    return { found: "its host answers; no message was sent" };
  });
}

/** The health that the running app reports. */
export function healthFinding(url: string, ask: Fetch): Promise<Finding> {
  const remedy = "Check the URL and that the function app runs";
  const subject = {
    check: "health of the app",
    settings: [],
    remedies: { unreachable: remedy, refused: remedy, missing: remedy, other: remedy },
  };
  return examine(subject, async () => {
    const { status, text } = await answerOf(url, "GET", { ask, service: "The app" });
    const said = statusIn(text);
    if (said === "ok") return { found: "ok" };
    if (said === "degraded" || said === "down")
      return {
        status: said === "down" ? "problem" : "warning",
        found: said,
        remedy: "Read the reasons in the log line `pipeline health` or at /api/pipeline",
      };
    return {
      status: "problem",
      found: `answered ${status}, but not as pimwatch does`,
      remedy:
        status === 503
          ? "The Functions host does not run its functions. AUDIT_EVENTS, AUDIT_EVENTS_HUB or AUDIT_EVENTS_CONSUMER_GROUP is missing or names something that does not exist; the host's log says which"
          : "Check the URL, and that the app is deployed (azd deploy)",
    };
  });
}

async function answerOf(
  url: string,
  method: "GET" | "HEAD",
  { ask, service }: { readonly ask: Fetch; readonly service: string },
): Promise<{ status: number; text: string }> {
  return inTime(service, CALL_TIMEOUT_MS, async ({ abortSignal: signal }) => {
    try {
      const answer = await ask(url, { method, redirect: "manual", signal });
      return { status: answer.status, text: await answer.text() };
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      const cause = error.cause instanceof Error && "code" in error.cause ? ` (${String(error.cause.code)})` : "";
      throw new DependencyError(service, `cannot be reached${cause}`); // without a cause: its text may hold the address
    }
  });
}

function statusIn(body: string): unknown {
  try {
    const parsed: unknown = JSON.parse(body);
    return isRecord(parsed) ? parsed["status"] : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
