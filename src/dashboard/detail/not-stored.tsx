import type { VNode } from "preact";
import type { ReadIncident } from "../api.ts";
import { field, shortTime } from "../format.ts";
import { Explained } from "../trouble.tsx";
import { Inert } from "./inert.tsx";
import type { Changing, Place } from "./use-changing.ts";

interface NotStoredProps {
  readonly changing: Changing;
  readonly place: Place;
  readonly read: ReadIncident;
  readonly now: number;
}

/** A change from this place that was not stored: why, and what to do. What was typed stays in its field. */
export function NotStored({ changing, place, read, now }: NotStoredProps): VNode | null {
  const { failure, send, discard, isSending } = changing;
  if (failure?.place !== place) return null;
  return (
    <div class="banner is-warn">
      <div role="alert">
        <strong>Not stored.</strong>
        {failure.error === undefined ? (
          <Conflict read={read} now={now} />
        ) : (
          <Explained error={failure.error} what="the incident" />
        )}
      </div>
      <button type="button" disabled={isSending} onClick={() => void send(failure.change, place)}>
        {failure.error === undefined ? "Apply mine as well" : "Try again"}
      </button>
      <button type="button" class="quiet" onClick={discard}>
        Discard
      </button>
    </div>
  );
}

/** Who was first, and what the incident is now. */
function Conflict({ read: { incident, history }, now }: Pick<NotStoredProps, "read" | "now">): VNode {
  const last = history.at(-1);
  return (
    <p>
      <Inert text={last?.by.name ?? "Somebody else"} /> changed it
      {last === undefined ? " meanwhile" : ` at ${shortTime(Date.parse(last.time), now)} UTC`}. It is now{" "}
      <strong>{field(incident, "Status")}</strong>, owner{" "}
      <strong>
        <Inert text={field(incident, "Owner") || "nobody"} />
      </strong>
      {last !== undefined && last.comment !== "" && (
        <>
          : “<Inert text={last.comment} />”
        </>
      )}
      . Apply yours as well, or discard it.
    </p>
  );
}
