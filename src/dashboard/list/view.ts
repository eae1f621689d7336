import { useCallback, useEffect, useState } from "preact/hooks";
import { isBurstId } from "../../core/incident/burst-id.ts";

/** What the page shows. It stands in the address, so that a link or a reload leads back to it. */
export interface View {
  /** Of a list: `open` is New and Active. */
  readonly status: "open" | "New" | "Active" | "Closed" | "all";
  readonly range: Range;
  /** A narrower time, taken from the timeline: ISO 8601. */
  readonly from: string;
  readonly to: string;
  /** P1 to P4, none for all. */
  readonly priority: readonly string[];
  readonly effect: string;
  readonly severity: string;
  readonly role: string;
  readonly actor: string;
  readonly owner: string;
  /** Id of a burst. */
  readonly burst: string;
  readonly text: string;
  readonly order: "priority" | "newest";
  /** Id of the incident that is open beside the list. */
  readonly incident: string;
}

export const RANGES = { "24h": 1, "7d": 7, "30d": 30, "90d": 90, all: 0 } as const;
export type Range = keyof typeof RANGES;
/** Where list and incident do not fit beside each other; the same as in the styles. */
export const NARROW = "(max-width: 859px)";
export const STATUS_VIEWS = ["open", "New", "Active", "Closed", "all"] as const;

export const NO_FILTERS = {
  priority: [],
  effect: "",
  severity: "",
  role: "",
  actor: "",
  owner: "",
  burst: "",
  text: "",
  from: "",
  to: "",
} as const satisfies Partial<View>;

const DEFAULT_VIEW: View = {
  ...NO_FILTERS,
  status: "open",
  range: "30d",
  order: "priority",
  incident: "",
};

const DAY_MS = 86_400_000;

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
      const address = `${location.pathname}${writeView(next)}`;
      if (isStep) history.pushState(null, "", address);
      else history.replaceState(null, "", address);
      return next;
    });
  }, []);
  return [view, change];
}

function readView(search: string): View {
  const given = new URLSearchParams(search);
  const text = (name: string): string => given.get(name) ?? "";
  const isTime = (value: string): string => (Number.isNaN(Date.parse(value)) ? "" : value);
  const id = text("incident");
  return {
    status: STATUS_VIEWS.find((status) => status === text("status")) ?? DEFAULT_VIEW.status,
    range: isRange(text("range")) ?? DEFAULT_VIEW.range,
    from: isTime(text("from")),
    to: isTime(text("to")),
    priority: text("priority")
      .split(",")
      .filter((priority) => /^P[1-4]$/.test(priority)),
    effect: text("effect"),
    severity: text("severity"),
    role: text("role"),
    actor: text("actor"),
    owner: text("owner"),
    burst: isBurstId(text("burst")) ? text("burst") : "",
    text: text("text"),
    order: text("order") === "newest" ? "newest" : "priority",
    incident: /^[0-9a-f]{64}$/.test(id) ? id : "",
  };
}

function isRange(value: string): Range | undefined {
  return value === "24h" || value === "7d" || value === "30d" || value === "90d" || value === "all" ? value : undefined;
}

function writeView(view: View): string {
  const parameters = new URLSearchParams();
  const usual = new Map(Object.entries(DEFAULT_VIEW));
  for (const [name, value] of Object.entries(view)) {
    if (String(value) !== String(usual.get(name))) parameters.set(name, String(value)); // priorities are joined by commas
  }
  return parameters.size === 0 ? "" : `?${parameters}`;
}

/** Whether anything but time, order and status narrows the list. */
export function isFiltered({ priority, effect, severity, role, actor, owner, burst, text }: View): boolean {
  return priority.length > 0 || [effect, severity, role, actor, owner, burst, text].some((value) => value !== "");
}

/** The list's question to the API. Its times are whole minutes, so that the question stays the same between refreshes. */
export function listQuery(view: View, now: number): URLSearchParams {
  const query = summaryQuery(view, now);
  if (view.from !== "") query.set("from", view.from);
  if (view.to !== "") query.set("to", view.to);
  const status = view.status === "open" ? "New,Active" : view.status;
  if (status !== "all") query.set("status", status);
  if (view.priority.length > 0) query.set("priority", view.priority.join(","));
  query.set("order", view.order);
  return query;
}

/** That of figures and timeline: all that the filters leave, whatever its status and priority. */
export function summaryQuery(view: View, now: number): URLSearchParams {
  const query = new URLSearchParams();
  const days = RANGES[view.range];
  const hour = Math.floor(now / 3_600_000) * 3_600_000;
  if (days > 0) query.set("from", new Date(hour - days * DAY_MS + 3_600_000).toISOString());
  for (const name of ["effect", "severity", "role", "actor", "owner", "burst", "text"] as const) {
    if (view[name] !== "") query.set(name, view[name]);
  }
  return query;
}
