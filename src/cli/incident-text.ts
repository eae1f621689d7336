import type { IncidentRow } from "../core/incident-row.ts";
import { visible } from "./visible-text.ts";

const RESET = "\u001b[0m";
const COLORS: Readonly<Record<string, string>> = {
  High: "\u001b[1;31m",
  Medium: "\u001b[33m",
  Low: "\u001b[36m",
};

/** An incident as lines of text: when, severity, role, what changed, by whom, from where. */
export function incidentText(incident: IncidentRow, { color }: { readonly color: boolean }): string {
  const severity = shown(incident, "Severity").padEnd(8);
  const paint = color ? COLORS[severity.trim()] : undefined;
  const heading = [
    secondOf(shown(incident, "ActivityDateTime")),
    paint === undefined ? severity : `${paint}${severity}${RESET}`,
    `${shown(incident, "IncidentTitle")}: ${target(incident)}`,
  ].join("  ");
  const [firstSentence = "(the event says nothing of what changed)", ...sentences] = sentencesOf(
    textOf(incident, "ResultReason"),
  ).map(visible);
  return [
    heading,
    row("changed", firstSentence),
    ...sentences.map((sentence) => row("", sentence)),
    row("by", actor(incident)),
    row("from", origin(incident)),
    row("result", shown(incident, "Result") || "(none given)"),
    row("record", shown(incident, "AuditLogId") || "(no id)"),
    row("incident", shown(incident, "IncidentId")),
    "",
  ].join("\n");
}

/** The column's text as it came; "" for one that is null or no text. */
export function textOf(incident: Readonly<Record<string, unknown>>, column: string): string {
  const value = incident[column];
  return typeof value === "string" ? value : "";
}

function shown(incident: IncidentRow, column: string): string {
  return visible(textOf(incident, column));
}

/** The role, and what it is a role of where that is something else: a group or an Azure scope. */
function target(incident: IncidentRow): string {
  const role = shown(incident, "RoleName");
  const name = shown(incident, "TargetResourceName");
  if (role === "" || role === name) return name || role || "(no target)";
  return name === "" ? role : `${role} of ${name}`;
}

function row(label: string, text: string): string {
  return `    ${label.padEnd(9)} ${text}`;
}

/** `2026-03-04 09:12:41Z`; a time that is not ISO 8601 is shown as it is. */
function secondOf(time: string): string {
  const [, date, second] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)/.exec(time) ?? [];
  return date === undefined || second === undefined ? time || "(no time)" : `${date} ${second}Z`;
}

function actor(incident: IncidentRow): string {
  const name = shown(incident, "InitiatedBy") || "(nobody named)";
  return textOf(incident, "InitiatedByType") === "Application" ? `${name} (application)` : name;
}

/** Both addresses where they differ: the rule maps one, and PIM often fills only the other. */
function origin(incident: IncidentRow): string {
  const mapped = shown(incident, "InitiatedByIpAddress");
  const client = shown(incident, "ClientIpAddress");
  if (client === "" || client === mapped) return mapped || "(no address)";
  if (mapped === "") return `${client} (from the event's details; the rule's own column is empty)`;
  return `${client} (from the event's details; the rule's own column says ${mapped})`;
}

/** PIM's own opening of such a text. */
const OPENING = /^Setting changes in this session:\s*/;

/*
 * Sentences end with ". ", but names of approvers hold dots too: a full stop ends a sentence only where
 * one of the known beginnings follows.
 */
const NEXT_SENTENCE =
  /(?<=\.)\s+(?=(?:MFA|Approval|Approver settings|Authentication context|CustomExtension_|Justification|Maximum|Notification|Permanently|Requestor settings|Ticket)\b|CustomExtension_)/;

/** The sentences of a PIM settings change, in order; any other text is one sentence. */
export function sentencesOf(reason: string): string[] {
  return reason
    .replace(OPENING, "")
    .split(NEXT_SENTENCE)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== "");
}
