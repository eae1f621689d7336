import { createHash } from "node:crypto";
import type { Guide, Rule } from "../core/incident/rule.ts";
import {
  compileQuery,
  compileWindowQuery,
  type CompiledQuery,
  type CompiledWindow,
} from "../kql/compile/compile-query.ts";
import { keptInWords } from "../kql/compile/window/kept-in-words.ts";
import { windowClass } from "../kql/compile/window/window-class.ts";
import type { Expression, Plan } from "../kql/plan.ts";
import { readExpectedChanges } from "./overlay/expected-changes-file.ts";
import { EMPTY_GUIDE, readGuide } from "./guide.ts";
import { suggestion } from "../kql/compile/nearest-name.ts";
import { withoutOddValues } from "./lint/odd-values.ts";
import { readOverlay, type OverlayFile } from "./overlay/overlay.ts";
import { compileExclusions, withVariables, type AnyPlan, type OverlaidQuery } from "./overlay/overlay-query.ts";
import type { Problem, QueryProblem } from "../kql/compile/problem.ts";
import { RULE_FIELDS } from "./rule-fields.ts";
import type { RuleFiles } from "./rule-files.ts";
import { checkMappings, columnsRead } from "./rule-mappings.ts";
import { ruleShape, type RuleFile } from "./rule-shape.ts";
import { scheduleProblems } from "./schedule.ts";
import { scheduleOf } from "./window-rule.ts";
import {
  placeInText,
  placeOf,
  placeOfKey,
  readYaml,
  shapeProblems,
  topLevelFields,
  type YamlFile,
} from "./yaml-file.ts";
import { AUDIT_LOGS } from "../core/event/audit-log-columns.ts";

export interface CompiledRule {
  /** Undefined if a problem is an error. */
  readonly rule?: Rule;
  readonly problems: readonly Problem[];
}

/** A rule file whose fields have the right types. */
export interface ReadRule {
  readonly file: YamlFile;
  readonly shape: RuleFile;
}

/** Reads the YAML and the fields of a rule file, but does not compile its query. `read` is there if no problem is an error. */
export function readRule(text: string, name: string): { readonly read?: ReadRule; readonly problems: Problem[] } {
  const { file, value, problems } = readYaml(text, name);
  if (problems.length > 0) return { problems: [...problems] };
  if (file.document.contents === null) return { problems: [emptyFile(name)] };
  const corrected = withoutOddValues(file, value);
  if (corrected.problems.some(({ level }) => level === "error")) return { problems: [...corrected.problems] };
  const parsed = ruleShape.safeParse(corrected.value);
  if (!parsed.success) return { problems: shapeProblems(file, parsed.error.issues, "rule-shape") };
  return { read: { file, shape: parsed.data }, problems: [...corrected.problems] };
}

function emptyFile(file: string): Problem {
  return { file, line: 1, column: 1, level: "error", code: "empty", message: "the file is empty" };
}

/**
 * Checks and compiles one rule file with the files beside it. Every problem names its place in its file, also inside the
 * query.
 *
 * @param name the file's name in problems
 * @param now planned changes that ended before this time are reported
 */
export function compileRule(
  text: string,
  name: string,
  beside: Partial<Pick<RuleFiles, "guide" | "overlay" | "expectedChanges" | "findList">> = {},
  now: Date = new Date(),
): CompiledRule {
  const { read, problems: oddities } = readRule(text, name);
  if (read === undefined) return { problems: oddities };
  const { file, shape } = read;
  const overlay = beside.overlay && readOverlay(beside.overlay);
  const source = overlay?.read;
  const query = queryText(file);
  const overlaid = withVariables(query, source);
  const options = { columnsRead: columnsRead(shape, source), findList: beside.findList };
  const eventLocal = compileQuery(overlaid.text, AUDIT_LOGS, options);
  const counts = shape.kind === "Scheduled" && shape.triggerThreshold !== 0;
  const isEventLocal = eventLocal.plan !== undefined && !counts;
  const window = isEventLocal ? undefined : compileWindowQuery(overlaid.text, AUDIT_LOGS, options);
  const compiled = window ?? eventLocal;
  const [notLocal] = eventLocal.problems;
  const reason = notLocal?.message ?? "triggerThreshold counts the rows of a window";
  const why = notLocal
    ? placeInQuery(notLocal.offset, { file, overlaid, source })
    : { file: file.name, ...placeOf(file, ["triggerThreshold"]) };
  const several = window?.plan && scheduleOf(shape, why, reason);
  const mappings = checkMappings(file, shape, compiled, source);
  const again = window ? compileWindowQuery : compileQuery;
  const excluded = exclusionsOf(compiled, overlaid.text, source, (longer) => again(longer, AUDIT_LOGS, options));
  const guide = beside.guide && readGuide(beside.guide.text, beside.guide.name);
  const planned =
    beside.expectedChanges && readExpectedChanges(beside.expectedChanges.text, beside.expectedChanges.name, now);
  const problems = [
    ...oddities,
    ...fieldProblems(file),
    ...scheduleProblems(file, shape),
    ...queryProblems(compiled, { file, overlaid, source }),
    ...mappings.problems,
    ...(overlay?.problems ?? []),
    ...overlaid.problems,
    ...excluded.problems,
    ...(guide?.problems ?? []),
    ...(planned?.problems ?? []),
  ];
  if (several && "refusal" in several) problems.unshift(several.refusal);
  const plans = plansOf(
    { eventLocal: isEventLocal ? eventLocal.plan : undefined, window: window?.plan },
    several,
    excluded.exclusions,
  );
  if (plans === undefined || problems.some(({ level }) => level === "error")) return { problems };
  const shown = guideWith(guide?.guide, source);
  const rule: Rule = {
    id: shape.id,
    name: shape.name,
    description: unquoted(shape.description),
    kind: shape.kind,
    version: shape.version,
    severity: source?.overlay.severity ?? shape.severity,
    tactics: shape.tactics,
    techniques: shape.relevantTechniques,
    tags: shape.tags,
    entityMappings: mappings.entityMappings,
    customDetails: mappings.customDetails,
    ...(Object.keys(mappings.alertDetails).length > 0 && { alertDetails: mappings.alertDetails }),
    query,
    ...plans,
    ...(compiled.lists.length > 0 && { lists: compiled.lists }),
    ...(excluded.exclusions.length > 0 && { exclusions: excluded.exclusions }),
    fileHash: createHash("sha256").update(text).digest("hex"),
    queryHash: overlaid.text === query ? eventLocal.hash : compileQuery(query, AUDIT_LOGS).hash,
    ...(shown && { guide: shown }),
    ...(planned !== undefined && planned.expectedChanges.length > 0 && { expectedChanges: planned.expectedChanges }),
    ...(source?.overlay.enabled === false && { disabled: true }),
  };
  return { rule, problems };
}

