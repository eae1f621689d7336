import { burstWindow } from "../../src/core/incident/burst.ts";
import type { IncidentRow } from "../../src/core/incident/incident-row.ts";
import { PRIORITIES } from "../../src/core/pim-settings/priority.ts";
import { sentencesOf } from "../../src/core/pim-settings/wording/sentences.ts";
import { valueText } from "../../src/core/value-text.ts";
import { visible } from "../../src/core/visible-text.ts";
import { wrapped } from "../line-width.ts";
import { painted, type Terminal } from "../terminal.ts";

/** Enough characters to name one incident among very many. */
export const SHORT_ID = 16;

type Shown = Pick<Terminal, "color" | "columns">;

/**
 * An incident as lines of text: time, urgency, role, change and its meaning, actor, origin.
 *
 * @param burst number of known incidents of its burst, this one included
 */
export function incidentText(incident: IncidentRow, terminal: Shown, burst = 1): string {
  const lines = [
    heading(incident, terminal),
    ...whatItSays(incident),
    ...meaning(incident).map((text) => row("means", text)),
    row("by", actor(incident)),
    ...notes(incident),
    row("from", origin(incident)),
    ...tenant(incident).map((text) => row("tenant", text)),
    ...(burst > 1 ? [row("burst", burstWords(incident, burst))] : []),
    row("result", shown(incident, "Result") || "(none given)"),
    row("record", shown(incident, "AuditLogId") || "(no id)"),
    row("incident", shown(incident, "IncidentId")),
  ];
  return linesText(lines, terminal);
}

/** The short form for lists: time, urgency, role; meaning; actor and origin; state and id. */
export function incidentLines(incident: IncidentRow, terminal: Shown): string {
  const state = [shown(incident, "Status"), shown(incident, "Owner")].filter((part) => part !== "");
  const lines = [
    heading(incident, terminal),
    ...meaning(incident).map((text) => row("means", text)),
    row("by", `${actor(incident)} from ${shown(incident, "ClientIpAddress") || "(no address)"}`),
    ...notes(incident),
    ...tenant(incident).map((text) => row("tenant", text)),
    row("incident", `${shown(incident, "IncidentId").slice(0, SHORT_ID)}  ${state.join(", ")}`),
  ];
  return linesText(lines, terminal);
}

/** Long lines go on below the text of their first line, behind its label. */
function linesText([first = "", ...rows]: readonly string[], { columns }: Shown): string {
  const lines = [wrapped(first, columns, INDENT.length), ...rows.map((line) => wrapped(line, columns, LABEL + 1))];
  return `${lines.join("\n")}\n`;
}

function heading(incident: IncidentRow, terminal: Shown): string {
  const priority = shown(incident, "Priority").padEnd(2);
  return [
    secondOf(shown(incident, "ActivityDateTime")),
    painted(
      priority,
      PRIORITIES.find((known) => known === priority),
      terminal,
    ),
    shown(incident, "Severity").padEnd(8),
    headline(incident),
  ].join("  ");
}

/** The text of the column, unchanged; "" if it is null or not text. */
export function textOf(incident: Readonly<Record<string, unknown>>, column: string): string {
  const value = incident[column];
  return typeof value === "string" ? value : "";
}

function shown(incident: IncidentRow, column: string): string {
  return visible(textOf(incident, column));
}

/** The title, with the target unless the title already has it. */
function headline(incident: IncidentRow): string {
  const title = shown(incident, "IncidentTitle");
  const on = target(incident);
  return title.includes(on) ? title : `${title}: ${on}`;
}

/** The event's own sentences. For a settings change they say what changed; otherwise they are the reason somebody gave. */
function whatItSays(incident: IncidentRow): string[] {
  const sentences = sentencesOf(textOf(incident, "ResultReason")).map(visible);
  const isSettingsChange = textOf(incident, "Effect") !== "";
  if (sentences.length === 0 && !isSettingsChange) return [];
  const [first = "(the event does not say what changed)", ...others] = sentences;
  return [row(isSettingsChange ? "changed" : "reason", first), ...others.map((sentence) => row("", sentence))];
}

/** The effect, the assessment in words and, for a planned change, the ticket. */
function meaning(incident: IncidentRow): string[] {
  const effect = shown(incident, "Effect");
  if (effect === "") return [];
  const direction = effect === "unknown" ? "direction unknown" : effect;
  const ticket = incident["Expected"] === true ? ` (expected: ${shown(incident, "ExpectedTicket")})` : "";
  const said = [direction, shown(incident, "Assessment")].filter((part) => part !== "").join(": ");
  return [`${said}${ticket}`];
}

/** The role and, if it belongs to a group or an Azure scope, the name of that. */
function target(incident: IncidentRow): string {
  const scoped = shown(incident, "RoleScope");
  if (scoped !== "") return scoped;
  const role = shown(incident, "RoleName");
  const name = shown(incident, "TargetResourceName");
  if (role === "" || role === name) return name || role || "(no target)";
  return name === "" ? role : `${role} of ${name}`;
}

function burstWords(incident: IncidentRow, count: number): string {
  const { from, to } = burstWindow(textOf(incident, "BurstId"));
  const [begin, end] = [from, to].map((time) => time.toISOString().slice(11, 16));
  return `${count} incidents by this actor from ${begin} to ${end} UTC`;
}

/** A tenant has a name where there are several. */
function tenant(incident: IncidentRow): string[] {
  const name = shown(incident, "EntraTenantName");
  return name === "" ? [] : [`${name} (${shown(incident, "EntraTenantId")})`];
}

const INDENT = "    ";
/** Width of a label with its indent. */
const LABEL = 13;

function row(label: string, text: string): string {
  return `${`${INDENT}${label}`.padEnd(LABEL)} ${text}`;
}

/** `2026-03-04 09:12:41Z`; a time that is not ISO 8601 is shown unchanged. */
export function secondOf(time: string): string {
  const [, date, second] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)/.exec(time) ?? [];
  return date === undefined || second === undefined ? time || "(no time)" : `${date} ${second}Z`;
}

function actor(incident: IncidentRow): string {
  const name = shown(incident, "InitiatedBy") || "(nobody named)";
  return textOf(incident, "InitiatedByType") === "Application" ? `${name} (application)` : name;
}

/** What to know about the identities beyond their names. Incidents of older versions have none. */
function notes(incident: IncidentRow): string[] {
  const all = Array.isArray(incident["IdentityNotes"]) ? incident["IdentityNotes"] : [];
  return all.map((note) => row("note", visible(valueText(note))));
}

/** Both addresses if they differ: the rule maps one, but PIM often fills only the other. */
function origin(incident: IncidentRow): string {
  const mapped = shown(incident, "InitiatedByIpAddress");
  const client = shown(incident, "ClientIpAddress");
  if (client === "" || client === mapped) return mapped || "(no address)";
  if (mapped === "") return `${client} (from the event's details; the rule's own column is empty)`;
  return `${client} (from the event's details; the rule's own column says ${mapped})`;
}
