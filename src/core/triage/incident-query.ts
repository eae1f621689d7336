import * as z from "zod/mini";
import { text } from "../event/audit-log.ts";
import { isBurstId } from "../incident/burst-id.ts";
import type { IncidentRow } from "../incident/incident-row.ts";
import type { IncidentStatus } from "../incident/incident.ts";
import type { Effect } from "../pim-settings/finding.ts";
import { PRIORITIES, type Priority } from "../pim-settings/priority.ts";
import { SEVERITIES, type Severity } from "../incident/rule.ts";

export const STATUSES = ["New", "Active", "Closed"] as const satisfies readonly IncidentStatus[];
export const EFFECTS = ["weakens", "strengthens", "neutral", "unknown"] as const satisfies readonly Effect[];
const ORDERS = ["newest", "priority"] as const;

/** Which incidents a list holds. What is undefined restricts nothing; several values of one field are alternatives. */
export interface IncidentQuery {
  /** Time of the activity: from this on, and before that. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly status?: readonly IncidentStatus[] | undefined;
  readonly severity?: readonly Severity[] | undefined;
  readonly priority?: readonly Priority[] | undefined;
  readonly effect?: readonly Effect[] | undefined;
  /** The whole name of a role, with or without its scope. */
  readonly role?: string | undefined;
  /** The whole name of who did it. */
  readonly actor?: string | undefined;
  readonly owner?: string | undefined;
  /** A burst's id. Not together with `actor`: it says who. */
  readonly burst?: string | undefined;
  /** Somewhere in what a list shows of the incident, whatever the case. */
  readonly text?: string | undefined;
}

/** What one request for a list asks for. */
export interface ListRequest {
  readonly query: IncidentQuery;
  /** `newest` activity first, or most urgent first and of those the newest. */
  readonly order: (typeof ORDERS)[number];
  readonly limit: number;
  /** Where the page before this one ended: what it was answered with. */
  readonly continuation?: string | undefined;
}

export interface PageRequest {
  readonly ruleId: string;
  readonly query: IncidentQuery;
  /** Only rows behind the one with this key. */
  readonly after?: string | undefined;
  /** Instead: only the row with this key and rows behind it. */
  readonly from?: string | undefined;
  /** The service's own word on where to go on: it may end a page before it has found anything. */
  readonly token?: string | undefined;
  /** At most 1000, the service's own limit. */
  readonly size: number;
  /** Only these columns; what else a list shows is null. */
  readonly columns?: readonly string[] | undefined;
}

export interface IncidentPage {
  /** Newest activity first. The keys sort in this order over all rules. */
  readonly rows: readonly { readonly key: string; readonly row: IncidentRow }[];
  /** Undefined when there is nothing more. */
  readonly token: string | undefined;
}

const MAX_LIMIT = 200;
const DEFAULT_LIMIT = 50;
const MAX_TEXT = 200;
/** Of a name in a row, see incident-row.ts. */
const MAX_NAME = 1_000;

const oneOf = <const T extends string>(values: readonly T[]) =>
  z.optional(
    z.pipe(
      z.pipe(
        z.string(),
        z.transform((list) => list.split(",").filter((value) => value !== "")),
      ),
      z.array(z.enum(values, { error: `expected one or more of ${values.join(", ")}, separated by commas` })),
    ),
  );
const time = z.optional(
  z.pipe(
    z.iso.datetime({ offset: true, error: "expected a time such as 2026-01-31T12:00:00Z" }),
    z.transform((value) => new Date(value)),
  ),
);
const short = (characters: number) =>
  z.optional(
    z.string().check(
      z.maxLength(characters, { error: `expected at most ${characters} characters` }),
      z.refine((value) => value.isWellFormed(), { error: "expected well-formed text" }),
    ),
  );
const fromOne = { error: `expected a number from 1 to ${MAX_LIMIT}` };

const PARAMETERS = z.strictObject({
  from: time,
  to: time,
  status: oneOf(STATUSES),
  severity: oneOf(SEVERITIES),
  priority: oneOf(PRIORITIES),
  effect: oneOf(EFFECTS),
  role: short(MAX_NAME),
  actor: short(MAX_NAME),
  owner: short(MAX_NAME),
  burst: z.optional(z.string().check(z.refine(isBurstId, { error: "expected the BurstId of an incident" }))),
  text: short(MAX_TEXT),
  order: z._default(z.enum(ORDERS, { error: `expected ${ORDERS.join(" or ")}` }), "newest"),
  limit: z._default(
    z.coerce
      .number(fromOne)
      .check(
        z.int({ error: `expected a whole number from 1 to ${MAX_LIMIT}` }),
        z.gte(1, fromOne),
        z.lte(MAX_LIMIT, fromOne),
      ),
    DEFAULT_LIMIT,
  ),
  continuation: short(16_000),
});

/** What cannot be answered as asked, each problem naming the parameter or field, what is expected and the limit. */
export interface Invalid {
  readonly problems: readonly string[];
}

/** Reads the query of a request's address. A parameter without a value restricts nothing. */
export function readListRequest(parameters: URLSearchParams): ListRequest | Invalid {
  const given = [...parameters].filter(([, value]) => value !== "");
  const repeated = given.map(([name]) => name).filter((name, index, names) => names.indexOf(name) !== index);
  if (repeated.length > 0) {
    return { problems: repeated.map((name) => `${name}: given more than once; separate several values by commas`) };
  }
  const parsed = PARAMETERS.safeParse(Object.fromEntries(given));
  if (!parsed.success) return { problems: problemsOf(parsed.error) };
  const { order, limit, continuation, ...query } = parsed.data;
  if (query.burst !== undefined && query.actor !== undefined)
    return { problems: ["burst: not together with actor; a burst is of one actor"] };
  return { query, order, limit, continuation };
}

/** One line for each problem: where it is and what is expected. */
export function problemsOf(error: z.core.$ZodError): string[] {
  return error.issues.map((issue) => {
    if (issue.code === "unrecognized_keys") return `unknown: ${issue.keys.join(", ")}`;
    const where = issue.path.filter((part) => typeof part === "string").join(".");
    return where === "" ? issue.message : `${where}: ${issue.message}`;
  });
}

const SEARCHED = [
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

/** Whether a row of a list holds the text that the query searches. Table Storage cannot do this itself. */
export function holdsText(row: IncidentRow, searched: string): boolean {
  const words = searched.toLowerCase().split(/\s+/).filter(Boolean);
  const content = SEARCHED.map((name) => text(row[name]).toLowerCase()).join("\n");
  return words.every((word) => content.includes(word));
}
