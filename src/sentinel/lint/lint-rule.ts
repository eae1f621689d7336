import { resultColumns } from "../../core/incident/rule.ts";
import type { Column } from "../../kql/run/values.ts";
import { TACTICS, type RuleWindow } from "../../core/incident/rule.ts";
import { attackMatrix } from "../attack-techniques.ts";
import { compileRule, readRule, type ReadRule } from "../compile-rule.ts";
import {
  diagnosticsOf,
  kindOf,
  listOf,
  textOf,
  tryParseQuery,
  walk,
  type Syntax,
} from "../../kql/compile/kusto-parser.ts";
import { overlayExclusionsByName, queryExclusionsByName } from "./excluded-by-name.ts";
import { lintMappings, type Warn } from "./lint-mappings.ts";
import { suggestion } from "../../kql/compile/nearest-name.ts";
import { operatorName } from "../../kql/compile/operators/operator.ts";
import { readOverlay } from "../overlay/overlay.ts";
import { readsFromOutside } from "../overlay/overlay-query.ts";
import type { Problem } from "../../kql/compile/problem.ts";
import type { RuleFiles } from "../rule-files.ts";
import { periodSeconds } from "../schedule.ts";
import { isScalarType } from "../../kql/compile/scope.ts";
import { readTests } from "../tests-file.ts";
import { placeInText, placeOf, placeOfKey, topLevelFields } from "../yaml-file.ts";
import { AUDIT_LOGS } from "../../core/event/audit-log-columns.ts";

/** The longest query that Sentinel accepts. https://learn.microsoft.com/azure/sentinel/scheduled-rules-overview */
const MAX_QUERY_CHARACTERS = 10_000;
const FIVE_MINUTES = 300;
const FOURTEEN_DAYS = 14 * 86_400;

/** All problems of a rule and the files beside it: those of the build, and those that only lint reports. */
export function lintRule(files: RuleFiles, now: Date): Problem[] {
  const { name, text } = files.rule;
  const { rule, problems } = compileRule(text, name, files, now);
  const { read } = readRule(text, name);
  const overlay = files.overlay && readOverlay(files.overlay).read;
  return [
    ...problems,
    ...(read && rule?.window ? [windowNote(read, rule.window)] : []),
    ...(read ? lintFields(read, rule && resultColumns(rule), rule !== undefined) : []),
    ...(overlay ? overlayExclusionsByName(overlay) : []),
    ...(files.tests ? readTests(files.tests).problems : []),
  ];
}

function windowNote({ file }: ReadRule, { schedule, class: { name, reason }, keeps }: RuleWindow): Problem {
  const message = `this rule needs several events. It runs ${schedule.text}; ${name}: ${reason}; keeps: ${keeps}`;
  return { file: file.name, ...placeOf(file, ["query"]), level: "note", code: "several-events", message };
}

/** @param columns those of the result, if the rule compiles */
function lintFields(read: ReadRule, columns: readonly Column[] | undefined, isRun: boolean): Problem[] {
  const { file } = read;
  const problems: Problem[] = [];
  const warn: Warn = (path, code, message) =>
    problems.push({ file: file.name, ...placeOf(file, path), level: "warning", code, message });
  // The compiler has checked the column names of a rule that compiles. For any other rule, Kusto's binder knows them.
  if (columns) lintMappings(read, columns, warn);
  else lintMappings(read, boundColumns(read.shape.query), warn, { areNamesChecked: false });
  lintAttack(read, warn);
  lintSchedule(read, warn);
  lintMetadata(read, problems);
  lintQuery(read, isRun, problems);
  return problems;
}

/** The columns that a query returns in Kusto; undefined if it cannot be bound. */
function boundColumns(query: string): readonly Column[] | undefined {
  const code = tryParseQuery(query, AUDIT_LOGS);
  const isBound = code && diagnosticsOf(code).every(({ Severity }) => Severity !== "Error");
  if (!isBound || !code.ResultType?.Columns) return undefined;
  return listOf(code.ResultType.Columns).flatMap(({ Name, Type }) =>
    isScalarType(Type.Name) ? [{ name: Name, type: Type.Name }] : [],
  );
}

