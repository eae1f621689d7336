import type { IncidentRow } from "../core/incident-row.ts";
import { field } from "./format.ts";

/** What changed in plain words; where nothing was assessed, the title. */
export function headline(row: IncidentRow): string {
  return field(row, "Assessment") || `${field(row, "IncidentTitle")}: ${field(row, "TargetResourceName")}`;
}

export function roleOf(row: IncidentRow): string {
  return field(row, "RoleScope") || field(row, "RoleName") || field(row, "TargetResourceName");
}
