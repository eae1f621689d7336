import { columnsOfFormat } from "../core/incident/alert-details.ts";
import type { CompiledQuery } from "../kql/compile/compile-query.ts";
import type { Plan } from "../kql/plan.ts";
import type { AlertDetails, EntityMapping, Rule } from "../core/incident/rule.ts";
import { nearestName } from "../kql/compile/nearest-name.ts";
import type { OverlayFile } from "./overlay/overlay.ts";
import type { Problem } from "../kql/compile/problem.ts";
import type { RuleFile } from "./rule-shape.ts";
import { placeOf, type YamlFile } from "./yaml-file.ts";

export interface CheckedMappings extends Pick<Rule, "entityMappings" | "customDetails"> {
  readonly alertDetails: AlertDetails;
  readonly problems: readonly Problem[];
}

/** The columns that the rule's fields other than the query name. */
export function columnsRead(shape: RuleFile, overlay: OverlayFile | undefined): string[] {
  const details = shape.alertDetailsOverride ?? {};
  const formats = [details.alertDisplayNameFormat, details.alertDescriptionFormat, overlay?.overlay.title];
  const columns = [details.alertSeverityColumnName, details.alertTacticsColumnName];
  return [
    ...shape.entityMappings.flatMap(({ fieldMappings }) => fieldMappings.map(({ columnName }) => columnName)),
    ...Object.values(shape.customDetails),
    ...formats.flatMap((format) => columnsOfFormat(format ?? "")),
    ...columns.flatMap((column) => (column === undefined || column === null ? [] : [column.trim()])),
  ].filter((name) => name !== "");
}

/**
 * Checks the fields that name columns of the result. One with an unknown column is left out: in Sentinel it would be empty. One
 * whose column depends on a function that pimwatch cannot run is an error: in Sentinel it would not be empty.
 */
export function checkMappings(
  file: YamlFile,
  shape: RuleFile,
  { plan, leftOut }: CompiledQuery<Pick<Plan, "columns">>,
  overlay: OverlayFile | undefined,
): CheckedMappings {
  const names = plan?.columns.map(({ name }) => name);
  const problems: Problem[] = [];
  const hasColumn = (column: string, path: readonly PropertyKey[], what: string, where: YamlFile = file): boolean => {
    if (names === undefined || names.includes(column)) return true;
    const place = placeOf(where, path);
    const missing = leftOut.find(({ name }) => name === column);
    if (missing !== undefined) {
      const message = `${what} reads the column "${column}", and ${missing.problem.message}`;
      problems.push({ file: where.name, ...place, level: "error", code: missing.problem.code, message });
      return false;
    }
    const meant = nearestName(column, names);
    const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
    const message = `${what} is left out: the query returns no column "${column}"${hint}`;
    problems.push({ file: where.name, ...place, level: "warning", code: "unknown-mapping-column", message });
    return false;
  };
  const entityMappings = shape.entityMappings.map(({ entityType, fieldMappings }, entity): EntityMapping => {
    const kept = fieldMappings.filter(({ identifier, columnName }, field) =>
      hasColumn(
        columnName,
        ["entityMappings", entity, "fieldMappings", field, "columnName"],
        `the identifier ${identifier} of ${entityType}`,
      ),
    );
    return { entityType, fieldMappings: kept };
  });
  const customDetails = Object.entries(shape.customDetails).filter(([detail, column]) =>
    hasColumn(column, ["customDetails", detail], `the custom detail ${detail}`),
  );
  return {
    entityMappings: entityMappings.filter(({ fieldMappings }) => fieldMappings.length > 0),
    customDetails: Object.fromEntries(customDetails),
    alertDetails: checkAlertDetails(shape, overlay, hasColumn),
    problems,
  };
}

type HasColumn = (column: string, path: readonly PropertyKey[], what: string, where?: YamlFile) => boolean;

/** The overlay's title and severity take precedence over the rule's columns for them. */
function checkAlertDetails(shape: RuleFile, overlay: OverlayFile | undefined, hasColumn: HasColumn): AlertDetails {
  const field = (name: keyof NonNullable<RuleFile["alertDetailsOverride"]>): string | undefined => {
    const value = shape.alertDetailsOverride?.[name];
    if (value === undefined || value === null || value.trim() === "") return undefined;
    const columns = name.endsWith("Format") ? columnsOfFormat(value) : [value.trim()];
    const isWhole = columns
      .map((column) => hasColumn(column, ["alertDetailsOverride", name], name))
      .every((isKnown) => isKnown);
    return isWhole ? value.trim() : undefined;
  };
  const ownTitle = overlay?.overlay.title;
  const isTitleWhole = columnsOfFormat(ownTitle ?? "")
    .map((column) => hasColumn(column, ["title"], "title", overlay?.file))
    .every((isKnown) => isKnown);
  const titleFormat = isTitleWhole && ownTitle !== undefined ? ownTitle : field("alertDisplayNameFormat");
  const descriptionFormat = field("alertDescriptionFormat");
  const ruleColumn = field("alertSeverityColumnName");
  const severityColumn = overlay?.overlay.severity === undefined ? ruleColumn : undefined;
  const tacticsColumn = field("alertTacticsColumnName");
  return {
    ...(titleFormat !== undefined && { titleFormat }),
    ...(descriptionFormat !== undefined && { descriptionFormat }),
    ...(severityColumn !== undefined && { severityColumn }),
    ...(tacticsColumn !== undefined && { tacticsColumn }),
  };
}
