import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { SEVERITIES } from "../../core/incident/rule.ts";
import { EFFECTS } from "../../core/pim-settings/finding.ts";
import { ROLE_TIERS, TIER_WORDS } from "../../core/pim-settings/role-tiers.ts";
import { TYPING_PAUSE_MS } from "../../core/timing.ts";
import {
  FILTER_NAMES,
  type FilterName,
  FILTERS,
  type FilterWith,
  listedValues,
  NOBODY,
} from "../../core/triage/incident-filters.ts";
import type { WhoAmI } from "../../workflows/incidents/incidents-api.ts";
import { Inert } from "../detail/inert.tsx";
import { effectWord } from "../detail/effect.tsx";
import { burstTime, inWords, shortTime } from "../format.ts";
import { SavedViews } from "./saved-views.tsx";
import {
  type ChangeView,
  isFiltered,
  isTimed,
  listQuery,
  NO_FILTERS,
  type Range,
  STATUS_VIEWS,
  type View,
} from "./view.ts";

interface FiltersProps {
  readonly view: View;
  readonly change: ChangeView;
  readonly shown: number;
  /** There is a choice of tenants if there are several. */
  readonly tenants: WhoAmI["tenants"];
  /** Owners and rules to choose from, and who asks. */
  readonly choices: FilterChoices;
  readonly now: number;
}

export interface FilterChoices {
  readonly owners: readonly string[];
  readonly rules: readonly string[];
  /** "" before the app has answered. */
  readonly me: string;
}

const STATUS_WORDS: Readonly<Record<View["status"], string>> = {
  open: "Open",
  New: "New",
  Active: "Active",
  Closed: "Closed",
  all: "All",
};
const RANGE_WORDS: Readonly<Record<Range, string>> = {
  "24h": "24 hours",
  "7d": "7 days",
  "30d": "30 days",
  "90d": "90 days",
  all: "All time",
};

export function Filters({ view, change, shown, tenants, choices, now }: FiltersProps): VNode {
  const [isUnfolded, setUnfolded] = useState(false);
  const [showsViews, setShowsViews] = useState(false);
  return (
    <section class="filters" aria-label="Filters">
      <div class="filter-line">
        <div class="segments" role="group" aria-label="Status">
          {STATUS_VIEWS.map((status) => (
            <button
              type="button"
              aria-pressed={view.status === status}
              onClick={() => change({ status, order: status === "open" ? "priority" : "newest" })}
            >
              {STATUS_WORDS[status]}
            </button>
          ))}
        </div>
        <SearchField text={view.text} onSearch={(text) => change({ text })} />
        <button
          type="button"
          class="unfold"
          aria-expanded={isUnfolded}
          aria-controls="choices"
          onClick={() => setUnfolded(!isUnfolded)}
        >
          Filters and order
        </button>
        <div class={isUnfolded ? "choices is-unfolded" : "choices"} id="choices">
          <Choice
            label={isTimed(view) ? "Time" : "Time of the timeline"}
            value={view.range}
            options={RANGE_NAMES.map((range) => [range, `${isTimed(view) ? "" : "Timeline: "}${RANGE_WORDS[range]}`])}
            onChange={(range) => {
              const known = RANGE_NAMES.find((name) => name === range);
              if (known !== undefined) change({ range: known, from: "", to: "" });
            }}
          />
          {tenants.length > 1 && (
            <Choice
              label={FILTERS.tenant.label}
              value={view.tenant}
              options={[["", "Any tenant"], ...tenants.map(({ id, name }) => [id, name || id] as const)]}
              onChange={(tenant) => change({ tenant })}
            />
          )}
          {FILTER_NAMES.filter(isSelect).map((name) => (
            <Choice
              label={FILTERS[name].label}
              value={view[name]}
              options={[["", `Any ${FILTERS[name].label.toLowerCase()}`], ...SELECTS[name]]}
              onChange={(value) => change({ [name]: value })}
            />
          ))}
          <Choice
            label={FILTERS.rule.label}
            value={view.rule}
            options={[["", "Any rule"], ...withChosen(choices.rules, view.rule).map((rule) => [rule, rule] as const)]}
            onChange={(rule) => change({ rule })}
          />
          <Choice
            label={FILTERS.owner.label}
            value={view.owner}
            options={ownerOptions(choices, view.owner)}
            onChange={(owner) => change({ owner })}
          />
          <Choice
            label="Order"
            value={view.order}
            options={ORDER_OPTIONS}
            onChange={(order) => change({ order: order === "newest" ? "newest" : "priority" })}
          />
          <a class="export" href={exportAddress(view, now)} download>
            CSV
          </a>
          <button type="button" aria-haspopup="dialog" onClick={() => setShowsViews(true)}>
            Views
          </button>
        </div>
      </div>
      <Chosen view={view} change={change} tenants={tenants} now={now} />
      {showsViews && <SavedViews view={view} change={change} onClose={() => setShowsViews(false)} />}
      <p class="unseen" role="status">
        {shown} incidents are shown
      </p>
    </section>
  );
}

