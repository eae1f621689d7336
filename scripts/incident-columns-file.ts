import { INCIDENT_COLUMNS } from "../src/core/incident/incident-columns.ts";

/** What `infra/incident-columns.json` must hold: read by Bicep and by the local ingestion endpoint. */
export function incidentColumnsFile(): string {
  const columns = INCIDENT_COLUMNS.map(({ name, type, description }) => ({ name, type, description }));
  const file = { stream: "Custom-PimwatchIncidents_CL", table: "PimwatchIncidents_CL", columns };
  return `${JSON.stringify(file, null, 2)}\n`;
}
