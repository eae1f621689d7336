import { createHash } from "node:crypto";
import type { Plan } from "../core/kql/plan.ts";
import type { EntityMapping, Rule } from "../core/rule.ts";
import { compileQuery } from "./compile-query.ts";
import { readGuide } from "./guide.ts";
import { nearestName, suggestion } from "./nearest-name.ts";
import type { Problem } from "./problem.ts";
import { RULE_FIELDS } from "./rule-fields.ts";
import { ruleShape, type RuleFile } from "./rule-shape.ts";
import { scheduleProblems } from "./schedule.ts";
import { placeInText, placeOf, placeOfKey, readYaml, topLevelFields, type YamlFile } from "./yaml-file.ts";

export interface CompiledRule {
  /** Undefined when a problem is an error. */
  readonly rule?: Rule;
  readonly problems: readonly Problem[];
}

/** A guide.md with the name under which its problems are reported. */
export interface GuideFile {
  readonly name: string;
  readonly text: string;
}

/**
 * Checks and compiles one rule file. Every problem names its place in the file, inside the query too.
 *
 * @param name the file's name in problems
 */
export function compileRule(text: string, name: string, guideFile?: GuideFile): CompiledRule {
  const { file, problems: syntax } = readYaml(text, name);
  if (syntax.length > 0) return { problems: syntax };
  const parsed = ruleShape.safeParse(file.document.toJS({ maxAliasCount: 0 }));
  if (!parsed.success) return { problems: shapeProblems(file, parsed.error.issues) };
  const shape = parsed.data;
  const { plan, hash, problems: queryProblems } = compileQuery(queryText(file));
  const located = queryProblems.map(({ offset, code, message }): Problem => ({
    file: name,
    ...placeInText(file, "query", offset),
    level: "error",
    code,
    message,
  }));
  const mappings = checkMappings(file, shape, plan);
  const read = guideFile && readGuide(guideFile.text, guideFile.name);
  const problems = [
    ...fieldProblems(file),
    ...scheduleProblems(file, shape),
    ...located,
    ...mappings.problems,
    ...(read?.problems ?? []),
  ];
  if (plan === undefined || problems.some(({ level }) => level === "error")) return { problems };
  const rule: Rule = {
    id: shape.id,
    name: shape.name,
    description: unquoted(shape.description),
    kind: shape.kind,
    version: shape.version,
    severity: shape.severity,
    tactics: shape.tactics,
    techniques: shape.relevantTechniques,
    tags: shape.tags,
    entityMappings: mappings.entityMappings,
    customDetails: mappings.customDetails,
    query: queryText(file),
    plan,
    fileHash: createHash("sha256").update(text).digest("hex"),
    queryHash: hash,
    ...(read?.guide && { guide: read.guide }),
  };
  return { rule, problems };
}

/** The query as it stands in the file: its offsets are those of problems. */
function queryText({ document }: YamlFile): string {
  const query: unknown = document.get("query");
  return typeof query === "string" ? query : "";
}

function shapeProblems(
  file: YamlFile,
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): Problem[] {
  return issues.map(({ path, message }) => {
    const where = path.length === 0 ? "the file" : path.map(String).join(".");
    return {
      file: file.name,
      ...placeOf(file, path),
      level: "error",
      code: "rule-shape",
      message: `${where}: ${message}`,
    };
  });
}

/** Official files wrap descriptions in quotes inside a block scalar, where they are text. */
function unquoted(description: string): string {
  const trimmed = description.trim();
  const inner = /^'([\s\S]*)'$/.exec(trimmed)?.[1] ?? trimmed;
  return inner
    .split("\n")
    .map((line) => line.trim())
    .join("\n")
    .trim();
}

function fieldProblems(file: YamlFile): Problem[] {
  const fields = topLevelFields(file);
  return fields
    .filter((field) => !Object.hasOwn(RULE_FIELDS, field))
    .map((field) => ({
      file: file.name,
      ...placeOfKey(file, field),
      level: "warning",
      code: "unknown-field",
      message: `"${field}" is no field of a Sentinel rule${suggestion(field, Object.keys(RULE_FIELDS))}`,
    }));
}

/** Identifiers and details whose column the query does not yield are left out: in Sentinel they would be empty. */
function checkMappings(file: YamlFile, shape: RuleFile, plan: Plan | undefined) {
  const names = plan?.columns.map(({ name }) => name);
  const problems: Problem[] = [];
  const isYielded = (column: string, path: readonly PropertyKey[], what: string): boolean => {
    if (names === undefined || names.includes(column)) return true;
    const meant = nearestName(column, names);
    const hint = meant === undefined ? "" : `; did you mean "${meant}"?`;
    const message = `${what} is left out: the query yields no column "${column}"${hint}`;
    problems.push({
      file: file.name,
      ...placeOf(file, path),
      level: "warning",
      code: "unknown-mapping-column",
      message,
    });
    return false;
  };
  const entityMappings = shape.entityMappings.map(({ entityType, fieldMappings }, entity): EntityMapping => {
    const kept = fieldMappings.filter(({ identifier, columnName }, field) =>
      isYielded(
        columnName,
        ["entityMappings", entity, "fieldMappings", field, "columnName"],
        `the identifier ${identifier} of ${entityType}`,
      ),
    );
    return { entityType, fieldMappings: kept };
  });
  const customDetails = Object.entries(shape.customDetails).filter(([detail, column]) =>
    isYielded(column, ["customDetails", detail], `the custom detail ${detail}`),
  );
  return {
    entityMappings: entityMappings.filter(({ fieldMappings }) => fieldMappings.length > 0),
    customDetails: Object.fromEntries(customDetails),
    problems,
  };
}
