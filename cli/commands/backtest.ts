import { counted } from "../../src/core/counted.ts";
import type { SourcedRule } from "../../src/sentinel/compile-rules.ts";
import { UsageError } from "../../src/errors.ts";
import type { RuleFigures } from "../backtest/backtest-figures.ts";
import { backtestMeter } from "../backtest/backtest-meter.ts";
import { byteRate, type BacktestRates } from "../backtest/backtest-rates.ts";
import type { BacktestCounts } from "../backtest/backtest-run.ts";
import { command, wholeNumber } from "../command.ts";
import { safeJson } from "../json-line.ts";
import { EVENT_FILES_HELP } from "../event-files/forms-help.ts";
import { visible } from "../../src/core/visible-text.ts";

export const backtest = command({
  name: "backtest",
  summary: "Runs rules over exported history, without sending or storing anything.",
  operands: "[options] FILE...",
  options: {
    rules: { type: "string", value: "PATH", help: "folder of rules, or one rule's folder or file (default: rules)" },
    rule: { type: "string", value: "NAME", help: "only this rule of the folder, by name or id" },
    all: { type: "boolean", help: "also run rules that their overlay switches off" },
    json: { type: "boolean", help: "print each result row as one line of JSON on stdout, all else on stderr" },
    "no-scan": {
      type: "boolean",
      help: "read and count every record, as with SCAN_EVENTS=false",
    },
    top: { type: "string", value: "N", help: "how many actors and days to print for each rule (default 5)" },
  },
  notes: `${EVENT_FILES_HELP}
Files of any size are streamed.

The rules run with the code of the function app, exclusions included. A record that appears again is the same incident.
--json prints {"rule", "ruleId", "incidentId", "title", "severity", "where", "row"} for each finding, also for a record
that appears again. row holds all columns of the result, in the query's order.

As in the app, a scan skips events that contain none of the literals that a match must contain. Their records are not
counted, and malformed parts of them are not reported. --no-scan reads every event and finds the same incidents. If a
rule has no such literal, the scan is off for all rules, and stderr says so.

A rule that needs several events runs as in Sentinel: at each scheduled instant (a multiple of queryFrequency since
1970, UTC), over the records of one tenant in the queryPeriod before it, each record once. So a finding is a result row
at an instant, and the same events can be found again at a later one. Files can come in any order; the records that such
rules can depend on are sorted by time first. For such a finding --json prints {"rule", "ruleId", "instant", "tenant",
"title", "severity", "windowBeginsBeforeArchive", "records", "moreRecords", "row"}; records are the audit records that
the row is made of. If the window begins before the archive, history is missing, and a rule that compares with history
finds too much.

Anything read that is not a record is counted and reported on stderr.`,
  exitCodes: {
    0: "everything was read",
    1: "a rule does not compile or is stopped at a limit (the others run), or Ctrl-C ended it early",
    2: "no record of a file is understood",
  },
  async run({ values, operands }, terminal) {
    if (operands.length === 0) throw new UsageError("No FILE given. Usage: pimwatch backtest [options] FILE...");
    const top = wholeNumber("top", values.top, { min: 1, max: 1_000 }) ?? 5;
    const [
      { chosenRules },
      { listEventFiles, misreadFiles, readEventBlocks },
      { backtest: run },
      { backtestFigures, OTHERS },
      { rowJson },
      { windowRun },
    ] = await Promise.all([
      import("../rules/chosen-rules.ts"),
      import("../event-files/event-files.ts"),
      import("../backtest/backtest-run.ts"),
      import("../backtest/backtest-figures.ts"),
      import("../backtest/row-json.ts"),
      import("../backtest/window-run.ts"),
    ]);
    const [{ hasWindow }, { readyRule }, { ruleScan }, { formatProblem }] = await Promise.all([
      import("../../src/core/incident/rule.ts"),
      import("../../src/core/incident/ready-rule.ts"),
      import("../../src/core/scan/rule-scan.ts"),
      import("../../src/kql/compile/problem.ts"),
    ]);
    const named = values.rule === undefined ? [] : [values.rule];
    const compiled = await chosenRules(values.rules ?? terminal.rules, named, terminal);
    const { problems } = compiled;
    for (const problem of problems) terminal.note(visible(formatProblem(problem)));
    const isWrong = problems.some(({ level }) => level === "error");
    const isChosen = ({ rule }: SourcedRule): boolean =>
      values.all === true || named.length > 0 || rule.disabled !== true;
    const all = compiled.sourced.filter(isChosen);
    const chosen = all.filter(({ rule }) => !hasWindow(rule));
    const windowed = all.flatMap(({ rule, files: own }) => (hasWindow(rule) ? [{ rule, files: own }] : []));
    if (all.length === 0)
      throw new UsageError(
        "No rule is left to run. Correct the rules named above, or add --all to run rules that are switched off",
      );
    const names = new Map(all.map(({ rule, files }) => [rule.id, files.name]));
    const figures = backtestFigures();
    const files = await listEventFiles(operands);
    const search = values["no-scan"] === true ? undefined : ruleScan(all.map(({ rule }) => rule));
    const scan = search?.scan;
    if (search !== undefined && scan === undefined) terminal.note(`pimwatch: ${visible(search.summary)}`);
    const windows = windowRun(windowed, { isJson: values.json === true, names, terminal });
    const meter = backtestMeter(terminal, files, { withScan: scan !== undefined });
    const misread = misreadFiles(terminal);
    const counts = await run(
      readEventBlocks(operands, misread.report),
      { rules: chosen.map(({ rule }) => readyRule(rule)), scan },
      {
        ...(windowed.length > 0 && { event: windows.event, read: windows.add }),
        found(found, where) {
          const outcome = figures.add(found, where);
          if (values.json !== true) return outcome;
          const { match, incident } = found;
          const head = {
            rule: names.get(match.rule.id),
            ruleId: match.rule.id,
            incidentId: incident.row["IncidentId"],
            title: incident.row["IncidentTitle"],
            severity: incident.row["Severity"],
            where,
          };
          const row = rowJson(match.rule.plan.columns, match.resultRow);
          terminal.out(`${safeJson(`${JSON.stringify(head).slice(0, -1)},"row":${row}}`)}\n`);
          return outcome;
        },
        unreadable: (where, reason) => terminal.note(`pimwatch: ${visible(where)}: ${visible(reason)}`),
        progress: (so, file) => {
          meter.show(so, file);
          return terminal.stopping.aborted;
        },
      },
    );
    const rates = meter.rates(counts);
    const isWhole = await windows.finish();
    const say = (text: string): void => (values.json === true ? terminal.note(text) : terminal.out(`${text}\n`));
    for (const each of chosen)
      say(ruleText(each, figures.of(each.rule.id), (ofKeys, what) => ranked(ofKeys, { top, others: OTHERS, what })));
    for (const text of windows.texts()) say(text);
    say(countsText(counts, rates, scan !== undefined));
    if (terminal.stopping.aborted) terminal.note("pimwatch: stopped before all events were read");
    return misread.exitCode(isWrong || !isWhole || terminal.stopping.aborted ? 1 : 0);
  },
});

