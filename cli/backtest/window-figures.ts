import { createHash } from "node:crypto";
import { counted } from "../../src/core/counted.ts";
import { alertTextOf, type AlertText } from "../../src/core/incident/alert-details.ts";
import { namedColumns } from "../../src/core/json/column-json.ts";
import { visible } from "../../src/core/visible-text.ts";
import { jsonText } from "../../src/kql/run/dynamic-text.ts";
import { dateOf } from "../../src/kql/run/time.ts";
import type { WindowRule } from "../../src/core/incident/rule.ts";
import type { SourcedRule } from "../../src/sentinel/compile-rules.ts";
import { rowJson } from "./row-json.ts";
import type { WindowFinding } from "./window-backtest.ts";

const SAMPLES = 3;
/** Remembers this many rows, to count different ones. */
const MAX_ROWS = 1_000_000;
/** Names this many records of a sample. */
const SHOWN_RECORDS = 5;

/** A rule that needs several events, and its files. */
export interface SourcedWindowRule extends SourcedRule {
  readonly rule: WindowRule;
}

interface Figures {
  findings: number;
  early: number;
  readonly instants: Set<bigint>;
  readonly rows: Set<string>;
  readonly samples: WindowFinding[];
}

/** Counts the findings of rules over several events, in bounded memory. */
export function windowFigures() {
  const rules = new Map<string, Figures>();
  const of = (ruleId: string): Figures =>
    rules.get(ruleId) ?? { findings: 0, early: 0, instants: new Set(), rows: new Set(), samples: [] };
  return {
    add(finding: WindowFinding): void {
      const { rule, instant, row, isEarly } = finding;
      const figures = of(rule.id);
      rules.set(rule.id, figures);
      figures.findings += 1;
      if (isEarly) figures.early += 1;
      figures.instants.add(instant);
      if (figures.rows.size < MAX_ROWS) figures.rows.add(createHash("sha256").update(jsonText(row)).digest("base64"));
      if (figures.samples.length < SAMPLES) figures.samples.push(finding);
    },
    /** What the backtest found of a rule, as text. */
    text({ rule, files }: SourcedWindowRule): string {
      const { findings, early, instants, rows, samples } = of(rule.id);
      const several = `over several events, ${rule.window.schedule.text}`;
      const lines = [`${visible(rule.name)} (${files.name}), ${several}: ${counted(findings, "finding")}`];
      if (findings > 0) {
        const earlier = early > 0 ? `; ${early} where the window begins before the archive` : "";
        lines.push(
          `  found    at ${counted(instants.size, "scheduled instant")}, ${counted(rows.size, "different row")}${earlier}`,
        );
      }
      for (const [index, sample] of samples.entries()) lines.push(sampleText(index === 0 ? "samples" : "", sample));
      return `${lines.join("\n")}\n`;
    },
  };
}

function sampleText(label: string, finding: WindowFinding): string {
  const { instant, records, isCut } = finding;
  const shown = records.slice(0, SHOWN_RECORDS).map(({ time, where }) => `${timeText(time)} (${visible(where)})`);
  const rest = records.length - shown.length;
  const more = rest > 0 || isCut ? `, and ${isCut ? "more" : `${rest} more`}` : "";
  const made = shown.length === 0 ? "no record" : `${shown.join(", ")}${more}`;
  return `  ${label.padEnd(8)} ${timeText(instant)}  ${visible(alertOf(finding).title)}, made of ${made}`;
}

/** A finding as one line of JSON. */
export function findingJson(finding: WindowFinding, name: string | undefined): string {
  const { rule, instant, tenant, records, isCut, isEarly, row } = finding;
  const { title, severity } = alertOf(finding);
  const head = {
    rule: name,
    ruleId: rule.id,
    instant: dateOf(instant).toISOString(),
    tenant,
    title,
    severity,
    windowBeginsBeforeArchive: isEarly,
    records: records.map(({ id, time, where }) => ({ id, time: dateOf(time).toISOString(), where })),
    moreRecords: isCut,
  };
  return `${JSON.stringify(head).slice(0, -1)},"row":${rowJson(rule.window.plan.columns, row)}}`;
}

function alertOf({ rule, row }: WindowFinding): AlertText {
  return alertTextOf(rule, namedColumns(rule.window.plan.columns, row));
}

function timeText(ticks: bigint): string {
  return `${dateOf(ticks).toISOString().slice(0, 19)}Z`;
}
