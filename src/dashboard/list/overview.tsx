import type { VNode } from "preact";
import { PRIORITIES, type Priority } from "../../core/pim-settings/priority.ts";
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

/** The number of open incidents by priority, whatever their age, and a timeline of all incidents. */
export function Overview({ summary, view, change, now }: OverviewProps): VNode {
  const { value } = summary;
  const chosen = PRIORITIES.filter((priority) => view.priority.split(",").includes(priority));
  return (
    <section class="overview" aria-label="Overview">
      <div class="tiles" role="group" aria-label="Open incidents by priority">
        {PRIORITIES.map((priority) => {
          const number = value?.open[priority];
          return (
            <button
              type="button"
              class={`tile is-${priority.toLowerCase()}${number === 0 ? " is-none" : ""}`}
              aria-pressed={chosen.includes(priority)}
              onClick={() => change({ priority: toggled(chosen, priority) })}
            >
              <span class="tile-number">
                {number ?? "–"}
                {value?.openComplete === false ? "+" : ""}
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

function toggled(chosen: readonly Priority[], priority: Priority): string {
  return PRIORITIES.filter((one) => chosen.includes(one) !== (one === priority)).join(",");
}
