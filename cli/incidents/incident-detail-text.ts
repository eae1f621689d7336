import { valueText } from "../../src/core/value-text.ts";
import { isRecord } from "../../src/core/event/event-body.ts";
import type { IncidentRow } from "../../src/core/incident/incident-row.ts";
import type { Json } from "../../src/kql/run/values.ts";
import type { HistoryEntry } from "../../src/core/triage/triage-change.ts";
import type { Burst } from "../../src/workflows/incidents/summarize-incidents.ts";
import { wrapped } from "../line-width.ts";
import type { Terminal } from "../terminal.ts";
import { incidentText, textOf } from "./incident-text.ts";
import { visible } from "../../src/core/visible-text.ts";

interface WholeIncident {
  readonly row: IncidentRow;
  /** The audit record as JSON text. */
  readonly record: string;
  /** Oldest first. */
  readonly history: readonly HistoryEntry[];
  readonly burst: Burst | null;
}

/** One incident as text: as printed everywhere, then the events that it is made of, each setting, the response, the history and the record. */
export function incidentDetail(
  { row, record, history, burst }: WholeIncident,
  terminal: Pick<Terminal, "color" | "columns">,
): string {
  const fitting = (line: string, indent: number): string =>
    wrapped(line, terminal.columns && terminal.columns - 4, indent);
  const parts: (readonly [title: string, lines: readonly string[]])[] = [
    ["Evidence", evidenceOf(row).map((line) => fitting(line, 4))],
    ["Settings", changesOf(row).map((line) => fitting(line, SETTING))],
    ["Response", visibleLines(textOf(row, "RemediationSteps"))],
    [
      "History",
      [
        `${textOf(row, "DetectedTime")}  pimwatch found it`,
        ...history.flatMap(historyLines).map((line) => fitting(line, 4)),
      ],
    ],
    ["Record", [visible(record)]],
  ];
  const sections = parts
    .filter(([, lines]) => lines.length > 0)
    // A command to copy and the record must not be broken.
    .map(
      ([title, lines]) =>
        `${title}\n${lines
          .flatMap((line) => line.split("\n"))
          .map((line) => `    ${line}\n`)
          .join("")}`,
    );
  return [`${incidentText(row, terminal, burst?.count ?? 1)}${stateLine(row)}`, ...sections].join("\n");
}

function stateLine(row: IncidentRow): string {
  const shown = (name: string): string => visible(textOf(row, name));
  const parts = [shown("Status"), shown("Classification"), shown("Owner") || "no owner"].filter((part) => part !== "");
  return `    status    ${parts.join(", ")}\n`;
}

/** The events of an incident of several, in order of time. */
function evidenceOf(row: IncidentRow): string[] {
  const records = Array.isArray(row["Evidence"]) ? row["Evidence"].filter(isRecord) : [];
  return records.map((record) => {
    const shown = (name: string): string => visible(valueText(record[name]));
    const named = (before: string, name: string): string => (shown(name) === "" ? "" : ` ${before} ${shown(name)}`);
    const parts = [named("by", "initiatedBy"), named("on", "target"), named("from", "clientIpAddress")];
    return `${shown("time")}  ${shown("operationName")}${parts.join("")}  ${shown("result")}  ${shown("auditLogId")}`.trimEnd();
  });
}

/** Where the name of a setting begins, behind the effect of its change. */
const SETTING = 16;

function changesOf(row: IncidentRow): string[] {
  const changes = Array.isArray(row["Changes"]) ? row["Changes"] : [];
  const unread = Array.isArray(row["UnrecognizedChanges"]) ? row["UnrecognizedChanges"] : [];
  return [
    ...changes.flatMap(changeLines),
    ...unread.map((sentence) => `not understood  ${visible(typeof sentence === "string" ? sentence : "")}`),
  ];
}

function changeLines(change: Json): string[] {
  if (!isRecord(change)) return [];
  const shown = (name: string): string => visible(valueText(change[name]));
  const baselines = Array.isArray(change["baselines"]) ? change["baselines"] : [];
  const ids = baselines.map((baseline) => (isRecord(baseline) ? visible(valueText(baseline["id"])) : ""));
  const values = [shown("oldValue"), shown("newValue")].filter((value) => value !== "").join(" → ");
  return [
    `${shown("effect").padEnd(SETTING - 2)}  ${shown("settingName")}${values === "" ? "" : `: ${values}`}`,
    `${" ".repeat(SETTING)}${shown("reason")}${ids.length === 0 ? "" : ` (${ids.join(", ")})`}`,
  ];
}

function historyLines({ time, by, changes, comment }: HistoryEntry): string[] {
  const what = changes.map(({ field, from, to }) => `${field}: ${visible(from) || "none"} → ${visible(to) || "none"}`);
  const who = `${visible(by.name)}${by.kind === "entra" ? "" : ` (${by.kind})`}`;
  return [[`${time}  ${who}`, ...what].join("  "), ...visibleLines(comment).map((line) => `    ${line}`)];
}

function visibleLines(lines: string): string[] {
  return lines === "" ? [] : lines.split(/\r?\n/).map(visible);
}
