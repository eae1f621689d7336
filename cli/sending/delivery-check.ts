import { counted } from "../../src/core/counted.ts";
import { textOf } from "../incidents/incident-text.ts";

/** A row of the table or of the endpoint, by column. */
type Row = Readonly<Record<string, unknown>>;

/** An incident that must exist. */
export interface ExpectedIncident {
  readonly incidentId: string;
  readonly recordId: string;
  /** The rule's name, for messages. */
  readonly rule: string;
}

/** The results of a run, and the incidents it should have made. */
export interface Delivery {
  /** Undefined if nobody knows them beforehand. */
  readonly expected: readonly ExpectedIncident[] | undefined;
  /** The incident table, one row for each incident. */
  readonly stored: readonly Row[];
  /** Every row that the ingestion endpoint accepted. */
  readonly forwarded: readonly Row[];
}

/**
 * Checks that exactly the expected incidents are stored, each once, and that each was forwarded exactly once.
 *
 * @returns one line for each incident that is missing, unexpected or repeated
 */
export function deliveryProblems({ expected, stored, forwarded }: Delivery): string[] {
  const problems: string[] = [];
  const recordOf = new Map(stored.map((row) => [idOf(row), recordIdOf(row)]));
  if (expected !== undefined) {
    const times = count(stored.map(idOf));
    for (const { incidentId, recordId, rule } of expected) {
      const found = times.get(incidentId) ?? 0;
      if (found === 0) problems.push(`no incident for record ${recordId} of the rule "${rule}"`);
      if (found > 1) problems.push(`${counted(found, "incident")} for record ${recordId} of the rule "${rule}"`);
    }
    const wanted = new Set(expected.map(({ incidentId }) => incidentId));
    for (const row of stored) {
      if (wanted.has(idOf(row))) continue;
      problems.push(
        `an incident for record ${recordIdOf(row)}, which the rule "${textOf(row, "RuleName")}" does not find`,
      );
    }
  }
  const rows = count(forwarded.filter((row) => row["RowKind"] !== "updated").map(idOf));
  for (const [id, recordId] of recordOf) {
    const times = rows.get(id) ?? 0;
    if (times !== 1) problems.push(`incident ${id} (record ${recordId}) was forwarded ${counted(times, "time")}`);
  }
  for (const id of rows.keys()) {
    if (!recordOf.has(id)) problems.push(`incident ${id} was forwarded but is not in the table`);
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