const RANGE_NAMES = ["24h", "7d", "30d", "90d", "all"] as const;
const SELECTS: { readonly [Name in FilterWith<"select">]: readonly (readonly [value: string, words: string])[] } = {
  effect: EFFECTS.map((effect) => [effect, effectWord(effect)]),
  severity: SEVERITIES.map((severity) => [severity, severity]),
  tier: ROLE_TIERS.map((tier) => [tier, inWords(TIER_WORDS[tier].name)]),
};
const ORDER_OPTIONS: readonly (readonly [string, string])[] = [
  ["priority", "Urgent first"],
  ["newest", "Newest first"],
];

function isSelect(name: FilterName): name is FilterWith<"select"> {
  return name in SELECTS;
}

function ownerOptions({ owners, me }: FilterChoices, chosen: string): (readonly [string, string])[] {
  const others = withChosen(owners, chosen === NOBODY ? "" : chosen).filter((owner) => owner !== me);
  return [
    ["", "Any owner"],
    ...(me === "" ? [] : [[me, `Me (${me})`] as const]),
    [NOBODY, "Nobody"],
    ...others.map((owner) => [owner, owner] as const),
  ];
}

/** A link or an address may have chosen a value that no incident has. */
function withChosen(values: readonly string[], chosen: string): readonly string[] {
  return chosen === "" || values.includes(chosen) ? values : [chosen, ...values];
}

function exportAddress(view: View, now: number): string {
  const query = listQuery(view, now);
  return `incidents/export?${query}`;
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly (readonly [value: string, words: string])[];
  onChange(value: string): void;
}

function Choice({ label, value, options, onChange }: ChoiceProps): VNode {
  return (
    <select aria-label={label} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      {options.map(([option, words]) => (
        <option value={option}>{words}</option>
      ))}
    </select>
  );
}

function SearchField({ text, onSearch }: { readonly text: string; onSearch(text: string): void }): VNode {
  const [typed, setTyped] = useState(text);
  useEffect(() => setTyped(text), [text]);
  useEffect(() => {
    if (typed === text) return undefined;
    const timer = setTimeout(() => onSearch(typed.trim()), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <input
      id="search"
      type="search"
      aria-label="Search"
      placeholder="Search role, actor, address, change"
      maxLength={200}
      value={typed}
      onInput={(event) => setTyped(event.currentTarget.value)}
    />
  );
}

/** The active filters except the status, each with a button that removes it. */
function Chosen({ view, change, tenants, now }: Omit<FiltersProps, "shown" | "choices">): VNode | null {
  if (!isFiltered(view)) return null;
  const isChosenTime = view.from !== "" || view.to !== "";
  const time = `${timeOf(view.from, now)} to ${timeOf(view.to, now)} UTC`;
  const chips: (readonly [label: string, text: string, without: Partial<View>])[] = [
    ...(isChosenTime ? [["Time", time, { from: "", to: "" }] as const] : []),
    ...FILTER_NAMES.filter((name) => !ELSEWHERE.has(name) && view[name] !== "").map(
      (name) => [FILTERS[name].label, chipText(name, view[name], { tenants, now }), { [name]: "" }] as const,
    ),
  ];
  return (
    <ul class="chips" aria-label="Filters in force">
      {chips.map(([label, text, without]) => (
        <li>
          <button type="button" onClick={() => change(without)} aria-label={`Remove the filter ${label}: ${text}`}>
            <span class="soft">{label}</span> <Inert text={text} /> <span aria-hidden="true">×</span>
          </button>
        </li>
      ))}
      <li>
        <button type="button" class="quiet" onClick={() => change(NO_FILTERS)}>
          Clear all
        </button>
      </li>
    </ul>
  );
}

const ELSEWHERE: ReadonlySet<FilterName> = new Set(["status", "from", "to"]);

function chipText(name: FilterName, text: string, { tenants, now }: Pick<FiltersProps, "tenants" | "now">): string {
  if (name === "burst") return burstTime(text, now);
  if (name === "tenant") return tenants.find(({ id }) => id === text)?.name || text;
  if (!isSelect(name)) return listedValues(name).length > 0 ? text.replaceAll(",", ", ") : text;
  const words = new Map(SELECTS[name]);
  return text
    .split(",")
    .map((value) => words.get(value) ?? value)
    .join(", ");
}

function timeOf(time: string, now: number): string {
  return time === "" ? "…" : shortTime(Date.parse(time), now);
}
