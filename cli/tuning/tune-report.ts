import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { incidentPages } from "../../src/azure/incidents/incident-pages.ts";
import { textOfRecordEntity } from "../../src/azure/incidents/incident-entity.ts";
import { incidentIdOf, RECORD_ROWS } from "../../src/azure/tables/row-keys.ts";
import type { TableRows } from "../../src/azure/tables/table-rows.ts";
import { counted } from "../../src/core/counted.ts";
import type { IncidentRow, StoredIncident } from "../../src/core/incident/incident-row.ts";
import { PRIORITIES } from "../../src/core/pim-settings/priority.ts";
import { readListRequest } from "../../src/core/triage/incident-query.ts";
import { visible } from "../../src/core/visible-text.ts";
import { UsageError } from "../../src/errors.ts";
import { formatProblem } from "../../src/kql/compile/problem.ts";
import type { SourcedRule } from "../../src/sentinel/compile-rules.ts";
import type { RuleFiles, TextFile } from "../../src/sentinel/rule-files.ts";
import { listIncidents } from "../../src/workflows/incidents/list-incidents.ts";
import type { TuneOptions } from "../commands/tune.ts";
import { settingsFor } from "../deployment/app-settings.ts";
import { tableDestination } from "../deployment/destinations.ts";
import { fileReason } from "../errors/failure-text.ts";
import { secondOf, SHORT_ID, textOf } from "../incidents/incident-text.ts";
import { quoted } from "../incidents/summary-text.ts";
import { jsonDocument } from "../json-line.ts";
import { wrapped } from "../line-width.ts";
import { chosenRules } from "../rules/chosen-rules.ts";
import { nearby } from "../own-files.ts";
import { painted, type Terminal } from "../terminal.ts";
import { LEAST_INCIDENTS } from "./conjunctions.ts";
import { type FoundAgain, type Proposal, type Refusal, tuneRule, type Tuning } from "./tune-rule.ts";

const PAGE = 200;

/** Prints proposals for a rule, and writes one into its overlay if asked to. @returns the exit code */
export async function tuneReport(name: string, options: TuneOptions, terminal: Terminal): Promise<number> {
  const sourced = await theRule(name, options.rules ?? terminal.rules, terminal);
  const table = await tableDestination(options, await settingsFor(options, terminal));
  const stored = await storedIncidents(table, sourced.rule.id, { options, terminal });
  terminal.progress(`Trying exclusions on ${counted(stored.length, "incident")} …`);
  const tuning = tuneRule(sourced, stored, { when: options.when, today: new Date() });
  const { overlay, isOwn } = overlayOf(sourced.files);
  const [first] = tuning.proposals;
  const written = options.write === true && first !== undefined;
  if (written) await write(overlay, isOwn, { files: sourced.files, proposal: first });
  terminal.out(
    options.json === true
      ? jsonDocument(document(sourced, tuning, written ? overlay.name : null))
      : reportText(sourced, tuning, { options, terminal, overlay: overlay.name }),
  );
  if (written) terminal.note(`Proposal 1 is now in ${visible(overlay.name)}`);
  return first === undefined ? 1 : 0;
}

async function theRule(name: string, directory: string, terminal: Terminal): Promise<SourcedRule> {
  const { sourced, problems } = await chosenRules(directory, [name], terminal);
  const [one, another] = sourced;
  if (another !== undefined) throw new UsageError(`${visible(name)} has more than one rule. Name one of them`);
  if (one !== undefined) return one;
  throw new UsageError(problems.map(formatProblem).join("\n"));
}

interface Reading {
  readonly options: TuneOptions;
  readonly terminal: Terminal;
}