function countsText(counts: BacktestCounts, rates: BacktestRates, withScan: boolean): string {
  const { events, skippedByScan, received, matched, recordsSkippedByScan, otherCategory, deadLettered, bytes } = counts;
  const size = `${(bytes / 1_000_000).toFixed(1)} MB`;
  const rest = `${counted(otherCategory, "record")} of other categories; ${counted(deadLettered, "record")} would be dead letters`;
  if (!withScan) {
    return [
      `read     ${counted(events, "event")} with ${counted(received, "record")}, ${size}, ${rates.records.toFixed(0)} records/s, ${byteRate(rates.bytes)}`,
      `matched  ${counted(matched, "record")}; ${rest}`,
    ].join("\n");
  }
  return [
    `read     ${counted(events, "event")}, ${size}, ${byteRate(rates.bytes)}; the scan skipped ${counted(skippedByScan, "event")}`,
    `matched  ${matched} of ${counted(received, "record")} in the other ${counted(events - skippedByScan, "event")}; the scan skipped ${counted(recordsSkippedByScan, "record")}; ${rest}`,
  ].join("\n");
}

function ruleText(
  { rule, files }: SourcedRule,
  figures: RuleFigures,
  rank: (counts: ReadonlyMap<string, number>, what: string) => string,
): string {
  const repeated = figures.matches - figures.incidents;
  const lines = [
    `${visible(rule.name)} (${files.name}): ${counted(figures.incidents, "incident")}${repeated > 0 ? `, ${counted(repeated, "repeated finding")}` : ""}`,
  ];
  if (figures.incidents > 0) {
    lines.push(`  days     ${rank(figures.days, "day")}`, `  actors   ${rank(figures.actors, "actor")}`);
    for (const [index, { time, title, actor, where }] of figures.samples.toSorted(oldestFirst).entries()) {
      const label = index === 0 ? "samples" : "";
      lines.push(
        `  ${label.padEnd(8)} ${time.slice(0, 19)}Z  ${visible(title)}, by ${visible(actor)} (${visible(where)})`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

function oldestFirst({ time: left }: { readonly time: string }, { time: right }: { readonly time: string }): number {
  return left < right ? -1 : Number(left > right);
}

interface Ranking {
  readonly top: number;
  /** The key that stands for all further ones. */
  readonly others: string;
  readonly what: string;
}

/** The keys with the highest counts; equal counts in order of the key. */
function ranked(counts: ReadonlyMap<string, number>, { top, others, what }: Ranking): string {
  const order = [...counts].toSorted(
    ([left, many], [right, few]) => few - many || (left < right ? -1 : Number(left > right)),
  );
  const named = order.filter(([key]) => key !== others).slice(0, top);
  const rest = counts.size - named.length;
  const shown = named.map(([key, count]) => `${visible(key) || "(no time)"} (${counted(count, "incident")})`);
  return `${shown.join(", ")}${rest > 0 ? `, and ${counted(rest, `more ${what}`)}` : ""}`;
}
