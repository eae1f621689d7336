import type { VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { IncidentRow } from "../../core/incident/incident-row.ts";
import { count, field } from "../format.ts";
import { tenantOf } from "../headline.ts";
import { Row } from "./incident-row.tsx";
import { type Line, linesOf } from "./lines.ts";
import { Trouble } from "../trouble.tsx";
import { idOf, type Incidents } from "./use-incidents.ts";
import { selected, type Selection } from "./use-selection.ts";
import { addressOf, type ChangeView, isFiltered, isTimed, NO_FILTERS, type View } from "./view.ts";

interface ListProps {
  readonly list: Incidents;
  /** The number of incidents in each burst. */
  readonly bursts: Readonly<Record<string, number>>;
  readonly selection: Selection;
  /** Whether rows name their tenant: there are several. */
  readonly showsTenant: boolean;
  readonly view: View;
  readonly change: ChangeView;
  readonly now: number;
  onOpen(id: string): void;
}

/** The list of incidents. Arrow keys move between rows; the page shows the open incident beside the list. */
export function IncidentList({ list, bursts, selection, showsTenant, view, change, now, onOpen }: ListProps): VNode {
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set());
  const lastSelected = useRef("");
  useEffect(() => {
    document.querySelector(`#i-${view.incident}`)?.scrollIntoView({ block: "nearest" });
  }, [view.incident]);
  const { rows } = list;
  // Bursts fold within a priority. Whoever lists one burst, or lists by time, wants to see each incident.
  const groups = groupsOf(rows, view).map(([group, members]) => {
    const lines =
      view.burst === "" && group !== ""
        ? linesOf(members, { group, unfolded, incident: view.incident })
        : members.map((row) => ({ row, selects: [row] }));
    return { group, lines, size: members.length };
  });
  const allLines = groups.flatMap(({ lines }) => lines);
  const onSelect = (line: Line, isRange: boolean): void => {
    const [from, to] = [lastSelected.current, idOf(line.row)].map((id) =>
      allLines.findIndex(({ row }) => idOf(row) === id),
    );
    lastSelected.current = idOf(line.row);
    if (isRange && from !== undefined && to !== undefined && from >= 0) {
      const range = allLines.slice(Math.min(from, to), Math.max(from, to) + 1);
      selection.set(
        range.flatMap(({ selects }) => selects),
        true,
      );
    } else selection.set(line.selects, selected(line.selects, selection) !== "all");
  };
  const onFold = (burst: string): void =>
    setUnfolded(
      (before) => new Set(before.has(burst) ? [...before].filter((one) => one !== burst) : [...before, burst]),
    );
  return (
    <section class="list" aria-label="Incidents" aria-busy={list.isLoading}>
      <Trouble read={list} what="the incidents" />
      <div class="list-head">
        {rows.length > 0 && <SelectAll rows={rows} selection={selection} />}
        <p>{scopeOf(view)}</p>
      </div>
      {list.isLoading && <Skeleton />}
      {!list.isLoading && rows.length === 0 && list.error === undefined && (
        <Nothing list={list} view={view} change={change} />
      )}
      <div id="incidents" class="rows" tabIndex={-1}>
        {groups.map(({ group, lines, size }) => (
          <section aria-label={group === "" ? "By time" : `Priority ${group}`}>
            {group !== "" && (
              <h2 class="group-head">
                {GROUP_WORDS[group] ?? group}
                <span>
                  {size}
                  {list.hasMore && group === lastPriority(rows) ? "+" : ""}
                </span>
              </h2>
            )}
            <ul>
              {lines.map((line) => (
                <Row
                  key={idOf(line.row)}
                  line={line}
                  burstSize={bursts[field(line.row, "BurstId")] ?? 1}
                  isSelected={selected(line.selects, selection)}
                  tenant={showsTenant ? tenantOf(line.row) : ""}
                  now={now}
                  href={addressOf({ ...view, incident: idOf(line.row) })}
                  isOpen={idOf(line.row) === view.incident}
                  isFresh={line.selects.some((row) => list.fresh.has(idOf(row)))}
                  onOpen={onOpen}
                  onSelect={onSelect}
                  onFold={onFold}
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

function SelectAll({
  rows,
  selection,
}: {
  readonly rows: readonly IncidentRow[];
  readonly selection: Selection;
}): VNode {
  const state = selected(rows, selection);
  return (
    <input
      type="checkbox"
      id="select-all"
      aria-label={`Select all ${rows.length} that are shown`}
      checked={state === "all"}
      ref={(box) => {
        if (box !== null) box.indeterminate = state === "some";
      }}
      onClick={() => selection.set(rows, state !== "all")}
    />
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