/** The rule's incidents that the filters leave, each with its audit record. */
async function storedIncidents(
  table: TableRows,
  ruleId: string,
  { options: { tenant = "", from = "", to = "" }, terminal }: Reading,
): Promise<StoredIncident[]> {
  const request = readListRequest(new URLSearchParams({ tenant, from, to, limit: String(PAGE) }));
  if ("problems" in request) throw new UsageError(request.problems.map((problem) => `--${problem}`).join("; "));
  const deps = { ruleIds: () => Promise.resolve([ruleId]), pages: incidentPages(table), now: () => new Date() };
  const rows = new Map<string, IncidentRow>();
  let continuation: string | undefined;
  do {
    const page = await listIncidents({ ...request, continuation }, deps);
    if (page === "refused") throw new TypeError("the table refused its own continuation");
    for (const row of page.rows) rows.set(textOf(row, "IncidentId"), row);
    terminal.progress(`Reading incidents: ${counted(rows.size, "incident")} so far …`);
    continuation = page.continuation;
  } while (continuation !== undefined && !terminal.stopping.aborted);
  const stored: StoredIncident[] = [];
  for await (const entity of table.list({ partitionKey: ruleId, prefix: RECORD_ROWS })) {
    const row = rows.get(incidentIdOf(String(entity["rowKey"])));
    if (row !== undefined) stored.push({ row, record: textOfRecordEntity(entity) });
    terminal.progress(`Reading records: ${stored.length} of ${counted(rows.size, "record")} …`);
    if (terminal.stopping.aborted) break;
  }
  // A part would show too few true positives.
  if (terminal.stopping.aborted) throw new UsageError("Stopped before all incidents were read. Nothing was proposed");
  return stored;
}

/** The rule's overlay, or the place for one; `isOwn` is false for a rule file that shares its folder with others. */
function overlayOf(files: RuleFiles): { readonly overlay: TextFile; readonly isOwn: boolean } {
  const folder = dirname(files.rule.name);
  const isOwn = files.overlay !== undefined || files.rule.name.endsWith("rule.yaml") || files.guide !== undefined;
  return { overlay: files.overlay ?? { name: join(folder, "overlay.yaml"), text: "" }, isOwn };
}