function lintAttack({ shape }: ReadRule, warn: Warn): void {
  const tactics: readonly string[] = shape.tactics;
  for (const [index, tactic] of tactics.entries()) {
    if (TACTICS.some((known) => known === tactic)) continue;
    warn(["tactics", index], "unknown-tactic", `Sentinel knows no tactic "${tactic}"${suggestion(tactic, TACTICS)}`);
  }
  const { version, techniques: known } = attackMatrix();
  for (const [index, id] of shape.relevantTechniques.entries()) {
    const technique = known.get(id);
    const path = ["relevantTechniques", index];
    if (technique === undefined) {
      const message = `ATT&CK ${version} has no technique "${id}"${suggestion(id, known.keys())}`;
      warn(path, "unknown-technique", message);
    } else if (tactics.length > 0 && !technique.tactics.some((tactic) => tactics.includes(tactic))) {
      const message = `${id} (${technique.name}) belongs to ${technique.tactics.join(", ")}; the rule's tactics are ${tactics.join(", ")}`;
      warn(path, "technique-tactic", message);
    }
  }
}

function lintSchedule({ shape }: ReadRule, warn: Warn): void {
  if (shape.kind === "NRT") return;
  const frequency = periodSeconds(shape.queryFrequency);
  const period = periodSeconds(shape.queryPeriod);
  for (const [field, seconds] of [["queryFrequency", frequency] as const, ["queryPeriod", period] as const]) {
    if (seconds !== undefined && (seconds < FIVE_MINUTES || seconds > FOURTEEN_DAYS)) {
      warn([field], "period-range", `${field} ${shape[field]} is outside Sentinel's range of 5 minutes to 14 days`);
    }
  }
  if (frequency !== undefined && period !== undefined && period < frequency) {
    const message = `queryPeriod ${shape.queryPeriod} is shorter than queryFrequency ${shape.queryFrequency}: Sentinel would miss events`;
    warn(["queryPeriod"], "period-gap", message);
  }
}

const METADATA = new Set(["source", "author", "support", "categories"]);

function lintMetadata({ file, shape }: ReadRule, problems: Problem[]): void {
  const misplaced = topLevelFields(file).filter((field) => METADATA.has(field));
  const [first] = misplaced;
  if (first !== undefined) {
    const message = `${misplaced.join(", ")}: at the top level, but belongs under metadata`;
    problems.push({
      file: file.name,
      ...placeOfKey(file, first),
      level: "warning",
      code: "unnested-metadata",
      message,
    });
  }
  if (!/^\d+\.\d+\.\d+$/.test(shape.version)) {
    const message = `version "${shape.version}" is not of the form 1.0.0`;
    problems.push({ file: file.name, ...placeOf(file, ["version"]), level: "warning", code: "version", message });
  }
}

/** Placeholder texts of official rules, which users must replace with their own values. */
const PLACEHOLDER =
  /^(list (of|with) |custom |your |enter |insert |replace |<[^>]+>$|\{\{.+\}\}$)|\b(custom domain name|your (domain|company|tenant)|example group|group ?[0-9]$)/i;

function lintQuery({ file, shape }: ReadRule, isRun: boolean, problems: Problem[]): void {
  const report = (offset: number, level: Problem["level"], code: string, message: string): void => {
    problems.push({ file: file.name, ...placeInText(file, ["query"], offset), level, code, message });
  };
  const raw: unknown = file.document.get("query");
  const query = typeof raw === "string" ? raw : shape.query;
  if (query.length > MAX_QUERY_CHARACTERS) {
    report(0, "warning", "query-length", `${query.length} characters; Sentinel takes at most ${MAX_QUERY_CHARACTERS}`);
  }
  const visit = (node: Syntax): boolean => {
    const kind = kindOf(node);
    // mv-apply works within one event in Kusto, too. A watchlist has no events.
    if (kind === "MvApplyOperator" || (kind === "LetStatement" && readsFromOutside(node))) return true;
    if (isRun && (kind === "SummarizeOperator" || kind === "DistinctOperator")) {
      const message = `${operatorName(node)} runs per event here: over the rows of one event, never of many events`;
      report(node.TextStart, "note", "per-event", message);
    }
    if (
      kind === "StringLiteralExpression" &&
      typeof node.LiteralValue === "string" &&
      PLACEHOLDER.test(node.LiteralValue)
    ) {
      const message = `${textOf(node)} looks like a placeholder; put your own values into overlay.yaml (variables for a let, or exclude)`;
      report(node.TextStart, "warning", "placeholder", message);
    }
    return false;
  };
  const code = tryParseQuery(query, AUDIT_LOGS);
  if (code === undefined) return;
  walk(code.Syntax, visit);
  queryExclusionsByName(code.Syntax, (offset, message) => report(offset, "note", "excluded-by-name", message));
}
