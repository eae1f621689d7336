import { useCallback, useEffect, useState } from "preact/hooks";
import {
  FILTER_NAMES,
  type FilterName,
  FILTERS,
  type FilterWith,
  forEachFilter,
  OPEN_STATUSES,
} from "../../core/triage/incident-filters.ts";

/** The state of the page. The address holds it, so that a link or a reload shows the same page. */
export interface View extends FilterTexts {
  /** `open` is New and Active. */
  readonly status: (typeof STATUS_VIEWS)[number];
  readonly range: Range;
  readonly order: "priority" | "newest";
  /** The id of the incident that is open beside the list. */
  readonly incident: string;
}

/** Each filter's text in the address; "" if it restricts nothing. */
type FilterTexts = { readonly [Name in FilterName]: string };

export const RANGES = { "24h": 1, "7d": 7, "30d": 30, "90d": 90, all: 0 } as const;
export type Range = keyof typeof RANGES;
/** On a narrower screen, list and incident do not fit beside each other. The styles have the same width. */
export const NARROW = "(max-width: 859px)";
export const STATUS_VIEWS = ["open", "New", "Active", "Closed", "all"] as const;

/** Filters with a control of their own, and whether the overview's figures ignore that filter. */
const COUNTED_ACROSS: { readonly [Name in FilterWith<"own">]: boolean } = {
  status: true,
  priority: true,
  from: true,
  to: true,
  tenant: false,
  rule: false,
  owner: false,
  text: false,
};

const { status: _status, ...noFilters } = forEachFilter(() => "");
/** All filters except the status, which the list always has. */
export const NO_FILTERS: Omit<FilterTexts, "status"> = noFilters;

const DEFAULT_VIEW: View = {
  ...NO_FILTERS,
  status: "open",
  range: "30d",
  order: "priority",
  incident: "",
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export type ChangeView = (change: Partial<View>) => void;

export function useView(): readonly [View, ChangeView] {
  const [view, setView] = useState(() => readView(location.search));
  useEffect(() => {
    const onBack = (): void => setView(readView(location.search));
    addEventListener("popstate", onBack);
    return () => removeEventListener("popstate", onBack);
  }, []);
  const change = useCallback((changed: Partial<View>) => {
    setView((before) => {
      const next = { ...before, ...changed };
      // Going back from an incident leads to the list; filters are not steps of their own.
      const isStep = changed.incident !== undefined && (before.incident === "") !== (changed.incident === "");
      const address = addressOf(next);
      if (isStep) history.pushState(null, "", address);
      else history.replaceState(null, "", address);
      return next;
    });
  }, []);
  return [view, change];
}

export function readView(search: string): View {
  const given = new URLSearchParams(search);
  const text = (name: string): string => given.get(name) ?? "";
  const id = text("incident");
  return {
    ...forEachFilter((name) => (isReadable(name, text(name)) ? text(name) : "")),
    status: STATUS_VIEWS.find((status) => status === text("status")) ?? DEFAULT_VIEW.status,
    range: isRange(text("range")) ?? DEFAULT_VIEW.range,
    order: text("order") === "newest" ? "newest" : "priority",
    // A link that was cut is no link to the list: the page says that there is no such incident.
    incident: id === "" || /^[0-9a-f]{64}$/.test(id) ? id : "none",
  };
}

/** Whether the API would accept this text. */
function isReadable(name: FilterName, text: string): boolean {
  const value = FILTERS[name].read(text);
  return typeof value !== "object" || !("expected" in value);
}

function isRange(value: string): Range | undefined {
  return value === "24h" || value === "7d" || value === "30d" || value === "90d" || value === "all" ? value : undefined;
}

/** The address of the page with this view. */
export function addressOf(view: View): string {
  return `${location.pathname}${searchOf(view)}`;
}

/** The part of that address that holds the view; "" for the view that the page opens with. */
export function searchOf(view: View): string {
  const parameters = new URLSearchParams();
  const usual = new Map(Object.entries(DEFAULT_VIEW));
  for (const [name, value] of Object.entries(view)) {
    if (value !== usual.get(name)) parameters.set(name, String(value));
  }
  return parameters.size === 0 ? "" : `?${parameters}`;
}

/** Whether any filter besides range and status narrows the list. */
export function isFiltered(view: View): boolean {
  return FILTER_NAMES.some((name) => name !== "status" && view[name] !== "");
}

/** Whether the range limits the list. Open incidents are listed whatever their age; then it is that of the timeline alone. */
export function isTimed({ status }: Pick<View, "status">): boolean {
  return status === "Closed" || status === "all";
}

/** The list's query to the API. Its times are whole hours, so that the query stays the same between refreshes. */
export function listQuery(view: View, now: number): URLSearchParams {
  const query = filterQuery(isTimed(view) ? view : { ...view, range: "all" }, now, FILTER_NAMES);
  query.set("order", view.order);
  return query;
}

/** The query of figures and timeline: they show all their parts, even if the list is narrowed to one. */
export function summaryQuery(view: View, now: number): URLSearchParams {
  const across: ReadonlyMap<string, boolean> = new Map(Object.entries(COUNTED_ACROSS));
  return filterQuery(
    view,
    now,
    FILTER_NAMES.filter((name) => across.get(name) !== true),
  );
}

function filterQuery(view: View, now: number, names: readonly FilterName[]): URLSearchParams {
  const query = new URLSearchParams();
  const days = RANGES[view.range];
  const hour = Math.floor(now / HOUR_MS) * HOUR_MS;
  if (days > 0) query.set("from", new Date(hour - days * DAY_MS + HOUR_MS).toISOString());
  for (const name of names) {
    const text = name === "status" ? statusText(view.status) : view[name];
    if (text !== "") query.set(name, text);
  }
  return query;
}

function statusText(status: View["status"]): string {
  if (status === "open") return OPEN_STATUSES;
  return status === "all" ? "" : status;
}
