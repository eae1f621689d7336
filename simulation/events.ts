import { chance } from "../local/samples/chance.ts";
import { settingsChangeRecord } from "../local/samples/settings-change-record.ts";
import { ALEX, TENANT_ID } from "../local/samples/tenant.ts";
import { readEventBody } from "../src/core/event/event-body.ts";
import { readyRule } from "../src/core/incident/ready-rule.ts";
import type { Rule } from "../src/core/incident/rule.ts";
import { valueText } from "../src/core/value-text.ts";
import { judge } from "../src/workflows/detection/judge-record.ts";
import type { Content } from "./plan.ts";

/** Stands in every event and may stand in no line of the log. */
export const SECRET = "canary-in-the-record";
const START = new Date("2026-03-04T09:00:00Z");
const NOWHERE = { partitionId: null, sequenceNumber: null, enqueuedTime: null };

/** An event for the hub, and what must come of it. */
export interface MadeEvent {
  readonly body: Uint8Array;
  readonly incidentIds: readonly string[];
  /** Its bytes must become a dead letter. */
  readonly isGarbage: boolean;
}

/** Makes the events of a world. What must come of an event is judged here, undisturbed. */
export function eventMaker(known: readonly Rule[]): (content: Content, serial: number) => MadeEvent {
  const rules = known.filter(({ disabled }) => disabled !== true).map(readyRule);
  const deps = { rules, allowedTenantIds: new Set([TENANT_ID]), now: () => START };
  const change = {
    shows: "",
    matches: true,
    roles: [],
    by: ALEX,
    reason: `MFA on activation disabled ${SECRET}`,
  } as const;
  const record = settingsChangeRecord(change, "Global Administrator", START, chance("the event"));
  const template = JSON.stringify({ ...record, properties: { ...record.properties, id: "THE-ID" } });
  const recordOf = (id: string): string => template.replaceAll("THE-ID", id);

  return (content, serial) => {
    const [one, other] = [recordOf(`${serial}-a`), recordOf(`${serial}-b`)];
    const text = {
      match: `{"records":[${one}]}`,
      "two matches": `{"records":[${one},${other}]}`,
      "no match": `{"records":[${one.replace("Update role setting in PIM", "Add member to group")}]}`,
      garbage: `{"records":[${serial} ${SECRET}`,
    }[content];
    const body = Buffer.from(text);
    const { records } = readEventBody(body);
    const found = records.flatMap((source) => judge(source, NOWHERE, deps).found);
    const incidentIds = found.map(({ incident: { row } }) => valueText(row["IncidentId"]));
    return { body, incidentIds, isGarbage: content === "garbage" };
  };
}
