import fc from "fast-check";
import { expect, test } from "vitest";
import { webhookMessage } from "../../../src/core/incident/webhook-message.ts";
import { anyIncidentRow, storedIncident } from "../../stored-incident.ts";

const { row } = storedIncident();

test("a card states priority, change, role, actor and address", () => {
  const card = JSON.parse(
    webhookMessage({ ...row, Priority: "P1", Assessment: "Approval switched off" }, "teams-card"),
  );
  expect(card).toMatchObject({
    type: "message",
    attachments: [{ contentType: "application/vnd.microsoft.card.adaptive" }],
  });
  const lines = card.attachments[0].content.body.map((block: { inlines: { text: string }[] }) =>
    block.inlines.map(({ text }) => text).join(""),
  );
  expect(lines.slice(0, 5)).toEqual([
    "P1 Changes to PIM Settings",
    "What: Approval switched off",
    "Role: Global Administrator",
    "By: alex.rivera@fabrikam.example",
    "From: 203.0.113.24",
  ]);
});

test("a card has what to know about the identities", () => {
  const notes = ["The actor is an agent identity.", "The target t is an agent."];
  const card = webhookMessage({ ...row, IdentityNotes: notes }, "teams-card");
  expect(card).toContain("The actor is an agent identity. The target t is an agent.");
});

test("a card shows values of any record only in text runs, which are not Markdown, and fits Teams", () => {
  fc.assert(
    fc.property(anyIncidentRow(), fc.string({ unit: "binary", maxLength: 3_000 }), (any, text) => {
      const message = webhookMessage({ ...any, InitiatedBy: text, RoleScope: text, Assessment: text }, "teams-card");
      expect(Buffer.byteLength(message)).toBeLessThan(28_000);
      const { body } = JSON.parse(message).attachments[0].content;
      for (const block of body) {
        expect(Object.keys(block)).toEqual(["type", "inlines"]);
        for (const run of block.inlines) expect(run).toMatchObject({ type: "TextRun", text: expect.any(String) });
      }
    }),
  );
});

test("JSON contains the columns that are not empty", () => {
  const { event, id, incident } = JSON.parse(webhookMessage({ IncidentId: "x", Owner: "", ClosedTime: null }, "json"));
  expect({ event, id, incident }).toEqual({
    event: "incident.created",
    id: "x",
    incident: { IncidentId: "x", Owner: "" },
  });
});
