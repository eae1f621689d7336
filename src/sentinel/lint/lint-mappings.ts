import { ALERT_DETAIL_LIMITS, columnsOfFormat } from "../../core/incident/alert-details.ts";
import type { Column } from "../../kql/run/values.ts";
import type { ReadRule } from "../compile-rule.ts";
import { ENTITY_IDENTIFIERS, MAPPING_LIMITS } from "./entity-identifiers.ts";
import { suggestion } from "../../kql/compile/nearest-name.ts";
import type { RuleFile } from "../rule-shape.ts";

/** Reports a warning about the value at a path of the rule file. */
export type Warn = (path: readonly PropertyKey[], code: string, message: string) => void;

/** Warns of mappings and alert details that Sentinel would refuse or leave empty. */
export function lintMappings(
  { shape }: ReadRule,
  columns: readonly Column[] | undefined,
  warn: Warn,
  { areNamesChecked = true }: { readonly areNamesChecked?: boolean } = {},
): void {
  const { entityMappings, customDetails } = shape;
  if (!areNamesChecked && columns) lintColumnNames(shape, columns, warn);
  if (entityMappings.length > MAPPING_LIMITS.entities) {
    const message = `${entityMappings.length} entity mappings; Sentinel takes at most ${MAPPING_LIMITS.entities}`;
    warn(["entityMappings"], "too-many-entities", message);
  }
  for (const [index, mapping] of entityMappings.entries()) lintEntity(mapping, index, columns, warn);
  lintCustomDetails(customDetails, warn);
  lintAlertDetails(shape, warn);
}

function lintColumnNames({ entityMappings, customDetails }: RuleFile, columns: readonly Column[], warn: Warn): void {
  const names = columns.map(({ name }) => name);
  const check = (column: string, path: readonly PropertyKey[]): void => {
    if (names.includes(column)) return;
    warn(path, "unknown-mapping-column", `the query returns no column "${column}"${suggestion(column, names)}`);
  };
  for (const [entity, { fieldMappings }] of entityMappings.entries()) {
    for (const [field, { columnName }] of fieldMappings.entries()) {
      check(columnName, ["entityMappings", entity, "fieldMappings", field, "columnName"]);
    }
  }
  for (const [detail, column] of Object.entries(customDetails)) check(column, ["customDetails", detail]);
}

type Mapping = RuleFile["entityMappings"][number];

function lintEntity(
  { entityType, fieldMappings }: Mapping,
  index: number,
  columns: readonly Column[] | undefined,
  warn: Warn,
): void {
  const path = ["entityMappings", index];
  const known = Object.hasOwn(ENTITY_IDENTIFIERS, entityType) ? ENTITY_IDENTIFIERS[entityType] : undefined;
  if (known === undefined) {
    const hint = suggestion(entityType, Object.keys(ENTITY_IDENTIFIERS));
    warn([...path, "entityType"], "entity-type", `Sentinel has no entity type "${entityType}" for mappings${hint}`);
    return;
  }
  if (fieldMappings.length > MAPPING_LIMITS.identifiers) {
    const message = `${fieldMappings.length} identifiers of one ${entityType}; Sentinel takes at most ${MAPPING_LIMITS.identifiers}`;
    warn([...path, "fieldMappings"], "too-many-identifiers", message);
  }
  const used = new Set<string>();
  for (const [field, { identifier, columnName }] of fieldMappings.entries()) {
    const at = [...path, "fieldMappings", field];
    if (!known.identifiers.includes(identifier)) {
      const hint = suggestion(identifier, known.identifiers);
      warn([...at, "identifier"], "entity-identifier", `${entityType} has no identifier "${identifier}"${hint}`);
    } else if (used.has(identifier)) {
      warn([...at, "identifier"], "entity-identifier", `${identifier} of one ${entityType} is mapped twice`);
    }
    used.add(identifier);
    const type = columns?.find(({ name }) => name === columnName)?.type;
    if (type === "dynamic") {
      const message = `the column "${columnName}" contains a list or a bag; ${identifier} of ${entityType} needs a text (use tostring)`;
      warn([...at, "columnName"], "mapping-type", message);
    }
  }
  if (fieldMappings.length > 0 && !known.oneOf.some((set) => set.every((identifier) => used.has(identifier)))) {
    const needed = known.oneOf.map((set) => set.join(" with ")).join(", ");
    warn([...path, "fieldMappings"], "weak-entity", `one ${entityType} needs one of ${needed}`);
  }
}

function lintCustomDetails(details: Readonly<Record<string, string>>, warn: Warn): void {
  const names = Object.keys(details);
  if (names.length > MAPPING_LIMITS.customDetails) {
    const message = `${names.length} custom details; Sentinel takes at most ${MAPPING_LIMITS.customDetails}`;
    warn(["customDetails"], "too-many-details", message);
  }
  for (const name of names) {
    if (name.length > MAPPING_LIMITS.detailName || !/^[A-Za-z]\w*$/.test(name)) {
      const message = `"${name}" is not a valid name of a custom detail: a letter, then letters, digits and _, at most ${MAPPING_LIMITS.detailName}`;
      warn(["customDetails", name], "detail-name", message);
    }
  }
}

function lintAlertDetails({ alertDetailsOverride }: RuleFile, warn: Warn): void {
  const formats = [
    { field: "alertDisplayNameFormat", limit: ALERT_DETAIL_LIMITS.title },
    { field: "alertDescriptionFormat", limit: ALERT_DETAIL_LIMITS.description },
  ] as const;
  for (const { field, limit } of formats) {
    const format = alertDetailsOverride?.[field] ?? "";
    const columns = columnsOfFormat(format).length;
    if (format.length > limit) {
      warn(
        ["alertDetailsOverride", field],
        "alert-details",
        `${format.length} characters; Sentinel takes at most ${limit}`,
      );
    }
    if (columns > ALERT_DETAIL_LIMITS.columns) {
      const message = `${columns} columns in ${field}; Sentinel takes at most ${ALERT_DETAIL_LIMITS.columns}`;
      warn(["alertDetailsOverride", field], "alert-details", message);
    }
  }
}
