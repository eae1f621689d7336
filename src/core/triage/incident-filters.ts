import { identityKey } from "../identity-key.ts";
import { BURST_ID, burstWindow, isBurstId } from "../incident/burst.ts";
import type { IncidentStatus } from "../incident/incident.ts";
import { SEVERITIES } from "../incident/rule.ts";
import { EFFECTS } from "../pim-settings/finding.ts";
import { PRIORITIES } from "../pim-settings/priority.ts";
import { ROLE_TIERS, TIER_WORDS } from "../pim-settings/role-tiers.ts";

export const STATUSES = ["New", "Active", "Closed"] as const satisfies readonly IncidentStatus[];
/** The statuses that page and CLI list unless somebody asks for others. */
export const OPEN_STATUSES = "New,Active";
/** As an owner, it selects incidents without one. */
export const NOBODY = "nobody";

/** What a filter asks of an incident. Table Storage tests all of these but `name` and `words`: it cannot ignore case. */
export type Condition =
  | { readonly kind: "time"; readonly from?: Date; readonly before?: Date }
  | {
      readonly kind: "anyOf";
      readonly column: string;
      readonly wanted: readonly string[];
      /** All values that a row may hold. */
      readonly all: readonly string[];
    }
  /** The column holds exactly this text. */
  | { readonly kind: "equals"; readonly column: string; readonly text: string }
  /** One of the columns holds this name or id in any spelling: see `identityKey`. */
  | { readonly kind: "name"; readonly columns: readonly string[]; readonly text: string }
  /** Each word is somewhere in the columns, in upper or lower case. */
  | { readonly kind: "words"; readonly columns: readonly string[]; readonly text: string };

const TIME =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** A text that a filter does not accept. */
export interface Unreadable {
  readonly expected: string;
}

type Filter<Value> = FilterTraits<Value> & Accepted;

/** What a filter accepts, as far as it can be listed: the whole of a LIST, or the form of a text. */
type Accepted =
  | { readonly values: readonly string[]; readonly form?: never }
  | { readonly values?: never; readonly form: { readonly maxLength: number } | { readonly pattern: string } };

interface FilterTraits<Value> {
  /** Its name on the page. */
  readonly label: string;
  /** What it selects: for `--help` and docs/filters.md. */
  readonly help: string;
  /**
   * How the page sets it. `select`: a drop-down. `own`: a control made for this filter alone. `none`: a link in an
   * incident or the address sets it. The page shows each filter in force, with a button to remove it.
   */
  readonly control: "select" | "own" | "none";
  /** What stands for a value in `--help`: a LIST is comma-separated. */
  readonly placeholder: "LIST" | "NAME" | "ID" | "WORDS" | "TIME";
  /** Reads its value from an address or a command line. */
  read(text: string): Value | Unreadable;
  conditions(value: Value): readonly Condition[];
}

/**
 * The filters of the incident list, by their names in addresses and on the command line. The API's request reader and its
 * OpenAPI document, the list, the page, the CLI and docs/filters.md are all made from this table. Table Storage allows 15
 * comparisons in a request.
 */
export const FILTERS = {
  status: {
    label: "Status",
    help: "status of the triage",
    control: "own",
    ...anyOf("Status", STATUSES),
  },
  priority: {
    label: "Priority",
    help: "pimwatch's priority, P1 the most urgent",
    control: "own",
    ...anyOf("Priority", PRIORITIES),
  },
  effect: {
    label: "Effect",
    help: "effect on the role's protection",
    control: "select",
    // The column is empty where nothing was assessed.
    ...anyOf("Effect", EFFECTS, [...EFFECTS, ""]),
  },
  severity: {
    label: "Severity",
    help: "the rule's severity",
    control: "select",
    ...anyOf("Severity", SEVERITIES),
  },
  tier: {
    label: "Tier",
    help: `tier of the role; critical is ${TIER_WORDS.critical.name}`,
    control: "select",
    // The column is empty where nothing was assessed.
    ...anyOf("RoleTier", ROLE_TIERS, [...ROLE_TIERS, ""]),
  },
  rule: {
    label: "Rule",
    help: "whole name or id of the rule that found it",
    control: "own",
    ...nameIn("RuleName", "RuleId"),
  },
  role: {
    label: "Role",
    help: "whole name of a role, with or without its scope, or its template id",
    control: "none",
    ...nameIn("RoleScope", "RoleName", "RoleTemplateId"),
  },
  actor: {
    label: "By",
    help: "principal name or object id of the person, or name, client id or object id of the application, that made the change",
    control: "none",
    ...nameIn("InitiatedBy", "InitiatedByUserId", "InitiatedByAppId", "InitiatedByServicePrincipalId"),
  },
  tenant: {
    label: "Tenant",
    help: "id of the tenant, or its whole name in ALLOWED_TENANT_IDS",
    control: "own",
    ...nameIn("EntraTenantName", "EntraTenantId"),
  },
  owner: {
    label: "Owner",
    help: `whole name of the analyst who owns the incident, or ${NOBODY}: no owner`,
    control: "own",
    ...nameIn("Owner"),
    conditions: (name: string): readonly Condition[] =>
      identityKey(name) === NOBODY
        ? [{ kind: "equals", column: "Owner", text: "" }]
        : [{ kind: "name", columns: ["Owner"], text: name }],
  },
  burst: {
    label: "Burst",
    help: "incidents of one burst (one actor, one hour), by BurstId; not together with actor",
    control: "none",
    placeholder: "ID",
    form: { pattern: BURST_ID.source },
    read: (text: string): string | Unreadable => (isBurstId(text) ? text : { expected: "the BurstId of an incident" }),
    conditions(id: string): readonly Condition[] {
      const { from, to } = burstWindow(id); // Table Storage need not look at other hours
      return [
        { kind: "equals", column: "BurstId", text: id },
        { kind: "time", from, before: to },
      ];
    },
  },
  text: {
    label: "Search",
    help: "words in the title, assessment, role, actor, address, target, activity, rule, tenant's name, owner or id",
    control: "own",
    placeholder: "WORDS",
    ...shortText(200),
    conditions: (text: string): readonly Condition[] => [{ kind: "words", columns: SEARCHED, text }],
  },
  from: {
    label: "From",
    help: "activity at or after this time, such as 2026-01-31T12:00:00Z",
    control: "own",
    placeholder: "TIME",
    ...aTime(),
    conditions: (from: Date): readonly Condition[] => [{ kind: "time", from }],
  },
  to: {
    label: "To",
    help: "activity before this time",
    control: "own",
    placeholder: "TIME",
    ...aTime(),
    conditions: (before: Date): readonly Condition[] => [{ kind: "time", before }],
  },
} as const satisfies Readonly<Record<string, Filter<unknown>>>;

