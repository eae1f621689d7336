import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import { isTierZero } from "../../core/triage/urgency.ts";
import { EffectLabel, PriorityBadge, TierTag } from "../detail/effect.tsx";
import { ago, count, field, fullTime, instant, shortTime } from "../format.ts";
import { changeOf, headlineOf, roleOf, tenantOf } from "../headline.ts";
import { Inert } from "../detail/inert.tsx";
import { Trouble } from "../trouble.tsx";
import { idOf, type Incidents } from "./use-incidents.ts";
import { addressOf, type ChangeView, isFiltered, isTimed, NO_FILTERS, type View } from "./view.ts";

interface ListProps {
  readonly list: Incidents;
  /** The number of incidents in each burst. */
  readonly bursts: Readonly<Record<string, number>>;
  /** Whether rows name their tenant: there are several. */
  readonly showsTenant: boolean;
  readonly view: View;
  readonly change: ChangeView;
  readonly now: number;
  onOpen(id: string): void;
}

/** The list of incidents. Arrow keys move between rows; the page shows the open incident beside the list. */
export function IncidentList({ list, bursts, showsTenant, view, change, now, onOpen }: ListProps): VNode {
  useEffect(() => {
    document.querySelector(`#i-${view.incident}`)?.scrollIntoView({ block: "nearest" });
  }, [view.incident]);
  const { rows } = list;
  return (
    <section class="list" aria-label="Incidents" aria-busy={list.isLoading}>
      <Trouble read={list} what="the incidents" />
      <p class="list-head">{scopeOf(view)}</p>
      {list.isLoading && <Skeleton />}
      {!list.isLoading && rows.length === 0 && list.error === undefined && (
        <Nothing list={list} view={view} change={change} />
      )}
      <div id="incidents" class="rows" tabIndex={-1}>
        {groupsOf(rows, view).map(([priority, members]) => (
          <section aria-label={priority === "" ? "By time" : `Priority ${priority}`}>
            {priority !== "" && (
              <h2 class="group-head">
                {GROUP_WORDS[priority] ?? priority}
                <span>
                  {members.length}
                  {list.hasMore && priority === lastPriority(rows) ? "+" : ""}
                </span>
              </h2>
            )}
            <ul>
              {members.map((row) => (
                <Row
                  key={idOf(row)}
                  row={row}
                  burst={bursts[field(row, "BurstId")] ?? 1}
                  tenant={showsTenant ? tenantOf(row) : ""}
                  now={now}
                  href={addressOf({ ...view, incident: idOf(row) })}
                  isOpen={idOf(row) === view.incident}
                  isFresh={list.fresh.has(idOf(row))}
                  onOpen={onOpen}
                />
              ))}
            </ul>
          </section>
        ))}
      </div>
      {list.hasMore && (
        <button type="button" class="more" disabled={list.isLoadingMore} onClick={list.loadMore}>
          {list.isLoadingMore ? "Loading …" : "Show more"}
        </button>
      )}
      <p class="unseen" role="status">
        {list.fresh.size > 0 ? count(list.fresh.size, "new incident") : ""}
      </p>
    </section>
  );
}

/** What the list holds and in which order, in words: the time that the page shows does not limit all of its lists. */
function scopeOf(view: View): string {
  const chosen = view.from !== "" || view.to !== "";
  const time = chosen ? "of the chosen time" : isTimed(view) ? PAST[view.range] : "of any age";
  const order = view.order === "newest" ? "newest first" : "most urgent first; within a priority, tier 0 first";
  return `${WHICH[view.status]} ${time}, ${order}`;
}

const WHICH: Readonly<Record<View["status"], string>> = {
  open: "Open incidents",
  New: "New incidents",
  Active: "Active incidents",
  Closed: "Closed incidents",
  all: "All incidents",
};
const PAST: Readonly<Record<View["range"], string>> = {
  "24h": "of the last 24 hours",
  "7d": "of the last 7 days",
  "30d": "of the last 30 days",
  "90d": "of the last 90 days",
  all: "of all time",
};

const GROUP_WORDS: Readonly<Record<string, string>> = {
  P1: "P1 · look now",
  P2: "P2 · look today",
  P3: "P3 · in its turn",
  P4: "P4 · to know",
};