async function write(
  { name, text }: TextFile,
  isOwn: boolean,
  { files, proposal }: { readonly files: RuleFiles; readonly proposal: Proposal },
): Promise<void> {
  if (!isOwn)
    throw new UsageError(`${files.rule.name} has no folder of its own for an overlay. Make one with: npx pimwatch new`);
  if (proposal.overlay === undefined)
    throw new UsageError(
      `${name} was not changed: it has this condition already, or its list of exclusions is not one entry to a line. Add the lines by hand`,
    );
  try {
    // If somebody has changed the file meanwhile, that change is kept.
    const isNew = files.overlay === undefined;
    if (!isNew && (await readFile(name, "utf8")) !== text)
      throw new UsageError(`${name} has changed meanwhile, so it was not written. Run the command again`);
    await writeFile(name, proposal.overlay, isNew ? { flag: "wx" } : {});
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${name}: ${fileReason(error) ?? "the file cannot be written"}`, { cause: error });
  }
}

interface Shown {
  readonly options: TuneOptions;
  readonly terminal: Terminal;
  /** The overlay's file. */
  readonly overlay: string;
}

function reportText({ rule, files }: SourcedRule, tuning: Tuning, { options, terminal, overlay }: Shown): string {
  const { counts, notFound, proposals, refused } = tuning;
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const by = [
    `${counts.benign} false or benign`,
    counted(counts.true, "true positive"),
    `${counts.undetermined} undetermined`,
    `${counts.open} open`,
  ];
  const parts = [
    `${visible(rule.name)} (${visible(files.name)}): ${counted(total, "incident")}: ${by.join(", ")}`,
    ...(notFound > 0
      ? [`${counted(notFound, "more incident")} not counted: the rule as it is now does not find them`]
      : []),
  ];
  const sections = [
    ...proposals.map((proposal, index) => proposalText(proposal, index + 1, { benign: counts.benign, terminal })),
    ...refused.map((refusal) => refusalText(refusal, terminal)),
    ...(proposals.length === 0 ? [nothingText(tuning, options)] : []),
  ];
  const wrote = options.write === true && proposals.length > 0;
  const add =
    wrote || proposals.length === 0
      ? []
      : [`add   the lines of one proposal to ${visible(overlay)}, or the first with --write`];
  const name = quoted(files.name);
  const next = `next  npx pimwatch test ${name} && npx pimwatch lint ${quoted(nearby(dirname(files.rule.name)))}`;
  return `${[parts.join("\n"), ...sections, [...add, ...(proposals.length === 0 ? [] : [next])].join("\n")].filter((part) => part !== "").join("\n\n")}\n`;
}

function proposalText(
  { removed, remaining, cautions, yaml }: Proposal,
  number: number,
  { benign, terminal }: { readonly benign: number; readonly terminal: Terminal },
): string {
  const covered = removed.filter(({ verdict }) => verdict === "benign").length;
  const head = `Proposal ${number} would have removed ${covered} of ${counted(benign, "false or benign incident")} and no true positive; ${counted(remaining, "incident remains", "incidents remain")}`;
  const warnings = cautions.map((text) =>
    wrapped(`  ${painted("caution", "doubtful", terminal)}  ${visible(text)}`, terminal.columns, 11),
  );
  const lines = yaml
    .trimEnd()
    .split("\n")
    .map((line) => `    ${line}`);
  return [head, ...removed.map((one) => incidentLine(one, terminal)), ...warnings, "", ...lines].join("\n");
}

function refusalText({ condition, truePositives }: Refusal, terminal: Terminal): string {
  const count = counted(truePositives.length, "true positive");
  const head = `${painted("Refused", "bad", terminal)}, since it would have removed ${count}: ${visible(condition)}`;
  return [head, ...truePositives.map((one) => incidentLine(one, terminal))].join("\n");
}

/** Time, priority, what the analyst called it, actor and id. */
function incidentLine({ incident, verdict }: FoundAgain, terminal: Terminal): string {
  const shown = (column: string): string => visible(textOf(incident, column));
  const priority = shown("Priority").padEnd(2);
  const called = verdict === "open" ? shown("Status") : shown("Classification") || "Undetermined";
  return [
    `  ${secondOf(shown("ActivityDateTime"))}`,
    painted(
      priority,
      PRIORITIES.find((known) => known === priority),
      terminal,
    ),
    called.padEnd(14),
    shown("IncidentId").slice(0, SHORT_ID),
    shown("InitiatedBy") || "(nobody named)",
  ].join("  ");
}

function nothingText({ counts, refused }: Tuning, { when }: TuneOptions): string {
  if (when !== undefined || refused.length > 0) return "No proposal: what would remove them would hide a true positive";
  if (counts.benign < LEAST_INCIDENTS)
    return `No proposal: it takes at least ${LEAST_INCIDENTS} incidents that were closed as FalsePositive or BenignPositive`;
  return "No proposal: the false and benign incidents have no actor, application, target or address in common";
}

/** For programs. */
function document({ rule, files }: SourcedRule, { proposals, refused, ...figures }: Tuning, written: string | null) {
  const incident = ({ incident: row, verdict }: FoundAgain) => ({
    incidentId: row["IncidentId"],
    time: row["ActivityDateTime"],
    priority: row["Priority"],
    actor: row["InitiatedBy"],
    status: row["Status"],
    classification: row["Classification"],
    verdict,
  });
  return {
    rule: files.name,
    ruleId: rule.id,
    ...figures,
    proposals: proposals.map(({ exclusion: { condition, because }, removed, remaining, cautions, yaml }) => ({
      when: condition,
      because,
      yaml,
      removed: removed.map(incident),
      remaining,
      cautions,
    })),
    refused: refused.map(({ condition, truePositives }) => ({
      when: condition,
      truePositives: truePositives.map(incident),
    })),
    written,
  };
}
