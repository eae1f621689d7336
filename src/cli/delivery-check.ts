import { textOf } from "./incident-text.ts";

/** A row by its columns, of the table or of the endpoint. */
type Row = Readonly<Record<string, unknown>>;

/** What a run left behind, to be compared with what it should have. */
export interface Delivery {
  /** Audit record ids that the rule matches; undefined where nobody knows them beforehand. */
  readonly expected: readonly string[] | undefined;
  /** The incident table, one row for each incident. */
  readonly stored: readonly Row[];
  /** What the ingestion endpoint accepted, every row it was sent. */
  readonly forwarded: readonly Row[];
}

/**
 * Compares table and endpoint: every expected record is one incident, and every incident was forwarded
 * exactly once.
 *
 * @returns one line for each that is missing, unexpected or there twice; none when all is well
 */
export function deliveryProblems({ expected, stored, forwarded }: Delivery): string[] {
  const problems: string[] = [];
  const recordOf = new Map(stored.map((row) => [idOf(row), recordIdOf(row)]));
  if (expected !== undefined) {
    const incidents = count(stored.map(recordIdOf));
    for (const recordId of expected) {
      const times = incidents.get(recordId) ?? 0;
      if (times === 0) problems.push(`no incident for record ${recordId}`);
      if (times > 1) problems.push(`${times} incidents for record ${recordId}`);
    }
    const wanted = new Set(expected);
    for (const recordId of incidents.keys()) {
      if (!wanted.has(recordId)) problems.push(`an incident for record ${recordId}, which the rule does not match`);
    }
  }
  const rows = count(forwarded.filter((row) => row["RowKind"] !== "updated").map(idOf));
  for (const [id, recordId] of recordOf) {
    const times = rows.get(id) ?? 0;
    if (times !== 1) problems.push(`incident ${id} (record ${recordId}) was forwarded ${times} times`);
  }
  for (const id of rows.keys()) {
    if (!recordOf.has(id)) problems.push(`incident ${id} was forwarded and is not in the table`);
  }
  return problems;
}

const idOf = (row: Row): string => textOf(row, "IncidentId");
const recordIdOf = (row: Row): string => textOf(row, "AuditLogId");

function count(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
