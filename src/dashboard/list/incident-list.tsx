import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import { EffectLabel, PriorityBadge, TierTag } from "../detail/effect.tsx";
import { ago, count, field, fullTime, instant, shortTime } from "../format.ts";
import { changeOf, headlineOf, roleOf, tenantOf } from "../headline.ts";
import { Inert } from "../detail/inert.tsx";
import { Trouble } from "../trouble.tsx";
import { idOf, type Incidents } from "./use-incidents.ts";
import { type ChangeView, isFiltered, NO_FILTERS, type View } from "./view.ts";

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
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    document.querySelector(`#i-${view.incident}`)?.scrollIntoView({ block: "nearest" });
  }, [view.incident]);
  const { rows } = list;
  return (
    <section class="list" aria-label="Incidents" aria-busy={list.isLoading}>
      <Trouble read={list} what="the incidents" />
      {list.isLoading && <Skeleton />}
      {!list.isLoading && rows.length === 0 && list.error === undefined && (
        <Nothing list={list} view={view} change={change} />
      )}
      <div
        ref={box}
        id="incidents"
        class="rows"
        role={rows.length > 0 ? "listbox" : undefined}
        aria-label={rows.length > 0 ? "Incidents" : undefined}
        tabIndex={rows.length > 0 ? 0 : -1}
        aria-activedescendant={rows.some((row) => idOf(row) === view.incident) ? `i-${view.incident}` : undefined}
      >
        {groupsOf(rows, view).map(([priority, members]) => (
          <div role="group" aria-label={priority === "" ? "Incidents" : `Priority ${priority}`}>
            {priority !== "" && (
              <div class="group-head" aria-hidden="true">
                {GROUP_WORDS[priority] ?? priority}
                <span>
                  {members.length}
                  {list.hasMore && priority === lastPriority(rows) ? "+" : ""}
                </span>
              </div>
            )}
            {members.map((row) => (
              <Row
                key={idOf(row)}
                row={row}
                burst={bursts[field(row, "BurstId")] ?? 1}
                tenant={showsTenant ? tenantOf(row) : ""}
                now={now}
                isOpen={idOf(row) === view.incident}
                isFresh={list.fresh.has(idOf(row))}
                onOpen={onOpen}
              />
            ))}
          </div>
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
  readonly isOpen: boolean;
  readonly isFresh: boolean;
  onOpen(id: string): void;
}

function Row({ row, burst, tenant, now, isOpen, isFresh, onOpen }: RowProps): VNode {
  const happened = instant(field(row, "ActivityDateTime"));
  const status = field(row, "Status");
  const { main, rest } = headlineOf(row);
  const failed = /fail|error|denied/i.test(field(row, "Result"));
  return (
    <div
      role="option"
      id={`i-${idOf(row)}`}
      aria-selected={isOpen}
      class={`row is-${status.toLowerCase()}${isFresh ? " is-fresh" : ""}`}
      onClick={() => onOpen(idOf(row))}
    >
      <PriorityBadge priority={field(row, "Priority")} />
      <div class="row-what">
        <span class="row-role">
          <Inert text={roleOf(row)} />
          {field(row, "RoleTier") === "critical" && <TierTag />}
        </span>
        <span class="row-change" title={[main, rest].filter((part) => part !== "").join("; ")}>
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
      </div>
      <div class="row-who">
        <EffectLabel effect={field(row, "Effect")} times={Number(row["WeakenedSettings"])} />
        <span class="row-actor">
          <Inert text={field(row, "InitiatedBy")} />
        </span>
        <span class="row-address">
          <Inert text={field(row, "ClientIpAddress")} />
        </span>
      </div>
      <time title={happened === undefined ? "The record holds no time" : fullTime(happened)}>
        {happened === undefined ? "no time" : shortTime(happened, now)}
      </time>
      <span class="row-state">
        {status === "New" ? happened === undefined ? "" : ago(happened, now) : <State row={row} />}
      </span>
    </div>
  );
}

function State({ row }: { readonly row: IncidentRow }): VNode {
  const owner = field(row, "Owner");
  return (
    <>
      <span class={`state is-${field(row, "Status").toLowerCase()}`}>{field(row, "Status")}</span>
      {owner !== "" && (
        <span class="row-owner">
          <Inert text={owner} />
        </span>
      )}
    </>
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
      {view.range !== "all" && (
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
