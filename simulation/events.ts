import { chance } from "../local/samples/chance.ts";
import { settingsChangeRecord } from "../local/samples/settings-change-record.ts";
import { ALEX, TENANT_ID } from "../local/samples/tenant.ts";
import { type ReadRecord, readEventBody } from "../src/core/event/event-body.ts";
import { sha256Hex } from "../src/core/json/content-hash.ts";
import { oncePer } from "../src/core/once-per.ts";
import { readyRule } from "../src/core/incident/ready-rule.ts";
import type { Rule } from "../src/core/incident/rule.ts";
import { valueText } from "../src/core/value-text.ts";
import { judge } from "../src/workflows/detection/judge-record.ts";
import type { Content } from "./plan.ts";
import { poisonId } from "./poison.ts";

/** Stands in every event and may stand in no line of the log. */
export const SECRET = "canary-in-the-record";
const START = new Date("2026-03-04T09:00:00Z");
const NOWHERE = { partitionId: null, sequenceNumber: null, enqueuedTime: null };

/** An event for the hub, and what must come of it. */
export interface MadeEvent {
  readonly body: Uint8Array;
  readonly incidentIds: readonly string[];
  /** What of it must become a dead letter: the names of the letters, each the sha256 of its bytes. */
  readonly letters: readonly string[];
  /** What of it becomes a dead letter if workers die again and again while they process just this. */
  readonly mayBeLetters: readonly string[];
}

type EventMaker = (content: Content, serial: number) => MadeEvent;

/** Makes the events of a world. What must come of an event is judged here, undisturbed, and once for all worlds. */
export const eventMaker = oncePer((known: readonly Rule[]): EventMaker => {
  const made = new Map<string, MadeEvent>();
  const make = newEventMaker(known);
  return (content, serial) => {
    const key = `${serial} ${content}`;
    const event = made.get(key) ?? make(content, serial);
    made.set(key, event);
    return event;
  };
});

function newEventMaker(known: readonly Rule[]): EventMaker {
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
    const [one, other, poison] = [recordOf(`${serial}-a`), recordOf(`${serial}-b`), recordOf(poisonId(serial))];
    const text = {
      match: `{"records":[${one}]}`,
      "two matches": `{"records":[${one},${other}]}`,
      "no match": `{"records":[${one.replace("Update role setting in PIM", "Add member to group")}]}`,
      garbage: `{"records":[${serial} ${SECRET}`,
      poison: `{"records":[${one},${poison},${other}]}`,
    }[content];
    const body = Buffer.from(text);
    const { records } = readEventBody(body);
    const nameOf = (bytes: Uint8Array): string => sha256Hex(bytes);
    const isPoison = (source: ReadRecord): boolean => content === "poison" && source === records[1];
    const found = records.flatMap((source) => (isPoison(source) ? [] : judge(source, NOWHERE, deps).found));
    return {
      body,
      incidentIds: found.map(({ incident: { row } }) => valueText(row["IncidentId"])),
      letters:
        content === "garbage" ? [nameOf(body)] : records.filter(isPoison).map((source) => nameOf(source.bytes())),
      mayBeLetters: [nameOf(body), ...records.map((source) => nameOf(source.bytes()))],
    };
  };
}
