import type { VNode } from "preact";
import type { IncidentSummary } from "../../workflows/incidents/summarize-incidents.ts";
import { Timeline } from "./timeline.tsx";
import type { Polled } from "../use-polled.ts";
import type { ChangeView, View } from "./view.ts";

interface OverviewProps {
  readonly summary: Polled<IncidentSummary>;
  readonly view: View;
  readonly change: ChangeView;
  readonly now: number;
}

const PRIORITIES = ["P1", "P2", "P3", "P4"] as const;

/** Open incidents by priority, and when all of them happened. */
export function Overview({ summary, view, change, now }: OverviewProps): VNode {
  const { value } = summary;
  return (
    <section class="overview" aria-label="Overview">
      <div class="tiles" role="group" aria-label="Open incidents by priority">
        {PRIORITIES.map((priority) => {
          const number = value?.open[priority];
          const chosen = view.priority.includes(priority);
          return (
            <button
              type="button"
              class={`tile is-${priority.toLowerCase()}${number === 0 ? " is-none" : ""}`}
              aria-pressed={chosen}
              onClick={() => change({ priority: toggled(view.priority, priority) })}
            >
              <span class="tile-number">
                {number ?? "–"}
                {value?.complete === false ? "+" : ""}
              </span>
              <span class="tile-name">{priority} open</span>
            </button>
          );
        })}
      </div>
      <Timeline summary={value} view={view} change={change} now={now} />
    </section>
  );
}

function toggled(chosen: readonly string[], priority: string): string[] {
  return chosen.includes(priority)
    ? chosen.filter((other) => other !== priority)
    : PRIORITIES.filter((known) => known === priority || chosen.includes(known));
}
