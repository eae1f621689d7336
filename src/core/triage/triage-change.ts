import * as z from "zod/mini";
import { valueText } from "../value-text.ts";
import type { IncidentRow } from "../incident/incident-row.ts";
import { VISIBLE } from "../visible-text.ts";
import { lengthOf, STATUSES } from "./incident-filters.ts";
import { type Invalid, problemsOf } from "./incident-query.ts";
import { CLASSIFICATIONS, MAX_COMMENT, MAX_OWNER, TRIAGE_FIELDS, type TriageField } from "./triage-fields.ts";

/** Who changes an incident: as signed in, or the marked user of a local run. */
export interface Analyst {
  readonly name: string;
  /** Object id in Entra; "" for the local user. */
  readonly id: string;
  readonly kind: "entra" | "local";
}

/** Who changed an incident: an analyst, or the app itself. */
interface ChangedBy extends Omit<Analyst, "kind"> {
  readonly kind: Analyst["kind"] | "app";
}

/** What an analyst wants to be changed. A field that is not there stays as it is. */
export type TriageChange = z.infer<typeof CHANGE>;

/** One change of an incident, as its history keeps it. */
export interface HistoryEntry {
  /** Of the incident after the change. */
  readonly revision: number;
  /** UTC, ISO 8601. */
  readonly time: string;
  readonly by: ChangedBy;
  readonly changes: readonly { readonly field: TriageField; readonly from: string; readonly to: string }[];
  readonly comment: string;
}

/** Far above what these fields take. */
export const MAX_CHANGE_BYTES = 32_768;

const trimmed = (limit: number) =>
  z.string({ error: "expected text" }).check(
    z.trim(),
    z.refine((value) => lengthOf(value) <= limit, { error: `expected at most ${limit} characters` }),
    z.meta({ maxLength: limit }), // JSON Schema counts characters, z.maxLength counts halves of some
    z.regex(/^\P{Cs}*$/u, { error: "expected well-formed text" }),
  );
export const CHANGE = z.strictObject(
  {
    status: z.optional(z.enum(STATUSES, { error: `expected one of ${STATUSES.join(", ")}` })),
    owner: z.optional(
      trimmed(MAX_OWNER).check(z.regex(VISIBLE, { error: "expected text without control or format characters" })),
    ),
    classification: z.optional(z.enum(CLASSIFICATIONS, { error: `expected one of ${CLASSIFICATIONS.join(", ")}` })),
    comment: z.optional(trimmed(MAX_COMMENT)),
  },
  { error: (issue) => (issue.code === "invalid_type" ? "expected a JSON object" : undefined) },
);

/** Reads the body of a request for a change. */
export function readTriageChange(body: string): TriageChange | Invalid {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) return { problems: ["the body is not JSON"] };
    throw error;
  }
  const parsed = CHANGE.safeParse(json);
  return parsed.success ? parsed.data : { problems: problemsOf(parsed.error) };
}

export interface Changed {
  readonly row: IncidentRow;
  readonly entry: HistoryEntry;
}

/**
 * The incident after a change, one revision higher, and the change as its history keeps it.
 *
 * Closing needs a classification, opening again takes it away: it says what a closed incident was.
 */
export function withChange(
  row: IncidentRow,
  change: TriageChange,
  { by, at }: { readonly by: Analyst; readonly at: Date },
): Changed | Invalid {
  const before = Object.fromEntries(TRIAGE_FIELDS.map((field) => [field, valueText(row[field])]));
  const status = change.status ?? before["Status"] ?? "";
  const isClosed = status === "Closed";
  const classification = isClosed ? (change.classification ?? before["Classification"] ?? "") : "";
  if (isClosed && classification === "")
    return { problems: [`classification: needed to close, one of ${CLASSIFICATIONS.join(", ")}`] };
  if (!isClosed && change.classification !== undefined)
    return { problems: ["classification: only a closed incident has one; give status Closed with it"] };
  const after: Record<TriageField, string> = {
    Status: status,
    Owner: change.owner ?? before["Owner"] ?? "",
    Classification: classification,
  };
  const comment = change.comment ?? "";
  const changes = TRIAGE_FIELDS.flatMap((field) => {
    const [from, to] = [before[field] ?? "", after[field]];
    return from === to ? [] : [{ field, from, to }];
  });
  if (changes.length === 0 && comment === "")
    return { problems: ["nothing to change: the incident is so already, and there is no comment"] };
  const time = at.toISOString();
  const revision = Number(row["Revision"] ?? 1) + 1;
  const closed = isClosed ? (before["Status"] === "Closed" ? (row["ClosedTime"] ?? time) : time) : null;
  const next: IncidentRow = {
    ...row,
    ...after,
    Comment: comment === "" ? (row["Comment"] ?? "") : comment,
    Revision: revision,
    RowKind: "updated",
    TimeGenerated: time,
    LastModifiedTime: time,
    ModifiedBy: by.name,
    ClosedTime: closed,
  };
  return { row: next, entry: { revision, time, by, changes, comment } };
}
