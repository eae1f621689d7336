import { valueText } from "../value-text.ts";
import type { IncidentRow } from "./incident-row.ts";
import { visible } from "../visible-text.ts";

export const WEBHOOK_FORMATS = ["json", "teams-card"] as const;
export type WebhookFormat = (typeof WEBHOOK_FORMATS)[number];

/** Teams accepts 28 KB: https://learn.microsoft.com/microsoftteams/platform/bots/how-to/format-your-bot-messages */
const MAX_FIELD = 1_500;

/** The message to a webhook about a new incident, as JSON text. */
export function webhookMessage(row: IncidentRow, format: WebhookFormat): string {
  return JSON.stringify(format === "json" ? jsonMessage(row) : teamsMessage(row));
}

function jsonMessage(row: IncidentRow): object {
  const incident = Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null));
  return { event: "incident.created", id: valueText(row["IncidentId"]), incident };
}

/**
 * An Adaptive Card for a workflow in Teams. Values from the record go into text runs, which are not Markdown: a role named
 * like a link stays text.
 *
 * @see https://adaptivecards.io/explorer/TextRun.html
 */
function teamsMessage(row: IncidentRow): object {
  const of = (name: string): string => shown(valueText(row[name]));
  const lines: (readonly [label: string, value: string])[] = [
    ["Tenant", of("EntraTenantName")],
    ["What", of("Assessment") || of("ResultReason")],
    ["Role", of("RoleScope") || of("RoleName")],
    ["By", of("InitiatedBy")],
    ["Note", shown(notesOf(row).join(" "))],
    ["From", of("ClientIpAddress")],
    ["Result", of("Result")],
    ["When", of("ActivityDateTime")],
    ["Incident", of("IncidentId")],
  ];
  const content = {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
    msteams: { width: "Full" },
    body: [
      paragraph([
        { text: `${of("Priority")} `, weight: "bolder", color: of("Priority") === "P1" ? "attention" : "default" },
        { text: of("IncidentTitle"), weight: "bolder" },
      ]),
      ...lines
        .filter(([, value]) => value !== "")
        .map(([label, value]) => paragraph([{ text: `${label}: `, isSubtle: true }, { text: value }])),
    ],
  };
  return {
    type: "message",
    attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", contentUrl: null, content }],
  };
}

function notesOf(row: IncidentRow): string[] {
  const notes = row["IdentityNotes"];
  return Array.isArray(notes) ? notes.map(valueText) : [];
}

function paragraph(runs: readonly object[]): object {
  return { type: "RichTextBlock", inlines: runs.map((run) => ({ type: "TextRun", ...run })) };
}

function shown(value: string): string {
  return visible(value.length > MAX_FIELD ? `${value.slice(0, MAX_FIELD)} …` : value);
}
