import { type Bound, type Bounded, boundedJson, boundedText } from "../json/bounded.ts";
import type { Incident } from "./incident.ts";
import { INCIDENT_COLUMNS, type IncidentColumn, type RowKind } from "./incident-columns.ts";
import type { Json, PlainJson } from "../../kql/run/values.ts";
import { oncePer } from "../once-per.ts";

/** The INCIDENT_COLUMNS of an incident, within the limits of both services. */
export type IncidentRow = Readonly<Record<string, PlainJson>>;

/** A stored incident: its row, and the audit record, cut if it is too long. */
export interface StoredIncident {
  readonly row: IncidentRow;
  readonly record: string;
}

/**
 * The result of storing an incident. `otherContent`: its id is known from a record that says something else. `refused`: why
 * the store can never accept it. `failed`: the error that prevented it this time, although others were stored.
 */
export type StoreOutcome =
  "added" | "known" | "otherContent" | { readonly refused: string } | { readonly failed: unknown };

/*
 * Each bound keeps a property below Table Storage's 32 Ki characters and Log Analytics' 64 KB. Together they keep an entity
 * below 1 MiB (2 bytes per character), a transaction of an incident's four rows below 4 MiB, and a row of the ingestion
 * endpoint below 900 KB.
 * https://learn.microsoft.com/azure/storage/tables/scalability-targets
 * https://learn.microsoft.com/azure/azure-monitor/fundamentals/service-limits#logs-ingestion-api
 */
const NAME: Bound = { characters: 1_000, bytes: 4_000 };
const LONG_TEXT: Bound = { characters: 16_000, bytes: 60_000 };
const DYNAMIC: Bound = { characters: 30_000, bytes: 60_000 };
const RECORD: Bound = { characters: 400_000, bytes: 1_000_000 };

export function toStoredIncident(incident: Incident, kind: RowKind): StoredIncident {
  const record = boundedRecord(incident.record);
  let truncated = record.truncated || incident.isEvidenceCut;
  const cells = INCIDENT_COLUMNS.map((column) => {
    const cell = boundedCell(column, column.value(incident, kind));
    truncated ||= cell.truncated;
    return [column.name, cell.value] as const;
  });
  return { row: { ...Object.fromEntries(cells), Truncated: truncated }, record: record.value };
}

/** The incidents of one record share its text, and are made one after the other. */
const boundedRecord = cachingLast((text) => boundedText(text, RECORD));

function cachingLast<Value>(compute: (text: string) => Value): (text: string) => Value {
  let before: { readonly text: string; readonly value: Value } | undefined;
  return (text) => {
    if (before?.text !== text) before = { text, value: compute(text) };
    return before.value;
  };
}

const boundedObject = oncePer((value: object & Json) => boundedJson(value, DYNAMIC));

function boundedCell(column: IncidentColumn, value: Json): Bounded<PlainJson> {
  if (typeof value === "object" && value !== null) return boundedObject(value);
  if (column.type === "dynamic") return boundedJson(value, DYNAMIC);
  if (typeof value !== "string") return { value: typeof value === "bigint" ? String(value) : value, truncated: false };
  return boundedText(value, column.text === "long" ? LONG_TEXT : NAME);
}
