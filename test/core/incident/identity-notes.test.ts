import { describe, expect, test } from "vitest";
import { actorOf } from "../../../src/core/event/audit-activity.ts";
import { identityNotesOf } from "../../../src/core/incident/identity-notes.ts";
import type { Json } from "../../../src/kql/run/values.ts";
import { settingsChange } from "../../samples.ts";

const UPN = "alex.rivera@fabrikam.example";
const BLUEPRINT = "9a8b7c6d-5e4f-4031-8213-a4b5c6d7e8f9";

function notesOf(fields: Record<string, Json | undefined>, properties: Record<string, Json | undefined> = {}) {
  const record = settingsChange(fields, properties);
  return identityNotesOf(record, actorOf(record));
}

// The trace of an actor token: https://dirkjanm.io/obtaining-global-admin-in-every-entra-id-tenant-with-actor-tokens/
describe("a person with the display name of a Microsoft service", () => {
  const user = (displayName: Json, userPrincipalName: Json = UPN): Json => ({
    user: { id: "u-1", displayName, userPrincipalName },
  });

  test("is shown with both names", () => {
    const { nameMismatch, notes } = notesOf({}, { initiatedBy: user("Office 365 Exchange Online") });
    expect(nameMismatch).toBe(true);
    expect(notes).toEqual([
      `The principal name of the actor is ${UPN}, but the display name is that of the Microsoft service Office 365 Exchange Online. ` +
        "A service acted as this person, as with the actor tokens of CVE-2025-55241. Ask the person.",
    ]);
  });

  test.each<{ why: string; initiatedBy: Json; identity?: string }>([
    { why: "in another case and between blanks", initiatedBy: user(" office 365 sharepoint online ") },
    { why: "that only the field identity has", initiatedBy: user(null), identity: "Dataverse" },
    { why: "of another service", initiatedBy: user("Microsoft Substrate Management") },
  ])("is noticed $why", ({ initiatedBy, identity = "Alex Rivera" }) => {
    expect(notesOf({ identity }, { initiatedBy }).nameMismatch).toBe(true);
  });

  test.each<{ why: string; initiatedBy: Json; operationName?: string }>([
    { why: "has their own name", initiatedBy: user("Alex Rivera") },
    { why: "has no display name", initiatedBy: user(null) },
    { why: "has a name that only contains a service's", initiatedBy: user("Dataverse Team") },
    {
      why: "has an account that is named after the service",
      initiatedBy: user("Dataverse", "svc-dataverse@x.example"),
    },
    { why: "has no principal name", initiatedBy: user("Office 365 Exchange Online", null) },
    { why: "is an application", initiatedBy: { app: { displayName: "Office 365 Exchange Online" } } },
    {
      why: "changes a group, as Exchange does for people",
      initiatedBy: user("Office 365 Exchange Online"),
      operationName: "Add member to group",
    },
    {
      why: "changes a feature of the directory",
      initiatedBy: user("Office 365 Exchange Online"),
      operationName: "Set directory feature on tenant",
    },
  ])("there is nothing to say if the actor $why", ({ initiatedBy, operationName = "Add member to role" }) => {
    expect(notesOf({ operationName }, { initiatedBy })).toEqual({ nameMismatch: false, agentTargets: [], notes: [] });
  });
});

// https://learn.microsoft.com/entra/agent-id/sign-in-audit-logs-agents
describe("an AI agent", () => {
  const app = (fields: Record<string, Json>): Json => ({ app: { displayName: "Helper", ...fields } });

  test.each<{ who: string; initiatedBy: Json; performedBy?: Json; note: string | undefined }>([
    {
      who: "an agent identity",
      initiatedBy: app({ agentType: "agenticAppInstance", blueprintId: BLUEPRINT }),
      note: `The actor is an agent identity of blueprint ${BLUEPRINT}.`,
    },
    {
      who: "the user account of an agent, whose blueprint only performedBy names",
      initiatedBy: { user: { userPrincipalName: UPN, agentType: "agentIDuser" } },
      performedBy: { agentType: "agenticAppInstance", appId: "a-1", blueprintId: BLUEPRINT },
      note: `The actor is the user account of an agent of blueprint ${BLUEPRINT}.`,
    },
    {
      who: "an agent that acts for a person",
      initiatedBy: { user: { userPrincipalName: UPN, agentType: "notAgentic" } },
      performedBy: { agentType: "agenticAppInstance", blueprintId: BLUEPRINT },
      note: `The actor is an agent identity of blueprint ${BLUEPRINT}.`,
    },
    {
      who: "a blueprint",
      initiatedBy: app({ agentType: "AgenticApp", blueprintId: null }),
      note: "The actor is an agent identity blueprint.",
    },
    {
      who: "a type that Graph does not name",
      initiatedBy: app({ agentType: "unknownFutureValue" }),
      note: "The actor is an agent.",
    },
    { who: "a new type", initiatedBy: app({ agentType: "swarm" }), note: "The actor is an agent of type swarm." },
    {
      who: "a blueprint id without a type",
      initiatedBy: app({ blueprintId: BLUEPRINT }),
      note: `The actor is an agent of blueprint ${BLUEPRINT}.`,
    },
    { who: "an application", initiatedBy: app({ agentType: "notAgentic", blueprintId: "" }), note: undefined },
    {
      who: "an application with an empty blueprint id",
      initiatedBy: app({ blueprintId: "00000000-0000-0000-0000-000000000000" }),
      note: undefined,
    },
  ])("as the actor: $who", ({ initiatedBy, performedBy, note }) => {
    expect(notesOf({}, { initiatedBy, performedBy }).notes).toEqual(note === undefined ? [] : [note]);
  });

  test("as a target, wherever it stands among the targets", () => {
    const agent = { id: "t-1", displayName: null, userPrincipalName: "bot@fabrikam.example", agentType: "agentIDuser" };
    const targetResources = [
      { type: "Role", id: "r-1", displayName: "Security Administrator" },
      { type: "User", ...agent },
      { type: "ServicePrincipal", id: "t-2", agentType: "agenticAppInstance", blueprintId: BLUEPRINT },
    ];
    expect(notesOf({}, { targetResources })).toMatchObject({
      agentTargets: [
        { name: "bot@fabrikam.example", id: "t-1", agentType: "agentIDuser", blueprintId: "" },
        { name: "", id: "t-2", agentType: "agenticAppInstance", blueprintId: BLUEPRINT },
      ],
      notes: [
        "The target bot@fabrikam.example is the user account of an agent.",
        `The target t-2 is an agent identity of blueprint ${BLUEPRINT}.`,
      ],
    });
  });
});
