import type { IncidentRow } from "../core/incident-row.ts";
import { field } from "./format.ts";

/** What changed, and what stands behind it: requirements that it falls below, and what else was changed. */
export interface Headline {
  readonly main: string;
  readonly rest: string;
}

/** What changed in plain words; where nothing was assessed, the title. */
export function headlineOf(row: IncidentRow): Headline {
  const assessment = field(row, "Assessment");
  if (assessment === "") {
    const about = [field(row, "IncidentTitle"), field(row, "TargetResourceName")].filter((part) => part !== "");
    return { main: about.join(": "), rest: "" };
  }
  const [main = "", ...rest] = assessment.split("; ");
  return { main, rest: rest.join("; ") };
}

/** The same for a row that names the role in a place of its own. */
export function changeOf(row: IncidentRow): string {
  const { main } = headlineOf(row);
  const end = ` for ${roleOf(row)}`;
  return main.endsWith(end) ? main.slice(0, -end.length) : main;
}

export function roleOf(row: IncidentRow): string {
  return field(row, "RoleScope") || field(row, "RoleName") || field(row, "TargetResourceName");
}
