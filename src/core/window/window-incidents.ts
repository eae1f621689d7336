import { namedColumns } from "../json/column-json.ts";
import { sha256Hex } from "../json/content-hash.ts";
import { evidenceOf, toIncident } from "../incident/incident.ts";
import { type StoredIncident, toStoredIncident } from "../incident/incident-row.ts";
import type { Tenants } from "../event/tenants.ts";
import type { WindowRule } from "../incident/rule.ts";
import { jsonText } from "../../kql/run/dynamic-text.ts";
import type { WindowResult } from "../../kql/run/evaluate-window.ts";
import { formatDatetime } from "../../kql/run/time.ts";
import type { Row } from "../../kql/run/values.ts";
import { instantFrom } from "./instants.ts";
import { inOrderOfTime, type WindowRecord } from "./kept-record.ts";

/** What a rule found over the window of a tenant at an instant. */
export interface WindowFindings {
  readonly rule: WindowRule;
  readonly tenant: string;
  /** The tenant of a record that names none, if only one is allowed. */
  readonly onlyTenant?: string | undefined;
  readonly tenantNames?: Tenants | undefined;
  /** In ticks of 100 ns since the year 1. */
  readonly instant: bigint;
  /** The records of the window. */
  readonly records: readonly WindowRecord[];
  readonly results: readonly WindowResult[];
}

/** The rows of a result that are one finding. */
interface Finding {
  readonly results: WindowResult[];
  readonly latest: WindowRecord;
}

/**
 * The incidents of what a rule found at an instant. Rows of one identity are one incident, at this instant and at others:
 *
 *     rows are made of                  an incident is identified by tenant, rule and
 *     records of their own              those records, without the ones that a row may lack
 *     groups of records                 the keys of its groups and joins, such records, and the slot of its latest record:
 *                                       the multiple of the rule's frequency at or after it
 *
 * A row that is made of no record makes no incident.
 */
export function windowIncidents(found: WindowFindings, detectedAt: Date): StoredIncident[] {
  const byRow = new Map(found.records.map((record) => [record.row, record]));
  const findings = new Map<string, Finding>();
  for (const result of found.results) {
    const latest = result.latest && byRow.get(result.latest);
    if (latest === undefined) continue;
    const id = identityOf(result, latest, byRow, found);
    const finding = findings.get(id) ?? { results: [], latest };
    finding.results.push(result);
    findings.set(id, latest.time > finding.latest.time ? { ...finding, latest } : finding);
  }
  return [...findings].map(([id, finding]) => incidentOf(id, finding, { byRow, found, detectedAt }));
}

type ByRow = ReadonlyMap<Row, WindowRecord>;

// oxlint-disable-next-line max-params -- a row, and all that its identity is made of
function identityOf({ identity }: WindowResult, latest: WindowRecord, byRow: ByRow, found: WindowFindings): string {
  const { rows, keys } = identity;
  const records = rows.flatMap((row) => byRow.get(row)?.hash ?? []).toSorted();
  const slot = keys.length === 0 ? null : String(instantFrom(latest.time, found.rule.window.schedule));
  return sha256Hex(JSON.stringify(["window", found.tenant, found.rule.id, records, keys, slot]));
}

interface Context {
  readonly byRow: ByRow;
  readonly found: WindowFindings;
  readonly detectedAt: Date;
}

function incidentOf(id: string, { results, latest }: Finding, { byRow, found, detectedAt }: Context): StoredIncident {
  const { rule, onlyTenant, tenantNames, instant } = found;
  const { columns } = rule.window.plan;
  const rows = results
    .map(({ row }) => ({ row, text: jsonText(row) }))
    .toSorted((one, other) => (one.text < other.text ? -1 : Number(one.text > other.text)));
  const evidence = evidenceIn(results, byRow);
  const [first] = rows;
  const match = {
    rule,
    source: latest.source,
    row: latest.row,
    resultRow: first?.row ?? [],
    ordinal: 0,
    position: latest.position,
    onlyTenant,
    tenantNames,
    several: {
      id,
      // Not of the rows: a column may hold the instant itself, and each instant would then have news.
      contentHash: sha256Hex(JSON.stringify(evidence.map(({ hash }) => hash))),
      evidence: evidence.slice(-MOST_EVIDENCE).map(({ source }) => evidenceOf(source)),
      isEvidenceCut: evidence.length > MOST_EVIDENCE || results.some(({ isCut }) => isCut),
      instant: formatDatetime(instant),
      resultRows: rows.map(({ row }) => Object.fromEntries(namedColumns(columns, row))),
    },
  };
  return toStoredIncident(toIncident(match, detectedAt), "created");
}

const MOST_EVIDENCE = 100;

/** In order of time. */
function evidenceIn(results: readonly WindowResult[], byRow: ByRow): WindowRecord[] {
  return inOrderOfTime(new Set(results.flatMap(({ evidence }) => evidence.flatMap((row) => byRow.get(row) ?? []))));
}
