import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  acknowledgementKeys,
  historyKeys,
  incidentIdOf,
  incidentKeys,
  listedKeys,
  outboxKeys,
  recordKeys,
  stateOfKey,
} from "../../../src/azure/tables/row-keys.ts";
import { sha256Hex } from "../../../src/core/json/content-hash.ts";

const [RULE, ID] = ["it's a rule", sha256Hex("sample")];
const ROW = { RuleId: RULE, IncidentId: ID, Revision: 3, ActivityDateTime: "2026-03-04T09:12:00.1234567Z" };
const KEYS = [
  incidentKeys(RULE, ID),
  listedKeys(ROW),
  recordKeys(RULE, ID),
  historyKeys(RULE, ID, 3),
  outboxKeys(ROW, "webhook"),
  acknowledgementKeys(ROW, "webhook"),
];

test("the keys of an incident's rows are those that ARCHITECTURE.md lists", () => {
  const listed = [...readFileSync("ARCHITECTURE.md", "utf8").matchAll(/^\| `([a-z]+\\\|<.*?)` /gm)];
  const written = KEYS.map(({ rowKey }) =>
    rowKey
      .replace(ID, "<id>")
      .replace("webhook", "<sink>")
      .replace(/\d{17}/, "<reverse ms>")
      .replace(/(0000000003|3)$/, "<revision>"),
  );
  expect(written).toEqual(listed.map(([, key = ""]) => key.replaceAll("\\|", "|")));
});

test("every row of an incident is in its rule's partition, and its key names the incident", () => {
  expect(KEYS.map(({ partitionKey, rowKey }) => [partitionKey, incidentIdOf(rowKey)])).toEqual(
    KEYS.map(() => [RULE, ID]),
  );
});

test("the key of an outbox row or acknowledgement names sink, incident and revision", () => {
  for (const { rowKey } of [outboxKeys(ROW, "webhook"), acknowledgementKeys(ROW, "webhook")])
    expect(stateOfKey(rowKey)).toEqual({ sink: "webhook", incidentId: ID, revision: "3" });
});

test("the incident with the later activity has the smaller key in lists; one without a time comes last", () => {
  const keyAt = (time: string) => listedKeys({ ...ROW, ActivityDateTime: time }).rowKey;
  const times = fc.date({ min: new Date("1970-01-02"), max: new Date("9999-12-31"), noInvalidDate: true });
  fc.assert(
    fc.property(times, times, (one, other) => {
      const [a, b] = [keyAt(one.toISOString()), keyAt(other.toISOString())];
      expect(Math.sign(Number(a < b) - Number(a > b))).toBe(Math.sign(one.getTime() - other.getTime()));
      expect(a < keyAt("unknown")).toBe(true);
    }),
  );
});
