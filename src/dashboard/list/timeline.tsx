import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { IncidentSummary, Series, TimeBucket } from "../../workflows/incidents/summarize-incidents.ts";
import { EffectIcon, effectNoun, effectWord } from "../detail/effect.tsx";
import { count, shortTime } from "../format.ts";
import { type ChangeView, RANGES, type View } from "./view.ts";

interface TimelineProps {
  readonly summary: IncidentSummary | undefined;
  readonly view: View;
  readonly change: ChangeView;
  readonly now: number;
}

/** From the axis upwards. The dangerous series stands on the axis, where lengths compare best. */
const STACK: readonly Series[] = ["weakens", "unknown", "neutral", "strengthens", "other"];
const WITHIN: Readonly<Record<View["range"], string>> = {
  "24h": "in 24 hours",
  "7d": "in 7 days",
  "30d": "in 30 days",
  "90d": "in 90 days",
  all: "in all",
};
const DAY_MS = 86_400_000;
const MAX_BARS = 70;

/** Shows when incidents happened, by effect. Selecting a bar narrows the list to its time. */
export function Timeline({ summary, view, change, now }: TimelineProps): VNode {
  const [focused, setFocused] = useState(0);
  if (summary === undefined) return <div class="timeline is-empty" aria-hidden="true" />;
  const bars = barsOf(summary, view, now);
  const highest = Math.max(1, ...bars.map(({ counts }) => total(counts)));
  const used = STACK.filter((series) => bars.some(({ counts }) => (counts[series] ?? 0) > 0));
  const filled = bars.flatMap((bar, index) => (total(bar.counts) > 0 ? [index] : []));
  const tabStop = filled.includes(focused) ? focused : (filled.at(-1) ?? -1);
  const move = (by: 1 | -1, from: number, bar: HTMLElement): void => {
    const next = filled[filled.indexOf(from) + by];
    if (next === undefined) return;
    setFocused(next);
    bar.parentElement?.querySelector<HTMLElement>(`[data-bar="${next}"]`)?.focus();
  };
  return (
    <div class="timeline">
      <div class="timeline-head">
        <span>
          {count(summary.total, "incident")} {WITHIN[view.range]}
          {summary.complete ? "" : ", and older ones"}
        </span>
        <ul class="legend" aria-label="Colours of the timeline">
          {used.map((series) => (
            <li class={`is-${series}`}>
              <EffectIcon effect={series} /> {effectWord(series)}
            </li>
          ))}
        </ul>
      </div>
      <div class="bars" role="group" aria-label="Incidents over time; arrow keys move, Enter narrows the list">
        {bars.map((bar, index) => {
          const sum = total(bar.counts);
          if (sum === 0) return <span class="bar is-void" />;
          const start = Date.parse(bar.start);
          const range = { from: bar.start, to: new Date(start + summary.bucketMilliseconds).toISOString() };
          const chosen = view.from === range.from && view.to === range.to;
          return (
            <button
              type="button"
              class={view.from !== "" && !chosen ? "bar is-faded" : "bar"}
              data-bar={index}
              tabIndex={index === tabStop ? 0 : -1}
              aria-pressed={chosen}
              aria-label={`${shortTime(start, now)}: ${words(bar.counts)}`}
              title={`${shortTime(start, now)} UTC\n${words(bar.counts)}`}
              onFocus={() => setFocused(index)}
              onClick={() => change(chosen ? { from: "", to: "" } : range)}
              onKeyDown={(event) => {
                if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
                event.preventDefault();
                move(event.key === "ArrowRight" ? 1 : -1, index, event.currentTarget);
              }}
            >
              {STACK.toReversed().map((series) => {
                const number = bar.counts[series] ?? 0;
                return (
                  number > 0 && <span class={`part is-${series}`} style={{ height: `${(number / highest) * 100}%` }} />
                );
              })}
            </button>
          );
        })}
      </div>
      <div class="axis" aria-hidden="true">
        {axisOf(bars, now).map(([place, label]) => (
          <span style={{ left: `${place * 100}%` }}>{label}</span>
        ))}
      </div>
    </div>
  );
}

/** A bar for each interval of the range, even if nothing happened in it. */
function barsOf(summary: IncidentSummary, view: View, now: number): TimeBucket[] {
  const size = summary.bucketMilliseconds;
  const days = RANGES[view.range];
  const earliest = summary.buckets[0] === undefined ? now - DAY_MS : Date.parse(summary.buckets[0].start);
  const from = Math.floor((days > 0 ? now - days * DAY_MS : earliest) / size) * size;
  const latest = summary.buckets.at(-1);
  const to = Math.max(now, latest === undefined ? 0 : Date.parse(latest.start) + 1);
  const known = new Map(summary.buckets.map((bucket) => [Date.parse(bucket.start), bucket]));
  const bars: TimeBucket[] = [];
  for (let start = from; start <= to && bars.length < MAX_BARS; start += size) {
    bars.push(known.get(start) ?? { start: new Date(start).toISOString(), counts: {} });
  }
  return bars;
}

function axisOf(bars: readonly TimeBucket[], now: number): [number, string][] {
  const [first, last] = [bars[0], bars.at(-1)];
  if (first === undefined || last === undefined) return [];
  const [from, to] = [Date.parse(first.start), Date.parse(last.start)];
  const isShort = to - from < 2 * DAY_MS;
  return [0, 0.25, 0.5, 0.75].map((place) => {
    const index = Math.floor(place * bars.length);
    const time = shortTime(Date.parse(bars[index]?.start ?? first.start), now);
    return [index / bars.length, isShort ? time : time.replace(/ \d\d:\d\d$/, "")];
  });
}

function total(counts: TimeBucket["counts"]): number {
  return STACK.reduce((sum, series) => sum + (counts[series] ?? 0), 0);
}

function words(counts: TimeBucket["counts"]): string {
  const parts = STACK.flatMap((series) => {
    const number = counts[series] ?? 0;
    return number > 0 ? [`${number} ${effectNoun(series)}`] : [];
  });
  return `${count(total(counts), "incident")}: ${parts.join(", ")}`;
}
