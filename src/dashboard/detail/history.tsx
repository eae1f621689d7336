import type { VNode } from "preact";
import type { ReadIncident } from "../api.ts";
import { field, fullTime, instant, inWords, shortTime } from "../format.ts";
import { CommentForm } from "./comment.tsx";
import { Inert } from "./inert.tsx";
import { NotStored } from "./not-stored.tsx";
import type { Changing } from "./use-changing.ts";

interface HistoryProps {
  readonly read: ReadIncident;
  readonly now: number;
  readonly changing: Changing;
}

/** Where analysts comment, and what they and the app did with the incident, newest first, down to the time when pimwatch found it. */
export function HistoryList({ read, now, changing }: HistoryProps): VNode {
  const { history, incident } = read;
  const isJustSaved = changing.saved?.place === "history";
  const found = instant(field(incident, "DetectedTime"));
  return (
    <section class="block" aria-labelledby="history-title">
      <h3 id="history-title">History</h3>
      <CommentForm changing={changing} />
      <NotStored changing={changing} place="history" read={read} now={now} />
      <ol class="history">
        {history.toReversed().map((entry, index) => (
          <li key={entry.revision} class={isJustSaved && index === 0 ? "is-fresh" : ""}>
            <div class="history-head">
              <strong>
                <Inert text={entry.by.name} />
              </strong>
              {entry.by.kind !== "entra" && <span class="tag">{entry.by.kind}</span>}
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
