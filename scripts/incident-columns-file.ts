import { INCIDENT_COLUMNS } from "../src/core/incident/incident-columns.ts";

/** The content of `infra/incident-columns.json`, read by Bicep and by the local ingestion endpoint. */
export function incidentColumnsFile(): string {
  const columns = INCIDENT_COLUMNS.map(({ name, type, description }) => ({ name, type, description }));
  const file = { stream: "Custom-PimwatchIncidents_CL", table: "PimwatchIncidents_CL", columns };
  return `${JSON.stringify(file, null, 2)}\n`;
}
