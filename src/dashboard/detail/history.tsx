import type { VNode } from "preact";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import type { HistoryEntry } from "../../core/triage/triage-change.ts";
import { field, fullTime, instant, inWords, shortTime } from "../format.ts";
import { Inert } from "./inert.tsx";

interface HistoryProps {
  /** Oldest first. */
  readonly history: readonly HistoryEntry[];
  readonly incident: IncidentRow;
  readonly now: number;
}

/** What analysts did with the incident, newest first, down to the time when pimwatch found it. */
export function HistoryList({ history, incident, now }: HistoryProps): VNode {
  const found = instant(field(incident, "DetectedTime"));
  return (
    <section class="block" aria-labelledby="history-title">
      <h3 id="history-title">History</h3>
      <ol class="history">
        {history.toReversed().map((entry) => (
          <li key={entry.revision}>
            <div class="history-head">
              <strong>
                <Inert text={entry.by.name} />
              </strong>
              {entry.by.kind === "local" && <span class="tag">local</span>}
              <Time time={entry.time} now={now} />
            </div>
            {entry.changes.map(({ field: name, from, to }) => (
              <div class="history-change">
                {inWords(name)}: <Inert text={from === "" ? "none" : inWords(from)} />
                <span class="arrow" aria-label="to" role="img">
                  →
                </span>
                <Inert text={to === "" ? "none" : name === "Owner" ? to : inWords(to)} />
              </div>
            ))}
            {entry.comment !== "" && (
              <p class="comment">
                <Inert text={entry.comment} lines />
              </p>
            )}
          </li>
        ))}
        <li>
          <div class="history-head">
            <strong>pimwatch</strong> found it
            {found !== undefined && <Time time={new Date(found).toISOString()} now={now} />}
          </div>
        </li>
      </ol>
    </section>
  );
}

function Time({ time, now }: { readonly time: string; readonly now: number }): VNode {
  const at = Date.parse(time);
  return (
    <time class="soft" title={fullTime(at)}>
      {shortTime(at, now)}
    </time>
  );
}