export type FilterName = keyof typeof FILTERS;
/** Names of the filters with a control of this kind. */
export type FilterWith<Kind extends Filter<unknown>["control"]> = {
  [Name in FilterName]: (typeof FILTERS)[Name]["control"] extends Kind ? Name : never;
}[FilterName];

type FilterValues = {
  readonly [Name in FilterName]: Exclude<ReturnType<(typeof FILTERS)[Name]["read"]>, Unreadable>;
};
/** Which incidents a list holds. A filter that is undefined restricts nothing; several values of one are alternatives. */
export type IncidentQuery = { readonly [Name in FilterName]?: FilterValues[Name] | undefined };

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- keys() forgets which keys the table has
export const FILTER_NAMES = Object.keys(FILTERS) as FilterName[];

/** Makes a value for each filter, by the filter's name. */
export function forEachFilter<Made>(make: (name: FilterName) => Made): Readonly<Record<FilterName, Made>> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- fromEntries() forgets that all names are there
  return Object.fromEntries(FILTER_NAMES.map((name) => [name, make(name)])) as Record<FilterName, Made>;
}

/** The values that a filter accepts; none where they cannot be listed. */
export function listedValues(name: FilterName): readonly string[] {
  const filter: Filter<unknown> = FILTERS[name];
  return filter.values ?? [];
}

const TABLE: { readonly [Name in FilterName]: Filter<FilterValues[Name]> } = FILTERS;

/** All that a query asks of an incident. */
export function conditionsOf(query: IncidentQuery): readonly Condition[] {
  return FILTER_NAMES.flatMap((filter) => conditionsOfOne(filter, query[filter]));
}

function conditionsOfOne<Name extends FilterName>(filter: Name, value: FilterValues[Name] | undefined) {
  return value === undefined ? [] : TABLE[filter].conditions(value);
}

/** @param all - all values that a row may hold in this column */
function anyOf<const Value extends string>(column: string, values: readonly Value[], all: readonly string[] = values) {
  return {
    placeholder: "LIST",
    values,
    read(text: string): readonly Value[] | Unreadable {
      const wanted = text === "" ? [] : text.split(",");
      const known = wanted.flatMap((value) => values.filter((one) => one === value));
      return known.length === wanted.length
        ? known
        : { expected: `one or more of ${values.join(", ")}, separated by commas` };
    },
    conditions: (wanted: readonly Value[]): readonly Condition[] =>
      wanted.length === 0 ? [] : [{ kind: "anyOf", column, wanted, all }],
  } as const;
}

function nameIn(...columns: readonly string[]) {
  return {
    placeholder: "NAME",
    ...shortText(1_000), // of a name in a row: incident-row.ts
    conditions: (text: string): readonly Condition[] => [{ kind: "name", columns, text }],
  } as const;
}

function shortText(characters: number) {
  return {
    form: { maxLength: characters },
    read(text: string): string | Unreadable {
      if (lengthOf(text) > characters) return { expected: `at most ${characters} characters` };
      return text.isWellFormed() ? text : { expected: "well-formed text" };
    },
  } as const;
}

/** In characters of Unicode, as JSON Schema counts them. */
export function lengthOf(text: string): number {
  return Array.from(text).length;
}

function aTime() {
  return { form: { pattern: TIME.source }, read: readTime } as const;
}

function readTime(text: string): Date | Unreadable {
  const time = new Date(text);
  const [, day = ""] = TIME.exec(text) ?? [];
  const isTime = !Number.isNaN(time.getTime()) && isDay(day);
  return isTime ? time : { expected: "a time such as 2026-01-31T12:00:00Z" };
}

/** Date takes the 30th of February for the 2nd of March. */
function isDay(day: string): boolean {
  const midnight = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(day);
}

const SEARCHED = [
  "EntraTenantName",
  "IncidentTitle",
  "Assessment",
  "ResultReason",
  "RoleName",
  "RoleScope",
  "InitiatedBy",
  "ClientIpAddress",
  "TargetResourceName",
  "OperationName",
  "RuleName",
  "Owner",
  "IncidentId",
] as const;