function groupsOf(rows: readonly IncidentRow[], { order }: View): [string, IncidentRow[]][] {
  if (rows.length === 0) return [];
  if (order === "newest") return [["", [...rows]]];
  return [...Map.groupBy(rows, (row) => field(row, "Priority"))].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function lastPriority(rows: readonly IncidentRow[]): string {
  const last = rows.at(-1);
  return last === undefined ? "" : field(last, "Priority");
}

interface RowProps {
  readonly row: IncidentRow;
  /** The number of incidents in its burst. */
  readonly burst: number;
  /** "" if it is not shown. */
  readonly tenant: string;
  readonly now: number;
  /** The address of the page with this incident. */
  readonly href: string;
  readonly isOpen: boolean;
  readonly isFresh: boolean;
  onOpen(id: string): void;
}

function Row({ row, burst, tenant, now, href, isOpen, isFresh, onOpen }: RowProps): VNode {
  const id = idOf(row);
  const happened = instant(field(row, "ActivityDateTime"));
  const [status, owner] = [field(row, "Status"), field(row, "Owner")];
  const { main, rest } = headlineOf(row);
  const failed = /fail|error|denied/i.test(field(row, "Result"));
  return (
    <li id={`i-${id}`} class={`row is-${status.toLowerCase()}${isOpen ? " is-open" : ""}${isFresh ? " is-fresh" : ""}`}>
      <PriorityBadge priority={field(row, "Priority")} />
      {/* Its area covers the row, so a click anywhere opens the incident; a new tab works as for any link. */}
      <a
        class="row-role"
        href={href}
        aria-current={isOpen}
        aria-describedby={`change-${id}`}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          onOpen(id);
        }}
      >
        <Inert text={roleOf(row) || "No role named"} />
        {isTierZero(row) && <TierTag />}
      </a>
      <span class="row-change" id={`change-${id}`} title={[main, rest].filter((part) => part !== "").join("; ")}>
        {tenant !== "" && (
          <span class="tag" title={`Tenant ${field(row, "EntraTenantId")}`}>
            <Inert text={tenant} />
          </span>
        )}
        {failed && <span class="tag">failed</span>}
        {row["Expected"] === true && <span class="tag">expected</span>}
        {burst > 1 && (
          <span class="tag" title={`${burst} incidents by this actor within the hour`}>
            burst of {burst}
          </span>
        )}
        <Inert text={changeOf(row)} />
      </span>
      <span class="row-who">
        <EffectLabel effect={field(row, "Effect")} times={Number(row["WeakenedSettings"])} />
        <span class="row-actor">
          <Inert text={field(row, "InitiatedBy")} />
        </span>
        <span class="row-address">
          <Inert text={field(row, "ClientIpAddress")} />
        </span>
        <span class="row-state">
          {status === "New" ? (
            <span>{happened === undefined ? "" : ago(happened, now)}</span>
          ) : (
            <span class={`state is-${status.toLowerCase()}`}>{status}</span>
          )}
          {owner !== "" && (
            <span class="row-owner">
              <Inert text={owner} />
            </span>
          )}
        </span>
      </span>
      <time title={happened === undefined ? "The record holds no time" : fullTime(happened)}>
        {happened === undefined ? "no time" : shortTime(happened, now)}
      </time>
    </li>
  );
}

function Nothing({ list, view, change }: Pick<ListProps, "list" | "view" | "change">): VNode {
  if (list.hasMore) {
    return (
      <div class="nothing">
        <p>Nothing found so far.</p>
        <p class="soft">There is more to search: go on, or narrow the time.</p>
      </div>
    );
  }
  const narrowed = isFiltered(view);
  return (
    <div class="nothing">
      <p>{narrowed ? "Nothing matches these filters." : NOTHING[view.status]}</p>
      {narrowed && (
        <button type="button" onClick={() => change(NO_FILTERS)}>
          Clear the filters
        </button>
      )}
      {isTimed(view) && view.range !== "all" && (
        <button type="button" onClick={() => change({ range: "all", from: "", to: "" })}>
          Look at all time
        </button>
      )}
    </div>
  );
}

const NOTHING: Readonly<Record<View["status"], string>> = {
  open: "Nothing is open. A change to PIM settings appears here seconds after it reaches the event hub.",
  New: "Nothing new.",
  Active: "Nobody is working on an incident.",
  Closed: "Nothing was closed in this time.",
  all: "No change to PIM settings in this time.",
};

function Skeleton(): VNode {
  return (
    <div class="skeleton" aria-label="Loading" role="img">
      {Array.from({ length: 6 }, () => (
        <div />
      ))}
    </div>
  );
}
