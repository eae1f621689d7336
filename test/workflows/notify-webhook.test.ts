import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Azurite, startAzurite } from "../../local/azurite.ts";
import { incidentOutbox, WEBHOOK_SINK } from "../../src/azure/incident-outbox.ts";
import { incidentTable } from "../../src/azure/incident-table.ts";
import { ruleIds } from "../../src/azure/rule-ids.ts";
import { text } from "../../src/core/audit-log.ts";
import type { IncidentRow } from "../../src/core/incident-row.ts";
import { DependencyError } from "../../src/errors.ts";
import { notifyWebhook, sweepWebhook } from "../../src/workflows/notify-webhook.ts";
import { openTable } from "../azure/open-table.ts";
import { RULE_ID, storedIncident } from "../stored-incident.ts";

let azurite: Azurite;
beforeAll(async () => void (azurite = await startAzurite()));
afterAll(() => azurite.close());

/** Of the sample incidents. */
const QUEUED = new Date("2026-03-04T09:12:46.000Z");
const LATER = new Date("2100-01-01");
const NAMES = ["a", "b", "c"];
type Answer = "accepted" | "refused" | "down";

/** A table with three incidents, queued for the webhook as well, and a webhook that answers as told. */
async function prepared(answers: (title: string) => Answer = () => "accepted") {
  const { client } = await openTable(azurite.connectionString);
  const incidents = incidentTable(client, undefined, { otherSinks: [WEBHOOK_SINK] });
  const added = NAMES.map((name) => storedIncident(name, { title: name }));
  await incidents.addAll(added);
  const told: string[] = [];
  let time = 0;
  const deps = {
    ruleIds: ruleIds(client, { running: ["another"] }),
    incidents,
    webhook: {
      outbox: incidentOutbox(client, WEBHOOK_SINK),
      post(row: IncidentRow) {
        const title = text(row["IncidentTitle"]);
        const answer = answers(title);
        if (answer === "down") return Promise.reject(new DependencyError("Webhook", "answered 503"));
        told.push(title);
        return Promise.resolve({ outcome: answer, reason: "answered 400" });
      },
    },
    now: () => new Date((time += 10)),
  };
  return { deps, told, added: added.map(({ row }) => row) };
}

const SWEEP = { queuedBefore: LATER, milliseconds: 60_000 };

describe("a new incident", () => {
  test("is told of once, and leaves its own outbox and not that of Log Analytics", async () => {
    const { deps, told, added } = await prepared();
    expect(await notifyWebhook(added, deps, { milliseconds: 1_000 })).toEqual({ forwarded: 3, refused: 0 });
    expect(told).toEqual(NAMES);
    expect(await deps.webhook.outbox.outboxSize(RULE_ID)).toEqual({ pending: 0, refused: 0 });
    expect(await deps.incidents.outboxSize(RULE_ID)).toEqual({ pending: 3, refused: 0 });
    expect(await sweepWebhook(deps, SWEEP)).toEqual({ forwarded: 0, refused: 0 });
  });

  test("that is refused is marked like other refused rows, and the others go on", async () => {
    const { deps, told, added } = await prepared((title) => (title === "b" ? "refused" : "accepted"));
    expect(await notifyWebhook(added, deps, { milliseconds: 1_000 })).toEqual({ forwarded: 2, refused: 1 });
    expect(told).toEqual(NAMES);
    expect(await deps.webhook.outbox.outboxSize(RULE_ID)).toEqual({ pending: 0, refused: 1 });
    expect(await sweepWebhook(deps, SWEEP)).toEqual({ forwarded: 0, refused: 0 });
  });

  test("waits while the webhook is down, and is told of whole by the sweep", async () => {
    let isDown = true;
    const { deps, told, added } = await prepared((title) => (isDown && title === "b" ? "down" : "accepted"));
    expect(await notifyWebhook(added, deps, { milliseconds: 1_000 })).toEqual({
      forwarded: 1,
      refused: 0,
      stopped: "Webhook: answered 503",
    });
    expect(told).toEqual(["a"]);
    isDown = false;
    expect(await sweepWebhook(deps, { ...SWEEP, queuedBefore: QUEUED })).toEqual({ forwarded: 0, refused: 0 });
    expect(await sweepWebhook(deps, SWEEP)).toEqual({ forwarded: 2, refused: 0 });
    expect(told.toSorted()).toEqual(NAMES);
    expect(await deps.webhook.outbox.outboxSize(RULE_ID)).toEqual({ pending: 0, refused: 0 });
  });
});

test("a slow webhook gets no more than its time; the rest waits", async () => {
  const { deps, told, added } = await prepared();
  expect(await notifyWebhook(added, deps, { milliseconds: 25 })).toEqual({
    forwarded: 2,
    refused: 0,
    stopped: "out of time",
  });
  expect(told).toEqual(["a", "b"]);
});

test("without a webhook nothing is queued and nothing is done", async () => {
  const { client, incidents } = await openTable(azurite.connectionString);
  await incidents.addAll([storedIncident()]);
  expect(await incidentOutbox(client, WEBHOOK_SINK).outboxSize(RULE_ID)).toEqual({ pending: 0, refused: 0 });
  const deps = { ruleIds: () => Promise.resolve([RULE_ID]), incidents, now: () => new Date() };
  expect(await notifyWebhook([storedIncident().row], deps, { milliseconds: 1 })).toEqual({ forwarded: 0, refused: 0 });
  expect(await sweepWebhook(deps, SWEEP)).toEqual({ forwarded: 0, refused: 0 });
});
