import type { IncidentRow } from "../core/incident/incident-row.ts";
import { field } from "./format.ts";

/** The main change, and the rest of the assessment: requirements it falls below, and other changes. */
export interface Headline {
  readonly main: string;
  readonly rest: string;
}

/** The assessment in words; the title, if nothing was assessed. */
export function headlineOf(row: IncidentRow): Headline {
  const assessment = field(row, "Assessment");
  if (assessment === "") {
    const [title, target] = [field(row, "IncidentTitle"), field(row, "TargetResourceName")];
    // Many rules name the target in the title.
    return { main: target === "" || title.includes(target) ? title : `${title}: ${target}`, rest: "" };
  }
  const [main = "", ...rest] = assessment.split("; ");
  return { main, rest: rest.join("; ") };
}

const MOST_IN_TITLE = 2;

/** A short title. Many weakened settings are given as a number, since each is listed below. */
export function titleOf(row: IncidentRow): string {
  const weakened = Number(row["WeakenedSettings"]);
  const { main } = headlineOf(row);
  if (!(weakened > MOST_IN_TITLE)) return main;
  return `${/^Failed attempt: /.exec(main)?.[0] ?? ""}${weakened} settings weakened for ${roleOf(row)}`;
}

/** The same, for a row that shows the role elsewhere. */
export function changeOf(row: IncidentRow): string {
  const { main } = headlineOf(row);
  return main.replace(` for ${roleOf(row)}`, () => "");
}

export function roleOf(row: IncidentRow): string {
  return (
    field(row, "RoleScope") || field(row, "RoleName") || field(row, "TargetResourceName") || field(row, "RuleName")
  );
}

/** The name of its tenant or, without one, its id. */
export function tenantOf(incident: IncidentRow): string {
  return field(incident, "EntraTenantName") || field(incident, "EntraTenantId");
}