function plansOf(
  { eventLocal, window }: { readonly eventLocal: Plan | undefined; readonly window: CompiledWindow | undefined },
  several: ReturnType<typeof scheduleOf> | undefined,
  exclusions: readonly Expression[],
): Pick<Rule, "plan" | "window"> | undefined {
  if (eventLocal !== undefined) return { plan: eventLocal };
  if (window === undefined || several === undefined || "refusal" in several) return undefined;
  const { kept, ...plan } = window;
  return {
    plan: kept,
    window: {
      plan,
      schedule: several.schedule,
      class: windowClass(plan, AUDIT_LOGS, exclusions),
      keeps: keptInWords(kept, AUDIT_LOGS),
    },
  };
}

// eslint-disable-next-line max-params -- the query, its overlay, and how it was compiled
function exclusionsOf(
  { plan, leftOut }: CompiledQuery<AnyPlan>,
  text: string,
  source: OverlayFile | undefined,
  compile: (query: string) => CompiledQuery<AnyPlan>,
): ReturnType<typeof compileExclusions> {
  if (plan === undefined || source === undefined) return { exclusions: [], problems: [] };
  return compileExclusions({ plan, leftOut, text, compile }, source);
}

/** The query as written in the file, to which the offsets of problems refer. */
function queryText({ document }: YamlFile): string {
  const query: unknown = document.get("query");
  return typeof query === "string" ? query : "";
}

interface QueryOfFile {
  readonly file: YamlFile;
  readonly overlaid: OverlaidQuery;
  readonly source: OverlayFile | undefined;
}

/** The place of an offset in the query; that of something inside a variable's value is in the overlay. */
function placeInQuery(
  offset: number,
  { file, overlaid, source }: QueryOfFile,
): Pick<Problem, "file" | "line" | "column"> {
  const origin = overlaid.origin(offset);
  if ("offset" in origin) return { file: file.name, ...placeInText(file, ["query"], origin.offset) };
  const where = source?.file ?? file;
  return { file: where.name, ...placeOf(where, ["variables", origin.variable]) };
}

/** A column that is left out is a note: nothing reads it. */
function queryProblems({ problems, leftOut, notes }: CompiledQuery<AnyPlan>, query: QueryOfFile): Problem[] {
  const placed = (level: Problem["level"], { offset, code, message }: QueryProblem): Problem => ({
    ...placeInQuery(offset, query),
    level,
    code,
    message,
  });
  const columns = leftOut.map(({ name, problem }) =>
    placed("note", { ...problem, message: `the result has no column "${name}": ${problem.message}` }),
  );
  return [
    ...problems.map((problem) => placed("error", problem)),
    ...columns,
    ...notes.map((problem) => placed("note", problem)),
  ];
}

/** Removes quotes: official files wrap descriptions in quotes inside a block scalar, where the quotes are text. */
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
      message: `"${field}" is not a field of a Sentinel rule${suggestion(field, Object.keys(RULE_FIELDS))}`,
    }));
}

/** The overlay's triage replaces the guide's, even if the rule has no guide. */
function guideWith(guide: Guide | undefined, source: OverlayFile | undefined): Guide | undefined {
  const triage = source?.overlay.triage;
  return triage === undefined ? guide : { ...(guide ?? EMPTY_GUIDE), triage };
}
