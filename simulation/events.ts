import { chance } from "../local/samples/chance.ts";
import { settingsChangeRecord } from "../local/samples/settings-change-record.ts";
import { ALEX, TENANT_ID } from "../local/samples/tenant.ts";
import { readEventBody } from "../src/core/event/event-body.ts";
import { sha256Hex } from "../src/core/json/content-hash.ts";
import { oncePer } from "../src/core/once-per.ts";
import { readyRule } from "../src/core/incident/ready-rule.ts";
import type { Rule } from "../src/core/incident/rule.ts";
import { valueText } from "../src/core/value-text.ts";
import type { WindowRecord } from "../src/core/window/kept-record.ts";
import { judge } from "../src/workflows/detection/judge-record.ts";
import type { Content } from "./plan.ts";
import { poisonId } from "./poison.ts";
import { windowRecordOf } from "./window-findings.ts";

/** Stands in every event and may stand in no line of the log. */
export const SECRET = "canary-in-the-record";
const START = new Date("2026-03-04T09:00:00Z");
/** From the time of one event's records to that of the next. */
const APART_MS = 40_000;
/** Every other event comes so late that rules over several events have been evaluated at its time. */
const LATE_MS = 30 * 60_000;
const NOWHERE = { partitionId: null, sequenceNumber: null, enqueuedTime: null };

/** An incident that must come of an event, and the dead letter that its record is if the table refuses it. */
interface ExpectedIncident {
  readonly id: string;
  readonly letter: string;
}

/** An event for the hub, and what must come of it. Dead letters have the sha256 of their bytes as names. */
export interface MadeEvent {
  readonly body: Uint8Array;
  /** Its records, as a rule over several events reads them, without the one that kills. */
  readonly records: readonly WindowRecord[];
  readonly incidents: readonly ExpectedIncident[];
  /** The parts that must become dead letters. */
  readonly letters: readonly string[];
  /** The parts that become dead letters if workers die again and again while they process one of them alone. */
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
  const templateAt = (time: Date): string => {
    const record = settingsChangeRecord(change, "Global Administrator", time, chance("the event"));
    return JSON.stringify({ ...record, properties: { ...record.properties, id: "THE-ID" } });
  };
  const twinOf = (written: string): string => written.replace("MFA on activation", "Approval");

  return (content, serial) => {
    const lateness = serial % 2 === 0 ? 0 : LATE_MS;
    const template = templateAt(new Date(START.getTime() + serial * APART_MS - lateness));
    const recordOf = (id: string): string => template.replaceAll("THE-ID", id);
    const [one, other, poison] = [recordOf(`${serial}-a`), recordOf(`${serial}-b`), recordOf(poisonId(serial))];
    const text = {
      match: `{"records":[${one}]}`,
      "two matches": `{"records":[${one},${other}]}`,
      "no match": `{"records":[${one.replace("Update role setting in PIM", "Add member to group")}]}`,
      garbage: `{"records":[${serial} ${SECRET}`,
      repeated: `{"records":[${one},${one}]}`,
      twins: `{"records":[${one},${twinOf(one)}]}`,
      poison: `{"records":[${one},${poison},${other}]}`,
    }[content];
    const body = Buffer.from(text);
    const { records } = readEventBody(body);
    const isPoison = (index: number): boolean => content === "poison" && index === 1;
    const incidents = new Map<string, ExpectedIncident>();
    const letters = content === "garbage" ? [sha256Hex(body)] : [];
    for (const [index, source] of records.entries()) {
      const letter = sha256Hex(source.bytes());
      const found = judge(source, NOWHERE, deps).found.map(({ incident: { row } }) => valueText(row["IncidentId"]));
      // Of two records with one id, the second is kept as a dead letter, unless it says the same.
      const isTwin = found.some((id) => (incidents.get(id)?.letter ?? letter) !== letter);
      if (isTwin || isPoison(index)) letters.push(letter);
      else for (const id of found) incidents.set(id, { id, letter });
    }
    const mayBeLetters = [sha256Hex(body), ...records.map((source) => sha256Hex(source.bytes()))];
    return {
      body,
      records: records
        .filter((_, index) => !isPoison(index))
        .flatMap((source) => windowRecordOf(source, START.getTime()) ?? []),
      incidents: [...incidents.values()],
      letters,
      mayBeLetters,
    };
  };
}
